package mapping

import "slices"

// The OAuth 2.0 scopes that a client may be given (RFC 6749 §3.3).
const (
	ScopeOpenID        = "openid"
	ScopeProfile       = "profile"
	ScopeEmail         = "email"
	ScopeOfflineAccess = "offline_access" // a refresh token; no claims
	ScopeRoles         = "roles"
	ScopeGroups        = "groups"
	ScopeMasterdata    = "masterdata"
	ScopeContactCentre = "contact-centre"
)

// Scopes returns all of them, in the order of discovery documents.
func Scopes() []string {
	return []string{
		ScopeOpenID, ScopeProfile, ScopeEmail, ScopeOfflineAccess,
		ScopeRoles, ScopeGroups, ScopeMasterdata, ScopeContactCentre,
	}
}

// ScopeParts says which details Claims needs for the scopes.
func ScopeParts(scopes []string) Parts {
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

func has(scopes []string, scope string) bool { return slices.Contains(scopes, scope) }
