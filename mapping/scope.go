package mapping

import "slices"

// A Scope is an OAuth 2.0 scope that patchbay knows (RFC 6749 §3.3).
type Scope = string

// The scopes a client may be given.
const (
	ScopeOpenID        Scope = "openid"
	ScopeProfile       Scope = "profile"
	ScopeEmail         Scope = "email"
	ScopeOfflineAccess Scope = "offline_access" // a refresh token; no claims
	ScopeRoles         Scope = "roles"
	ScopeGroups        Scope = "groups"
	ScopeMasterdata    Scope = "masterdata"
	ScopeContactCentre Scope = "contact-centre"
)

// Scopes returns all of them, in the order of discovery documents.
func Scopes() []Scope {
	return []Scope{
		ScopeOpenID, ScopeProfile, ScopeEmail, ScopeOfflineAccess,
		ScopeRoles, ScopeGroups, ScopeMasterdata, ScopeContactCentre,
	}
}

// ScopeParts says which details Claims needs for the scopes.
func ScopeParts(scopes []Scope) Parts {
	var parts Parts
	for _, scope := range scopes {
		switch scope {
		case ScopeRoles:
			parts |= Roles
		case ScopeGroups:
			parts |= Groups
		case ScopeMasterdata:
			parts |= Configuration
		case ScopeContactCentre:
			parts |= Configuration | Softphones
		}
	}
	return parts
}

func has(scopes []Scope, scope Scope) bool { return slices.Contains(scopes, scope) }
