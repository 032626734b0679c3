package legacy

import "github.com/patchbay-auth/patchbay/mapping"

// Lacks returns the statements that mapping rules need and the profile does not have: whoever comes to
// such a rule is told that there is trouble of ours.
func (db *DB) Lacks(n mapping.Needs) []Statement {
	var lacking []Statement
	need := func(needed bool, name Statement) {
		if needed && !db.has(name) {
			lacking = append(lacking, name)
		}
	}
	need(n.Email, UserByEmail)
	for _, name := range n.Statements {
		need(true, Statement(name))
	}
	need(n.Create, CreateUser)
	need(n.Relink && db.KeepsLinks(), UnlinkExternalID)
	return lacking
}
