package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/keyring"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
	"github.com/patchbay-auth/patchbay/provider/token"
)

// issued are the tokens of one answer.
type issued struct {
	access  string
	expires time.Time
	idToken string // empty without the scope openid
	scope   []string
}

// wanted says which tokens to mint, and for which answer.
type wanted struct {
	access   bool
	identity bool
	nonce    string
	// code is what the ID token appears beside, or empty.
	code string

	// What follows is for an exchanged access token: who acts for the user, and what it is made of; whom it is for, unless for
	// the issuer and the APIs of its scope; and when it ends, unless that is the zero time.
	actor    *token.Actor
	origin   *token.Origin
	audience []string
	until    time.Time
}

// issue checks that a grant is still good and mints its tokens. Its *Fault consumes nothing.
func (p *provider) issue(ctx context.Context, x *exchange, g grant.Grant, scope []string, nonce string) (issued, error) {
	return p.mint(ctx, x, g, scope, wanted{access: true, identity: true, nonce: nonce})
}

// mint is issue for any answer that holds tokens.
func (p *provider) mint(ctx context.Context, x *exchange, g grant.Grant, scope []string, want wanted) (issued, error) {
	tenant, err := p.tenantOf(x, g)
	if err != nil {
		return issued{}, err
	}
	user, err := p.holder(ctx, x.client, tenant, g)
	if err != nil {
		return issued{}, err
	}
	// The client may have lost a scope since.
	out := issued{scope: allowedScope(scope, x.client)}
	var claims claims
	subject, kind := token.Subject(x.client.ID), token.Client
	if g.UserID != "" {
		subject, kind = token.Subject(p.subjects.Of(tenant.LegacyTenant, g.UserID)), token.User
		if claims, err = p.claims(ctx, tenant, user, g.Given, out.scope, x.issuer.layout.realm); err != nil {
			return issued{}, unavailable(err)
		}
	}
	if err := p.keys.Ensure(ctx, x.issuer.keys); err != nil {
		return issued{}, unavailable(err)
	}
	login := token.Login{SessionID: g.SessionID.String(), AuthTime: g.AuthTime, ACR: g.ACR, AMR: g.AMR, IDP: g.IDP}
	if want.access {
		var minted token.Access
		out.access, minted, err = p.tokens.MintAccess(token.Signing{
			Algorithm: keyring.Algorithm(x.client.AccessTokenSigningAlg), Type: token.Type(x.client.AccessTokenType),
			Lifetime: p.accessLifetime(x.client, want.until),
		}, token.Access{
			Issuer: g.Issuer, Subject: subject, SubjectType: kind,
			Audience: wantedAudience(want, g.Issuer, out.scope), ClientID: g.ClientID, Scope: out.scope,
			GrantID: g.ID.String(), Tenant: g.Account, Login: login, Actor: want.actor, Origin: want.origin, Claims: claims.access,
		})
		if err != nil {
			return issued{}, unavailable(err)
		}
		out.expires = minted.Expires
	}
	if !want.identity || !slices.Contains(out.scope, mapping.ScopeOpenID) {
		return out, nil
	}
	out.idToken, _, err = p.tokens.MintID(token.Signing{
		Algorithm: keyring.Algorithm(x.client.IDTokenSigningAlg), Lifetime: x.client.IdentityTokenLifetime,
	}, token.ID{
		Issuer: g.Issuer, Subject: subject, ClientID: g.RequestedClientID,
		Nonce: want.nonce, Login: login, Claims: claims.identity,
	}, token.Beside{AccessToken: out.access, Code: want.code})
	if err != nil {
		return issued{}, unavailable(err)
	}
	return out, nil
}

// tenantOf returns the tenant of a grant: the client's, or for a platform client the one that the
// person logged in to, as long as it is not switched off.
func (p *provider) tenantOf(x *exchange, g grant.Grant) (*registry.Tenant, error) {
	if !x.client.Platform() || g.Account == "" {
		return x.tenant, nil
	}
	tenant, ok := p.registry.Snapshot().Tenant(g.Account)
	if !ok || !tenant.Enabled {
		return nil, invalidGrant("The account is disabled")
	}
	return tenant, nil
}

// holder returns the user whom a grant's tokens will be about, if there is one.
func (p *provider) holder(ctx context.Context, client *registry.Client, tenant *registry.Tenant, g grant.Grant) (mapping.User, error) {
	switch {
	case g.UserID == "": // the client acts for itself
		return mapping.User{}, nil
	case g.IDP != "":
		return p.reread(ctx, tenant, g)
	case !actsFor(client, tenant.LegacyTenant, g.UserID):
		return mapping.User{}, invalidGrant("The client has lost its access to the user")
	}
	// Nobody waits at a page while this happens a thousand times a second: the cache will do.
	user, err := p.directory.User(ctx, tenant.LegacyTenant, g.UserID)
	switch {
	case err == nil && user.Active:
		return user, nil
	case err == nil, errors.Is(err, mapping.ErrNoUser):
		return mapping.User{}, invalidGrant("The user is disabled")
	}
	return mapping.User{}, unavailable(err)
}

// reread asks the directory, past every cache, whether the grant's user may still have tokens.
func (p *provider) reread(ctx context.Context, tenant *registry.Tenant, g grant.Grant) (mapping.User, error) {
	rows, err := p.directory.Find(ctx, tenant.LegacyTenant, mapping.Query{By: mapping.ByID, Value: string(g.UserID)})
	if err != nil {
		return mapping.User{}, unavailable(err)
	}
	if len(rows) > 1 {
		return mapping.User{}, unavailable(fmt.Errorf("user %s of tenant %s: %w", g.UserID, g.Account, mapping.ErrAmbiguous))
	}
	switch {
	case len(rows) == 0 || !rows[0].Active:
		return mapping.User{}, invalidGrant("The user is disabled")
	case g.IDP != broker.LocalIDP:
	case rows[0].FederatedOnly:
		return mapping.User{}, invalidGrant("The user may no longer log in with a password")
	case rows[0].PasswordChangedAt.After(g.CreatedAt):
		return mapping.User{}, invalidGrant("The password was changed")
	default:
		return rows[0], p.keepsPassword(ctx, tenant, rows[0])
	}
	return rows[0], nil
}

// keepsPassword refuses what began with a password once single sign-on is enforced for the user.
func (p *provider) keepsPassword(ctx context.Context, tenant *registry.Tenant, user mapping.User) error {
	keeps, err := p.engine.KeepsPassword(ctx, tenant, user)
	switch {
	case err != nil:
		return unavailable(err)
	case !keeps:
		return invalidGrant("The user may no longer log in with a password")
	}
	return nil
}

// accessLifetime is how long an access token lives that must not outlive a time.
func (p *provider) accessLifetime(c *registry.Client, until time.Time) time.Duration {
	if until.IsZero() {
		return c.AccessTokenLifetime
	}
	return min(c.AccessTokenLifetime, until.Sub(p.now()))
}

func wantedAudience(want wanted, issuer string, scope []string) []string {
	if len(want.audience) > 0 {
		return want.audience
	}
	return audience(issuer, scope)
}

// resources is the audience of an issuer's own endpoints.
func resources(issuer string) string { return issuer + "/resources" }

// audience names the issuer's own endpoints and every API a scope was granted for (RFC 9068 §3).
func audience(issuer string, scope []string) []string {
	aud := []string{resources(issuer)}
	for _, api := range []string{mapping.ScopeContactCentre, mapping.ScopeMasterdata} {
		if slices.Contains(scope, api) {
			aud = append(aud, api)
		}
	}
	return aud
}
