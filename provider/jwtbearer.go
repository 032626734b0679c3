package provider

import (
	"context"
	"errors"
	"net/url"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

// maxAsserted bounds a sub that is looked up, in bytes.
const maxAsserted = 255

// jwtBearer issues a token about the user whom an issuer that the client trusts vouches for (RFC 7523
// §2.1). The token's idp is that issuer; when and how the person logged in there, nobody told. There is
// no refresh token: the issuer can be asked again.
func (p *provider) jwtBearer(ctx context.Context, x *exchange, form url.Values) (any, error) {
	answer, err := p.tryBearer(ctx, x, form)
	if err != nil {
		return nil, p.refused(x, registry.GrantJWTBearer, err)
	}
	return answer, nil
}

func (p *provider) tryBearer(ctx context.Context, x *exchange, form url.Values) (any, error) {
	scope, fault := requestedScope(form.Get("scope"), x.client, x.issuer.layout.realm)
	if fault != nil {
		return nil, fault
	}
	tenant, fault := p.tenantPinned(x, form)
	if fault != nil {
		return nil, fault
	}
	a, trusted, err := p.trustedAssertion(x, form.Get("assertion"))
	if err != nil {
		return nil, err
	}
	user, err := p.asserted(ctx, tenant, trusted, a.Subject)
	if err != nil {
		return nil, err
	}
	g := p.newGrant(x, tenant.Account, user, withoutOffline(scope))
	g.IDP = trusted.Issuer
	// Minted before the assertion is used up, so that after that nothing of ours is left to fail.
	minted, err := p.mint(ctx, x, g, g.Scope, wanted{access: true})
	if err != nil {
		return nil, err
	}
	// One tenant's issuers cannot use up what another's have made.
	maker := "issuer " + string(x.client.Account) + " " + trusted.Issuer
	err = p.grants.UseAssertion(ctx, maker, a.ID, a.Expires.Time().Add(assertionSkew))
	switch {
	case errors.Is(err, grant.ErrConflict):
		return nil, invalidGrant("The assertion was used before")
	case err != nil:
		return nil, unavailable(err)
	}
	out := grant.Redeemed{Grant: g}
	p.recordIssue(x, registry.GrantJWTBearer, out)
	return p.tokenAnswer(x, out, minted), nil
}

// tenantPinned returns the tenant of a request that says nothing else about its person by which to find
// it.
func (p *provider) tenantPinned(x *exchange, form url.Values) (*registry.Tenant, *Fault) {
	if !x.client.Platform() {
		return x.tenant, nil
	}
	if tenant, ok := p.registry.Snapshot().Tenant(p.pinnedTenant(x.issuer, x.client, form)); ok && tenant.Enabled {
		return tenant, nil
	}
	return nil, invalidRequest("Name the account: acr_values=tenant:<account>")
}

// trustedAssertion verifies an assertion by the keys of the issuer that it names, if the client trusts it.
func (p *provider) trustedAssertion(x *exchange, raw string) (*assertion, registry.TrustedIssuer, error) {
	a, err := parseAssertion(raw, "authorization-grant+jwt")
	if err != nil {
		return nil, registry.TrustedIssuer{}, badGrant(err)
	}
	for _, trusted := range x.client.TrustedIssuers {
		if trusted.Issuer != a.Issuer {
			continue
		}
		keys, err := trusted.JWKS()
		if err != nil {
			return nil, registry.TrustedIssuer{}, unavailable(err)
		}
		if err := a.verify(keys.Keys, []string{x.issuer.url, x.issuer.address(tokens)}, p.now()); err != nil {
			return nil, registry.TrustedIssuer{}, badGrant(err)
		}
		return a, trusted, nil
	}
	return nil, registry.TrustedIssuer{}, badGrant(errors.New("its issuer is not one that the client trusts"))
}

// badGrant tells an authenticated client what is wrong with an assertion, in words of ours.
func badGrant(why error) error { return invalidGrant("The assertion is not good: " + why.Error()) }

// asserted finds the one user whom an assertion is about.
func (p *provider) asserted(ctx context.Context, t *registry.Tenant, trusted registry.TrustedIssuer, subject string) (mapping.UserID, error) {
	if subject == "" || len(subject) > maxAsserted {
		return "", badGrant(errors.New("its sub is empty or too long"))
	}
	q := mapping.Query{By: mapping.ByID, Value: subject}
	if trusted.SubjectIs == registry.SubjectLogin {
		q.By = mapping.ByLogin
	}
	rows, err := p.directory.Find(ctx, t.LegacyTenant, q)
	switch {
	case err != nil:
		return "", unavailable(err)
	case len(rows) == 0:
		return "", badGrant(errors.New("its sub is nobody"))
	case len(rows) > 1:
		return "", badGrant(errors.New("its sub is more than one user"))
	case !rows[0].Active:
		return "", invalidGrant("The user is disabled")
	}
	return rows[0].ID, nil
}
