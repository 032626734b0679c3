package legacy

import (
	"github.com/patchbay-auth/patchbay/legacy/passhash"
)

// A Statement names a SQL statement of a profile.
type Statement string

// The statements. Their parameters are written :tenant, :login and so on, and bound, never
// spliced. Each user statement returns user_id, username and active (0 or 1), and may return
// tenant_id, email, email_verified, given_name, family_name, display_name, locale, user_type,
// user_group, password_hash, password_salt, password_scheme, password_changed_at,
// updated_at and federated_only. Times are UTC. Any other column is a fault.
const (
	UserByLogin Statement = "user_by_login" // :tenant :login
	UserByID    Statement = "user_by_id"    // :tenant :user_id
	// UserByEmail must also return email. :tenant :email
	UserByEmail Statement = "user_by_email"
	// UserByExternalID must also return connection and external_id. :tenant :connection :external_id
	UserByExternalID Statement = "user_by_external_id"

	Roles         Statement = "roles"         // :tenant :user_id; name
	Permissions   Statement = "permissions"   // :tenant :user_id; name
	Groups        Statement = "groups"        // :tenant :user_id; name
	Softphones    Statement = "softphones"    // :tenant :user_id; address, and optionally is_default
	Configuration Statement = "configuration" // :tenant :user_id; name, value

	// ExternalIDsOfUser returns connection and external_id. :tenant :user_id
	ExternalIDsOfUser Statement = "external_ids_of_user"
	// LinkExternalID inserts one link. Two unique keys of its table must stand behind it, one on
	// tenant, connection and external id, one on user and connection: they decide who is first.
	// :tenant :user_id :connection :external_id
	LinkExternalID Statement = "link_external_id"
)

// A Profile describes a legacy schema. UserByLogin and UserByID are required; a list without a
// statement is empty; searches by e-mail need UserByEmail. The three statements about external ids
// come together or not at all: with them the directory keeps the links between IdP identities and
// users, without them the broker does.
type Profile struct {
	Statements      map[Statement]string
	UserIDScope     Scope
	LoginComparison Comparison
	// Passwords describes the stored hashes that do not describe themselves.
	Passwords passhash.Options
}

// Scope says among which users an id is unique.
type Scope string

// The scopes of a user id.
const (
	// Global ids are unique in the database; statements about one user may leave :tenant out.
	Global Scope = "global"
	// PerTenant ids are unique within a tenant, so every statement must use :tenant.
	PerTenant Scope = "tenant"
)

// Comparison says when two logins are the same.
type Comparison string

// The comparisons of logins.
const (
	Exact Comparison = "exact" // byte by byte
	// ASCIIFold ignores the case of A to Z, and of nothing else.
	ASCIIFold Comparison = "ascii-fold"
)

// A contract is what a statement must look like.
type contract struct {
	params   []string
	required []string
	optional []string
	// aboutUser marks the statements that need no :tenant where ids are global.
	aboutUser bool
	writes    bool
}

func userContract(params, required []string) contract {
	return contract{
		params:   append([]string{"tenant"}, params...),
		required: append([]string{"user_id", "username", "active"}, required...),
		optional: []string{
			"tenant_id", "email", "email_verified", "given_name", "family_name", "display_name", "locale", "user_type",
			"user_group", "password_hash", "password_salt", "password_scheme", "password_changed_at", "updated_at", "federated_only",
		},
	}
}

func contracts() map[Statement]contract {
	about := func(required ...string) contract {
		return contract{params: []string{"tenant", "user_id"}, required: required, aboutUser: true}
	}
	softphones := about("address")
	softphones.optional = []string{"is_default"}
	return map[Statement]contract{
		UserByLogin:       userContract([]string{"login"}, nil),
		UserByID:          userContract([]string{"user_id"}, nil),
		UserByEmail:       userContract([]string{"email"}, []string{"email"}),
		UserByExternalID:  userContract([]string{"connection", "external_id"}, []string{"connection", "external_id"}),
		Roles:             about("name"),
		Permissions:       about("name"),
		Groups:            about("name"),
		Softphones:        softphones,
		Configuration:     about("name", "value"),
		ExternalIDsOfUser: about("connection", "external_id"),
		LinkExternalID:    {params: []string{"tenant", "user_id", "connection", "external_id"}, writes: true},
	}
}
