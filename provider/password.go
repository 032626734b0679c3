package provider

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/secret"
)

// password takes a person's login and password from a client (RFC 6749 §4.3), for integrations that
// are older than the login page. The engine judges them as if they came from there.
func (p *provider) password(ctx context.Context, x *exchange, form url.Values) (any, error) {
	scope, fault := requestedScope(form.Get("scope"), x.client, x.issuer.layout.realm)
	if fault != nil {
		return nil, p.refused(x, registry.GrantPassword, fault)
	}
	tenant, fault := p.tenantAsked(x, form)
	if fault != nil {
		return nil, p.refused(x, registry.GrantPassword, fault)
	}
	user, account, err := p.engine.Authenticate(ctx, broker.ClientLogin{
		Client: x.client, Tenant: tenant, Address: x.address,
		Credentials: broker.Credentials{
			Login: form.Get("username"), Password: secret.New(form.Get("password")), CustomerNumber: form.Get("customer_number"),
		},
	})
	if err != nil {
		return nil, ofLogin(err) // the engine has recorded it
	}
	g := p.newGrant(x, account, user.ID, scope)
	g.IDP, g.AMR, g.ACR, g.AuthTime = broker.LocalIDP, []string{"pwd"}, broker.LocalACR, g.CreatedAt
	minted, err := p.issue(ctx, x, g, scope, "")
	if err != nil {
		return nil, p.refused(x, registry.GrantPassword, err)
	}
	out := grant.Redeemed{Grant: g}
	if x.client.MayUse(registry.GrantRefreshToken) {
		if out, err = p.grants.Open(ctx, g, x.client.Refresh); err != nil {
			return nil, unavailable(err)
		}
	}
	p.recordIssue(x, registry.GrantPassword, out)
	return p.tokenAnswer(x, out, minted), nil
}

// tenantAsked returns the tenant of a request for a person's tokens; nil leaves it to the credentials. A
// request to a platform client that nothing tells the tenant of is not complete.
func (p *provider) tenantAsked(x *exchange, form url.Values) (*registry.Tenant, *Fault) {
	if !x.client.Platform() {
		return x.tenant, nil
	}
	if tenant, ok := p.registry.Snapshot().Tenant(p.pinnedTenant(x.issuer, x.client, form)); ok {
		return tenant, nil
	}
	if form.Get("customer_number") == "" && !strings.Contains(form.Get("username"), "@") {
		return nil, invalidRequest("Name the account: customer_number, acr_values=tenant:<account>, or a username with a domain")
	}
	return nil, nil
}

// ofLogin words the engine's refusal for a client.
func ofLogin(err error) error {
	var refused *broker.Refusal
	if !errors.As(err, &refused) {
		return unavailable(err)
	}
	switch refused.Reason {
	case broker.ReasonBusy:
		busy := unavailable(err)
		busy.RetryAfter = max(refused.RetryAfter, busy.RetryAfter)
		return busy
	case broker.ReasonThrottled:
		return &Fault{
			Status: http.StatusTooManyRequests, Code: "slow_down", Description: "Too many failed logins",
			RetryAfter: refused.RetryAfter, Err: err,
		}
	default:
		return &Fault{
			Status: http.StatusBadRequest, Code: "invalid_grant", Description: "Invalid user credentials", Err: err,
			variant: wrongPassword,
		}
	}
}
