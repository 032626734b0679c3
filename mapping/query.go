package mapping

// By says what a Query compares.
type By string

// The keys a user can be found by.
const (
	ByID         By = "id"
	ByLogin      By = "login"
	ByEmail      By = "email"
	ByExternalID By = "external_id"
)

// A Query asks a directory for users of one tenant. Comparison is exact, on bytes, unless the
// legacy profile declares that its logins ignore ASCII case.
type Query struct {
	By    By
	Value string
	// Connection is set for ByExternalID only.
	Connection string
}

// A Lookup answers a Query with every matching row: none, one, or several. An error means that
// the directory could not answer.
type Lookup func(Query) ([]User, error)
