package legacy

import (
	"slices"
	"strings"
)

// A contract is what a statement must look like.
type contract struct {
	params []string
	// extra parameters may be used, and need not be.
	extra    []string
	required []string
	optional []string
	// aboutUser marks the statements that need no :tenant where ids are global.
	aboutUser bool
	writes    bool
}

func userContract(params, required []string) contract {
	return contract{
		params:   params,
		required: append([]string{"user_id", "username", "active"}, required...),
		optional: []string{
			"tenant_id", "email", "email_verified", "given_name", "family_name", "display_name", "locale", "user_type",
			"user_group", "password_hash", "password_salt", "password_scheme", "password_changed_at", "updated_at", "federated_only",
		},
	}
}

// scanContract is that of a statement that reads everybody, a page at a time.
func scanContract(required ...string) contract {
	return contract{
		params: []string{"after", "limit"}, extra: []string{"after_tenant"},
		required: append([]string{"tenant_id", "user_id"}, required...),
	}
}

func contracts() map[Statement]contract {
	about := func(required ...string) contract {
		return contract{params: []string{"tenant", "user_id"}, required: required, aboutUser: true}
	}
	writes := func(params ...string) contract {
		return contract{params: params, writes: true}
	}
	softphones := about("address")
	softphones.optional = []string{"is_default"}
	scanUsers := userContract([]string{"after", "limit"}, []string{"tenant_id"})
	scanUsers.extra = []string{"after_tenant"}
	scanSoftphones := scanContract("address")
	scanSoftphones.optional = []string{"is_default"}
	updatePassword := writes("tenant", "user_id", "old_hash", "new_hash")
	updatePassword.aboutUser = true
	createUser := writes("tenant", "login")
	createUser.extra = []string{"email", "given_name", "family_name", "display_name", "locale", "user_group", "connection", "external_id"}
	return map[Statement]contract{
		UserByLogin:       userContract([]string{"tenant", "login"}, nil),
		UserByID:          userContract([]string{"tenant", "user_id"}, nil),
		UserByEmail:       userContract([]string{"tenant", "email"}, []string{"email"}),
		UserByExternalID:  userContract([]string{"tenant", "connection", "external_id"}, []string{"connection", "external_id"}),
		Roles:             about("name"),
		Permissions:       about("name"),
		Groups:            about("name"),
		Softphones:        softphones,
		Configuration:     about("name", "value"),
		ExternalIDsOfUser: about("connection", "external_id"),

		Tenant:         {params: []string{"tenant"}, required: []string{"tenant_id", "name", "active"}, optional: []string{"customer_number"}},
		SearchUsers:    userContract([]string{"tenant", "query", "limit"}, nil),
		ListGroups:     {params: []string{"tenant"}, required: []string{"name"}},
		ListSolutions:  {params: []string{"tenant"}, required: []string{"name"}},
		UsernameExists: {params: []string{"tenant", "login"}, required: []string{"username"}},

		CountUsers:      {required: []string{"users"}},
		ScanUsers:       scanUsers,
		ScanSoftphones:  scanSoftphones,
		ScanExternalIDs: scanContract("connection", "external_id"),

		LinkExternalID:   writes("tenant", "user_id", "connection", "external_id"),
		UnlinkExternalID: writes("tenant", "user_id", "connection", "external_id"),
		UpdatePassword:   updatePassword,
		CreateUser:       createUser,
	}
}

// contractOf returns what a statement must look like. user_by_… with a name that is not ours is the
// profile's own: mapping rules ask it, and it says in the column value what a row has.
func contractOf(name Statement) (contract, bool) {
	c, ours := contracts()[name]
	if !ours && strings.HasPrefix(string(name), ownPrefix) {
		return userContract([]string{"tenant", "value"}, []string{"value"}), true
	}
	return c, ours
}

// ownPrefix begins the names of the profile's own statements.
const ownPrefix = "user_by_"

// takes reports whether a statement of the contract may use the parameter.
func (c contract) takes(param string) bool {
	return slices.Contains(c.params, param) || slices.Contains(c.extra, param)
}

// scans reports whether the statement reads everybody.
func (c contract) scans() bool { return slices.Contains(c.params, "after") }
