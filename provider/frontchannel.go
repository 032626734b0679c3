package provider

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
)

// success returns what a successful authorization request is answered with: a code, and the tokens
// that its response type asks for (OpenID Connect Core §3.1.2.5, §3.2.2.5, §3.3.2.5). A *Fault among
// its errors is told to the client.
func (p *provider) success(ctx context.Context, a broker.Answer, address string) (url.Values, error) {
	params := url.Values{}
	if a.Code != "" {
		params.Set("code", a.Code)
	}
	if is, ok := p.issuers.find(a.Request.Issuer); ok && is.layout.realm {
		params.Set("session_state", sessionState(grant.Redeemed{Grant: a.Grant}))
	}
	if !inFront(a.Request.ResponseType) {
		return params, nil
	}
	x, err := p.asker(a)
	if err != nil {
		return nil, err
	}
	x.address = address
	minted, err := p.mint(ctx, x, a.Grant, a.Grant.Scope, wanted{
		access: a.Request.Wants(wantsToken), identity: a.Request.Wants(wantsIDToken), nonce: a.Grant.Nonce, code: a.Code,
	})
	if err != nil {
		return nil, err
	}
	if minted.access != "" {
		params.Set("access_token", minted.access)
		params.Set("token_type", x.issuer.layout.tokenType())
		params.Set("expires_in", strconv.FormatInt(p.secondsUntil(minted.expires), 10))
		params.Set("scope", strings.Join(minted.scope, " "))
	}
	if minted.idToken != "" {
		params.Set("id_token", minted.idToken)
	}
	p.recordIssue(x, grantImplicit, grant.Redeemed{Grant: a.Grant})
	return params, nil
}

// asker is the exchange that tokens of the front channel are minted in.
func (p *provider) asker(a broker.Answer) (*exchange, error) {
	registered := p.registry.Snapshot()
	is, known := p.issuers.find(a.Request.Issuer)
	client, hasClient := registered.Client(a.Grant.ClientID)
	tenant, hasTenant := registered.Tenant(a.Grant.Account)
	if !known || !hasClient || !hasTenant {
		return nil, fmt.Errorf("issuer %q, client %s or tenant %s went away during a login", a.Request.Issuer, a.Grant.ClientID, a.Grant.Account)
	}
	return &exchange{issuer: is, endpoint: authorization, client: client, tenant: tenant, clientID: a.Request.RequestedClientID}, nil
}
