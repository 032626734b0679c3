package provider

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

// clientCredentials issues a token to a client that acts for itself (RFC 6749 §4.4), or for a user of
// whom it has a product access. Nobody has logged in, and the token says so by what it lacks.
func (p *provider) clientCredentials(ctx context.Context, x *exchange, form url.Values) (any, error) {
	tenant, fault := p.tenantNamed(x, form)
	if fault != nil {
		return nil, p.refused(x, registry.GrantClientCredentials, fault)
	}
	scope, user, fault := machineScope(form.Get("scope"), x, tenant)
	if fault != nil {
		return nil, p.refused(x, registry.GrantClientCredentials, fault)
	}
	g := p.newGrant(x, tenant.Account, user, scope)
	minted, err := p.issue(ctx, x, g, scope, "")
	if err != nil {
		return nil, p.refused(x, registry.GrantClientCredentials, ofScope(err))
	}
	out := grant.Redeemed{Grant: g}
	// RFC 6749 §4.4.3: no refresh token here. Clients of the realm layout expect one nevertheless.
	if x.issuer.layout.realm && x.client.MayUse(registry.GrantRefreshToken) {
		if out, err = p.grants.Open(ctx, g, x.client.Refresh); err != nil {
			return nil, unavailable(err)
		}
	}
	p.recordIssue(x, registry.GrantClientCredentials, out)
	return p.tokenAnswer(x, out, minted), nil
}

// newGrant begins a grant for which there is no session.
func (p *provider) newGrant(x *exchange, account registry.Account, user mapping.UserID, scope []string) grant.Grant {
	return grant.Grant{
		ID: id.New(), Issuer: x.issuer.url, Account: account, ClientID: x.client.ID,
		RequestedClientID: x.clientID, UserID: user, Scope: scope, CreatedAt: p.now(),
	}
}

// tenantNamed returns the tenant of a request without a person: a token belongs to one. A platform client
// names it by the realm, by acr_values, or by the solution in its scope.
func (p *provider) tenantNamed(x *exchange, form url.Values) (*registry.Tenant, *Fault) {
	if !x.client.Platform() {
		return x.tenant, nil
	}
	registered := p.registry.Snapshot()
	if tenant, ok := registered.Tenant(p.pinnedTenant(x.issuer, x.client, form)); ok && tenant.Enabled {
		return tenant, nil
	}
	for scope := range strings.FieldsSeq(form.Get("scope")) {
		for _, tenant := range registered.Tenants() {
			if _, ok := productAccess(x.client, tenant, scope); ok && tenant.Enabled {
				return tenant, nil
			}
		}
	}
	return nil, invalidScope("The scope names no user, and nothing else names an account")
}

// machineScope reads the scope of a client that nobody logs in to. A value platform:solution:user
// asks for the scope named by platform, and for a token of that user.
func machineScope(parameter string, x *exchange, tenant *registry.Tenant) (scope []string, user mapping.UserID, fault *Fault) {
	asked := strings.Fields(parameter)
	if len(asked) == 0 {
		asked = defaultScope(x.client, x.issuer.layout.realm)
	}
	for _, s := range asked {
		if access, ok := productAccess(x.client, tenant, s); ok {
			if user != "" && user != access.UserID {
				return nil, "", invalidScope("The scope names more than one user")
			}
			s, user = access.Platform, access.UserID
		}
		switch {
		case s == mapping.ScopeOpenID, s == mapping.ScopeOfflineAccess:
			// They speak of a login. Libraries send them with every grant.
		case !slices.Contains(x.client.Scopes, s):
			return nil, "", invalidScope("The client may not ask for one of the scopes")
		case !slices.Contains(scope, s):
			scope = append(scope, s)
		}
	}
	return scope, user, nil
}

// productAccess returns the product access that a scope value names, if the client has it. A solution
// that is not the tenant's own leads nowhere, whatever the client's record says.
func productAccess(c *registry.Client, t *registry.Tenant, scope string) (registry.ProductAccess, bool) {
	platform, rest, _ := strings.Cut(scope, ":")
	solution, user, found := strings.Cut(rest, ":")
	if !found || mapping.TenantKey(solution) != t.LegacyTenant {
		return registry.ProductAccess{}, false
	}
	wanted := registry.ProductAccess{Platform: platform, Solution: t.LegacyTenant, UserID: mapping.UserID(user)}
	return wanted, slices.Contains(c.ProductAccess, wanted)
}

// actsFor reports whether a client may have tokens about a user who did not log in to it.
func actsFor(c *registry.Client, solution mapping.TenantKey, user mapping.UserID) bool {
	return slices.ContainsFunc(c.ProductAccess, func(a registry.ProductAccess) bool {
		return a.Solution == solution && a.UserID == user
	}) && c.MayUse(registry.GrantClientCredentials)
}

// ofScope words the refusal of a user as what it is to a client that named the user in its scope.
func ofScope(err error) error {
	var fault *Fault
	if errors.As(err, &fault) && fault.Code == "invalid_grant" {
		return invalidScope("The user that the scope names is disabled")
	}
	return err
}

// refused records a refusal of a grant that nothing was presented for, and returns it.
func (p *provider) refused(x *exchange, grantType string, err error) error {
	p.recordRefusal(x, grantType, broker.TokenRefused, err)
	return err
}
