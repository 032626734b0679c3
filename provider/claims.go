package provider

import (
	"context"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

// claims are what the scopes of a grant tell about its user, for each of its tokens.
type claims struct {
	access   map[string]any
	identity map[string]any
}

// claims reads what the granted scopes need, and nothing else.
func (p *provider) claims(ctx context.Context, t *registry.Tenant, u mapping.User, given mapping.Given, scope []string, realm bool) (claims, error) {
	parts := mapping.ScopeParts(scope) &^ mapping.Softphones
	if realm {
		parts |= mapping.Roles
	}
	details, err := p.details(ctx, t, u.ID, parts)
	if err != nil {
		return claims{}, err
	}
	out := claims{
		access:   mapping.Claims(u, details, scope, mapping.ClaimOptions{For: mapping.ForAccessToken, AlwaysRoles: realm, Given: given}),
		identity: mapping.Claims(u, details, scope, mapping.ClaimOptions{For: mapping.ForIDToken, Given: given}),
	}
	return out, nil
}

// details asks the directory for parts of what it knows, if there are any to ask for.
func (p *provider) details(ctx context.Context, t *registry.Tenant, u mapping.UserID, parts mapping.Parts) (mapping.Details, error) {
	if parts == 0 {
		return mapping.Details{}, nil
	}
	return p.directory.Details(ctx, t.LegacyTenant, u, parts)
}

// claimNames are all claims that scopes can lead to, and those of every ID token, for discovery.
func (p *provider) claimNames() []string {
	names := []string{
		"iss", "sub", "aud", "azp", "iat", "nbf", "exp", "nonce", "at_hash", "sid", "auth_time", "acr", "amr", "idp",
		"name", "given_name", "family_name", "preferred_username", "locale", "email", "email_verified",
		"role", "groups", "tenant_id", "user_id", "user_type", "user_group",
		mapping.ScopeMasterdata, mapping.ScopeContactCentre, "softphone_address",
	}
	if p.tellsUpdates {
		names = append(names, mapping.ClaimUpdatedAt)
	}
	return names
}

// givenBy reads back which roles and groups of an access token come of the login.
func givenBy(claims map[string]any) mapping.Given {
	return mapping.Given{Roles: texts(claims[mapping.ClaimGivenRoles]), Groups: texts(claims[mapping.ClaimGivenGroups])}
}

// texts returns the strings of a JSON array.
func texts(value any) []string {
	var all []string
	list, _ := value.([]any)
	for _, one := range list {
		if text, ok := one.(string); ok {
			all = append(all, text)
		}
	}
	return all
}
