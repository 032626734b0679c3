package mapping

import "strings"

// MaxRoles is how many roles and how many permissions a token or answer carries; beyond it the
// claim roles_truncated is true.
const MaxRoles = 200

// ClaimUpdatedAt is the one claim that depends on the directory: not every schema knows when a row was
// changed.
const ClaimUpdatedAt = "updated_at"

// Recipient is where claims go; it decides their shape.
type Recipient int

// The recipients of claims.
const (
	ForIDToken Recipient = iota
	ForUserInfo
	// ForAccessToken leaves out what changes often or identifies the person to every API: profile,
	// e-mail, configuration and softphone, which are read live by userinfo and introspection.
	ForAccessToken
	ForIntrospection
)

// ClaimOptions modify what Claims returns.
type ClaimOptions struct {
	For Recipient
	// AlwaysRoles adds roles and permissions to access tokens and introspection without the scope, as
	// the realm layout does. The caller then reads the part Roles as well.
	AlwaysRoles bool
	// SIPDomains are the tenant's, for the claim softphone_address.
	SIPDomains []string
	// Given are added to the directory's roles and groups.
	Given Given
}

// The claims of an access token that say which of its roles and groups come of the login, for userinfo,
// which reads the others anew.
const (
	ClaimGivenRoles  = "idp_roles"
	ClaimGivenGroups = "idp_groups"
)

// Claims returns what the granted scopes tell about a user, by claim name; a fact that the
// directory does not know has no claim. Its names are fixed here, and none is a claim of the protocol
// itself (sub, iss, aud, tenant and the like): legacy data only ever becomes values, and the names of
// a user's configuration are nested below the scope's own claim.
func Claims(u User, d Details, scopes []string, o ClaimOptions) map[string]any {
	claims := map[string]any{}
	personal := o.For != ForAccessToken
	d.Roles, d.Groups = union(d.Roles, o.Given.Roles), union(d.Groups, o.Given.Groups)
	if personal && has(scopes, ScopeProfile) {
		set(claims, "name", u.Name())
		set(claims, "given_name", u.GivenName)
		set(claims, "family_name", u.FamilyName)
		set(claims, "preferred_username", u.Username)
		set(claims, "locale", u.Locale)
		if !u.UpdatedAt.IsZero() {
			claims[ClaimUpdatedAt] = u.UpdatedAt.Unix()
		}
	}
	if personal && has(scopes, ScopeEmail) && u.Email != "" {
		claims["email"] = u.Email
		claims["email_verified"] = u.EmailVerified
	}
	addRoles(claims, d, scopes, o)
	if has(scopes, ScopeGroups) {
		claims["groups"] = list(d.Groups)
		if o.For == ForAccessToken && len(o.Given.Groups) > 0 {
			claims[ClaimGivenGroups] = o.Given.Groups
		}
	}
	if has(scopes, ScopeMasterdata) || has(scopes, ScopeContactCentre) {
		set(claims, "tenant_id", string(u.Tenant))
		set(claims, "user_id", string(u.ID))
		set(claims, "user_type", u.Type)
		set(claims, "user_group", u.Group)
	}
	if personal && has(scopes, ScopeMasterdata) {
		setConfiguration(claims, ScopeMasterdata, d.Configuration)
	}
	if personal && has(scopes, ScopeContactCentre) {
		setConfiguration(claims, ScopeContactCentre, d.Configuration)
		if aor, err := AddressOfRecord(d.Softphones, o.SIPDomains); err == nil {
			claims["softphone_address"] = "sip:" + aor
		}
	}
	return claims
}

// addRoles writes role (an array) for relying parties, roles and permissions for resource servers.
func addRoles(claims map[string]any, d Details, scopes []string, o ClaimOptions) {
	forResource := o.For == ForAccessToken || o.For == ForIntrospection
	switch granted := has(scopes, ScopeRoles); {
	case forResource && (granted || o.AlwaysRoles):
		claims["roles"] = capped(claims, d.Roles)
		claims["permissions"] = capped(claims, d.Permissions)
		if o.For == ForAccessToken && len(o.Given.Roles) > 0 {
			claims[ClaimGivenRoles] = o.Given.Roles
		}
	case !forResource && granted:
		claims["role"] = capped(claims, d.Roles)
	}
}

// capped returns the first MaxRoles names, and notes it in claims when that is not all.
func capped(claims map[string]any, names []string) []string {
	if len(names) > MaxRoles {
		claims["roles_truncated"] = true
		names = names[:MaxRoles]
	}
	return list(names)
}

// setConfiguration nests configuration below the scope's name. An entry named "masterdata.x" is x of
// masterdata; entries without such a prefix belong to contact-centre.
func setConfiguration(claims map[string]any, scope string, configuration map[string]string) {
	values := map[string]string{}
	for name, value := range configuration {
		space, rest, found := strings.Cut(name, ".")
		if !found || space != ScopeMasterdata && space != ScopeContactCentre {
			space, rest = ScopeContactCentre, name
		}
		if space == scope && rest != "" {
			values[rest] = value
		}
	}
	if len(values) > 0 {
		claims[scope] = values
	}
}

func set(claims map[string]any, name, value string) {
	if value != "" {
		claims[name] = value
	}
}

// list is never nil, so that an empty one is [] in JSON.
func list(names []string) []string { return append([]string{}, names...) }
