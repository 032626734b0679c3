package provider

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/mapping"
	"github.com/patchbay-auth/patchbay/provider/token"
)

// The token types of RFC 8693 §3 that an exchange knows.
const (
	typeAccessToken = "urn:ietf:params:oauth:token-type:access_token" //nolint:gosec // a name, no credential
	typeIDToken     = "urn:ietf:params:oauth:token-type:id_token"     //nolint:gosec // a name, no credential
	typeJWT         = "urn:ietf:params:oauth:token-type:jwt"
)

const (
	// maxActors bounds through how many clients a token may be passed on, one for the other.
	maxActors = 4
	// maxExchanges bounds how many tokens may be made of one another.
	maxExchanges = 8
)

// A bargain is what a token is exchanged for.
type bargain struct {
	grant grant.Grant
	want  wanted
	// login is the record of a token that was mapped like a login; zero for a token of ours.
	login id.ID
	// from says in the audit log what was exchanged.
	from map[string]string
}

// exchangeToken gives a client an access token for a token that it holds (RFC 8693): one of ours, for a
// narrower purpose, or one of an identity provider's. There is never a refresh token.
func (p *provider) exchangeToken(ctx context.Context, x *exchange, form url.Values) (any, error) {
	answer, err := p.tryExchange(ctx, x, form)
	var recorded *broker.Refusal
	if err != nil && !errors.As(err, &recorded) {
		return nil, p.refused(x, registry.GrantTokenExchange, err)
	}
	return answer, err
}

func (p *provider) tryExchange(ctx context.Context, x *exchange, form url.Values) (any, error) {
	audience, fault := judgeExchange(x.client, form)
	if fault != nil {
		return nil, fault
	}
	b, err := p.bargain(ctx, x, form)
	if err != nil {
		return nil, err
	}
	b.want.access, b.want.audience = true, audience
	minted, err := p.mint(ctx, x, b.grant, b.grant.Scope, b.want)
	if err != nil {
		return nil, ofSubject(err)
	}
	out := grant.Redeemed{Grant: b.grant}
	e := issueEvent(x, registry.GrantTokenExchange, out)
	e.LoginID = b.login
	maps.Copy(e.Detail, b.from)
	p.events.Append(e)
	answer := p.tokenAnswer(x, out, minted)
	answer.IssuedTokenType = typeAccessToken
	return answer, nil
}

// judgeExchange judges what a request asks for, whatever it presents, and returns the audience.
func judgeExchange(c *registry.Client, form url.Values) (audience []string, fault *Fault) {
	if form.Get("actor_token") != "" || form.Get("actor_token_type") != "" {
		return nil, invalidRequest("actor_token is not supported: the client that asks is the actor")
	}
	if want := form.Get("requested_token_type"); want != "" && want != typeAccessToken {
		return nil, invalidRequest("requested_token_type can only be an access token")
	}
	for _, name := range []string{"audience", "resource"} {
		switch target := form.Get(name); {
		case target == "", slices.Contains(audience, target):
		case !slices.Contains(c.TokenExchange.Audiences, target):
			return nil, &Fault{Status: http.StatusBadRequest, Code: "invalid_target", Description: "The client may not ask for a token for this " + name}
		default:
			audience = append(audience, target)
		}
	}
	return audience, nil
}

func (p *provider) bargain(ctx context.Context, x *exchange, form url.Values) (bargain, error) {
	switch form.Get("subject_token_type") {
	case typeAccessToken:
		switch maker := broker.MakerOf(secret.New(form.Get("subject_token"))); {
		case maker == "":
			return bargain{}, invalidRequest("The subject token is not a JWT: an opaque token does not say whom it was issued for")
		case p.ours(maker):
			return p.bargainOurs(ctx, x, form)
		}
		return p.bargainTheirs(ctx, x, form, true)
	case typeIDToken, typeJWT:
		return p.bargainTheirs(ctx, x, form, false)
	}
	return bargain{}, invalidRequest("A token of this subject_token_type cannot be exchanged")
}

func (p *provider) ours(issuer string) bool {
	_, ok := p.issuers.find(issuer)
	return ok
}

// bargainOurs judges an access token of ours, of a person of the client's tenant. The new token repeats
// how they logged in, belongs to the same grant, and does not outlive the old one.
func (p *provider) bargainOurs(ctx context.Context, x *exchange, form url.Values) (bargain, error) {
	t, err := p.accept(ctx, form.Get("subject_token"))
	switch {
	case errors.Is(err, errInactive),
		err == nil && (!x.client.At(t.Tenant) || x.issuer.layout.realm && t.Tenant != x.issuer.account),
		err == nil && t.Expires.Sub(p.now()) < time.Second: // too little for a token
		return bargain{}, invalidRequest("The subject token is not active")
	case err != nil:
		return bargain{}, err
	case t.IDP == "":
		return bargain{}, invalidRequest("Nobody has logged in for the subject token")
	}
	scope, fault := exchangedScope(form.Get("scope"), t.Scope, x.client)
	if fault != nil {
		return bargain{}, fault
	}
	session, err := id.Parse(t.SessionID)
	if err != nil {
		return bargain{}, unavailable(err)
	}
	origin, err := id.Parse(t.GrantID)
	if err != nil {
		return bargain{}, unavailable(err)
	}
	b := bargain{
		grant: p.newGrant(x, t.Tenant, t.user.ID, scope),
		want:  wanted{actor: t.Actor, origin: originOf(t), until: t.Expires},
		from:  map[string]string{"subject_client": t.ClientID, "subject_jti": t.ID},
	}
	b.grant.ID = origin // whatever ends the grant that the person made ends what came of it
	b.grant.SessionID, b.grant.AuthTime, b.grant.AMR, b.grant.ACR, b.grant.IDP = session, t.AuthTime, t.AMR, t.ACR, t.IDP
	b.grant.Given = t.given
	b.grant.CreatedAt = t.IssuedAt // a password changed since then ends this, too
	if t.ClientID != x.client.ID {
		b.want.actor = &token.Actor{Subject: token.Subject(x.client.ID), Previous: t.Actor}
	}
	if b.want.actor.Depth() > maxActors || len(b.want.origin.IDs) > maxExchanges {
		return bargain{}, invalidRequest("The subject token was exchanged too often")
	}
	return b, nil
}

// originOf is what is made of a token when it is exchanged.
func originOf(t live) *token.Origin {
	o := &token.Origin{ClientID: t.ClientID, IDs: []string{t.ID}}
	if t.Origin != nil {
		o.ClientID, o.IDs = t.Origin.ClientID, append(o.IDs, t.Origin.IDs...)
	}
	return o
}

// bargainTheirs maps a token of a connection that the client may exchange from, like a login. There is no
// session: the token issued has no sid, and an auth_time only if the identity provider told one. What was
// made of an access token does not outlive it.
func (p *provider) bargainTheirs(ctx context.Context, x *exchange, form url.Values, access bool) (bargain, error) {
	scope, fault := requestedScope(form.Get("scope"), x.client, x.issuer.layout.realm)
	if fault != nil {
		return bargain{}, fault
	}
	who, err := p.engine.Present(ctx, broker.PresentedToken{
		Client: x.client, Tenant: x.tenant, Token: secret.New(form.Get("subject_token")), Access: access, Address: x.address,
	})
	switch {
	case err != nil:
		return bargain{}, ofPresented(err)
	case access && who.Expires.Sub(p.now()) < time.Second: // too little for a token
		return bargain{}, invalidRequest("The subject token is not accepted")
	}
	b := bargain{
		grant: p.newGrant(x, x.tenant.Account, who.User.ID, withoutOffline(scope)), login: who.LoginID,
		want: wanted{until: who.Expires},
		from: map[string]string{"connection": who.Identity.Connection},
	}
	b.grant.Given = who.Given
	b.grant.IDP, b.grant.AMR, b.grant.ACR, b.grant.AuthTime = who.Identity.Connection, who.Identity.AMR, who.Identity.ACR, who.Identity.AuthTime
	return b, nil
}

// exchangedScope returns what of a token's scope its successor has: what is asked for, or all that the
// client may have.
func exchangedScope(parameter string, held []string, c *registry.Client) ([]string, *Fault) {
	asked := strings.Fields(parameter)
	for _, s := range asked {
		if !slices.Contains(held, s) || !slices.Contains(c.Scopes, s) {
			return nil, invalidScope("The scope exceeds the subject token's, or the client's")
		}
	}
	if len(asked) == 0 {
		asked = allowedScope(held, c)
	}
	granted := withoutOffline(asked)
	if len(granted) == 0 {
		return nil, invalidScope("Nothing of the subject token's scope is the client's to have")
	}
	return granted, nil
}

// withoutOffline leaves out the scope that asks for a refresh token, and what is there twice.
func withoutOffline(scope []string) []string {
	var rest []string
	for _, s := range scope {
		if s != mapping.ScopeOfflineAccess && !slices.Contains(rest, s) {
			rest = append(rest, s)
		}
	}
	return rest
}

// ofPresented words the engine's refusal for a client. An identity provider that does not answer says
// nothing about the token.
func ofPresented(err error) error {
	var refused *broker.Refusal
	if !errors.As(err, &refused) || refused.Reason == broker.ReasonUpstreamDown {
		return unavailable(err)
	}
	fault := invalidRequest("The subject token is not accepted")
	fault.Err = err
	return fault
}

// ofSubject words the refusal of a grant's user as what it is in an exchange: RFC 8693 §2.2.2 wants
// invalid_request for a subject token that is not acceptable, for any reason.
func ofSubject(err error) error {
	var fault *Fault
	if errors.As(err, &fault) && fault.Code == "invalid_grant" {
		return invalidRequest(fault.Description)
	}
	return err
}
