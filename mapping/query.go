package mapping

// By says what a Query compares.
type By string

// The keys a user can be found by.
const (
	ByID         By = "id"
	ByLogin      By = "login"
	ByEmail      By = "email"
	ByExternalID By = "external_id"
	// ByStatement asks a statement of the profile's own; the row says which value it has.
	ByStatement By = "statement"
)

// A Query asks a directory for users of one tenant. Comparison is exact, on bytes, unless the
// legacy profile declares that its logins ignore ASCII case.
type Query struct {
	By    By
	Value string
	// Connection is set for ByExternalID only, Statement for ByStatement only.
	Connection string
	Statement  string
}

// String is the query as a trace shows it, the value cut where it is long.
func (q Query) String() string {
	by := string(q.By)
	if q.By == ByStatement {
		by = q.Statement
	}
	return by + " = " + bounded(q.Value, maxTraced)
}

// A Lookup answers a Query with every matching row: none, one, or several. An error means that
// the directory could not answer.
type Lookup func(Query) ([]User, error)
