package mapping

import "slices"

// Needs is what rules ask of a directory beyond finding people by login and id.
type Needs struct {
	Email bool
	// Statements are those of the profile's own that a rule asks.
	Statements []string
	// Create and Relink are rules that write.
	Create, Relink bool
}

// Needs returns what the rules ask of a directory.
func (r *Rules) Needs() (n Needs) {
	for _, rule := range r.rules {
		n.Email = n.Email || rule.by == ByEmail
		n.Create = n.Create || rule.Create != nil
		n.Relink = n.Relink || rule.Relink != nil
		if rule.by == ByStatement && !slices.Contains(n.Statements, rule.Match.Statement) {
			n.Statements = append(n.Statements, rule.Match.Statement)
		}
	}
	return n
}
