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
	// Any other user_by_… is the profile's own, for mapping rules. It must also return value, which is
	// compared byte by byte. :tenant :value

	Roles         Statement = "roles"         // :tenant :user_id; name
	Permissions   Statement = "permissions"   // :tenant :user_id; name
	Groups        Statement = "groups"        // :tenant :user_id; name
	Softphones    Statement = "softphones"    // :tenant :user_id; address, and optionally is_default
	Configuration Statement = "configuration" // :tenant :user_id; name, value

	// ExternalIDsOfUser returns connection and external_id. :tenant :user_id
	ExternalIDsOfUser Statement = "external_ids_of_user"

	// For the tools and the console.

	// Tenant returns tenant_id, name and active, and may return customer_number. :tenant
	Tenant Statement = "tenant"
	// SearchUsers is a user statement for people who look for somebody. :tenant :query :limit
	SearchUsers    Statement = "search_users"
	ListGroups     Statement = "list_groups"     // :tenant; name
	ListSolutions  Statement = "list_solutions"  // :tenant; name
	UsernameExists Statement = "username_exists" // :tenant :login; username

	// CountUsers returns how many users there are, about, in the column users.
	CountUsers Statement = "count_users"
	// ScanUsers is a user statement that reads everybody, a page at a time: the first :limit users
	// whose user_id comes after :after, in its order; from the beginning where :after is NULL. It must
	// return tenant_id. Where ids are unique in their tenant only, the order is that of tenant and id,
	// and the page begins after :after_tenant and :after.
	ScanUsers Statement = "scan_users"
	// ScanSoftphones is the same for tenant_id, user_id, address, and optionally is_default. All rows
	// of a user stand together.
	ScanSoftphones Statement = "scan_softphones"
	// ScanExternalIDs is the same for tenant_id, user_id, connection and external_id.
	ScanExternalIDs Statement = "scan_external_ids"

	// The writes. Where one is absent, that is never written.

	// LinkExternalID inserts one link. Two unique keys of its table must stand behind it, one on
	// tenant, connection and external id, one on user and connection: they decide who is first.
	// :tenant :user_id :connection :external_id
	LinkExternalID Statement = "link_external_id"
	// UnlinkExternalID deletes that one link. :tenant :user_id :connection :external_id
	UnlinkExternalID Statement = "unlink_external_id"
	// UpdatePassword replaces a stored hash, if it is still the one that was verified. It is used only
	// where Config.Rehash asks for it. :tenant :user_id :old_hash :new_hash
	UpdatePassword Statement = "update_password"
	// CreateUser inserts a user. :tenant :login, and any of :email :given_name :family_name
	// :display_name :locale :user_group :connection :external_id
	CreateUser Statement = "create_user"
)

// A Profile describes a legacy schema. UserByLogin and UserByID are required; a list without a
// statement is empty; searches by e-mail need UserByEmail. The three statements about external ids
// come together or not at all: with them the directory keeps the links between IdP identities and
// users, without them the broker does.
type Profile struct {
	Statements  map[Statement]string
	UserIDScope Scope
	// UserIDType is how ids are bound; zero means Text.
	UserIDType      IDType
	LoginComparison Comparison
	// EmailComparison is the same for e-mail addresses; zero means Exact.
	EmailComparison Comparison
	// Passwords describes the stored hashes that do not describe themselves.
	Passwords passhash.Options
	// origins say where each statement stands, for faults; empty for profiles made in Go.
	origins map[Statement]string
}

// name names a statement in a fault.
func (p Profile) name(s Statement) string { return p.origins[s] + string(s) }

// Scope says among which users an id is unique.
type Scope string

// The scopes of a user id.
const (
	// Global ids are unique in the database; statements about one user may leave :tenant out.
	Global Scope = "global"
	// PerTenant ids are unique within a tenant, so every statement must use :tenant.
	PerTenant Scope = "tenant"
)

// IDType says what a user id is in the database. Engines that do not compare numbers with text need
// to know; there, what is no number is nobody's id.
type IDType string

// The types of a user id.
const (
	Text    IDType = "text"
	Integer IDType = "integer"
)

// Comparison says when two logins, or two e-mail addresses, are the same.
type Comparison string

// The comparisons.
const (
	Exact Comparison = "exact" // byte by byte
	// ASCIIFold ignores the case of A to Z, and of nothing else.
	ASCIIFold Comparison = "ascii-fold"
)
