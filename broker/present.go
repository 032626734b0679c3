package broker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/mapping"
)

// A PresentedToken is an ID token or an access token of an IdP, in the hands of a client that asks for
// tokens of ours in exchange (RFC 8693).
type PresentedToken struct {
	Client *registry.Client
	Tenant *registry.Tenant
	Token  secret.Text
	// Access tells that it is an access token.
	Access bool
	// Address is the client's IP address, for the audit log.
	Address string
}

// A Recognition is who a presented token is about, and how they logged in at the IdP.
type Recognition struct {
	User     mapping.User
	Identity mapping.Identity
	// Given are roles and groups that the rules give, beside those of the directory.
	Given mapping.Given
	// LoginID names the record of the login.
	LoginID id.ID
	// Expires is when an access token ends; zero for an ID token.
	Expires time.Time
}

// An AccessVerifier is an Upstream whose access tokens clients may present. The errors are those of
// Upstream.Finish.
type AccessVerifier interface {
	VerifyAccess(ctx context.Context, token string) (who mapping.Identity, expires time.Time, err error)
}

// MakerOf returns the issuer that a JWT names, unverified, or nothing for what is no JWT.
func MakerOf(token secret.Text) string {
	issuer, _, err := federation.Parties(token.Reveal())
	if err != nil {
		return ""
	}
	return issuer
}

// Present maps a token of a connection that the client may exchange from, as if the person had logged
// in, and records it as a login. It makes no session, and no link: a rule that asks for one would take
// whoever has an address now for whoever was linked by it before, and only a login can see to that. So
// people whom nothing but such a rule finds have to log in once.
func (e *Engine) Present(ctx context.Context, p PresentedToken) (Recognition, error) {
	record := e.directLogin(p.Client, p.Tenant, "", "", p.Address)
	r, err := e.maker(p)
	if err != nil {
		return Recognition{}, e.refusePresented(ctx, record, ReasonConnection, err)
	}
	record.Connection = r.connection.ID
	identity, expires, err := verifyPresented(ctx, r.upstream, p)
	switch {
	case errors.Is(err, errNoVerifier):
		return Recognition{}, e.refusePresented(ctx, record, ReasonConnection, err)
	case err != nil:
		return Recognition{}, e.refusePresented(ctx, record, upstreamReason(err), err)
	}
	record.Subject = truncate(identity.ExternalID, maxSubject)
	if identity, err = admit(r.connection.Policy, identity, e.Now()); err != nil {
		return Recognition{}, e.refusePresented(ctx, record, ReasonWeak, err)
	}
	decision, err := e.resolve(ctx, r, p.Tenant, identity, &record)
	switch {
	case err != nil:
		return Recognition{}, err
	case decision.Refused != "":
		return Recognition{}, e.refuse(ctx, record, id.ID{}, errors.New(record.Detail))
	case decision.Link:
		err := fmt.Errorf("rule %s makes a link, and that takes a login in the browser", decision.Rule)
		return Recognition{}, e.refusePresented(ctx, record, ReasonNotProvisioned, err)
	}
	err = e.Sessions.RecordLogin(ctx, record, succeededEvent(record, record.Connection))
	return Recognition{User: decision.User, Identity: identity, Given: decision.Given, LoginID: record.ID, Expires: expires}, err
}

var errNoVerifier = errors.New("tokens of the connection cannot be exchanged")

// verifyPresented has the connection verify a token of its IdP. Only an access token has an expiry of
// which the caller hears.
func verifyPresented(ctx context.Context, u Upstream, p PresentedToken) (mapping.Identity, time.Time, error) {
	if p.Access {
		if verifier, ok := u.(AccessVerifier); ok {
			return verifier.VerifyAccess(ctx, p.Token.Reveal())
		}
		return mapping.Identity{}, time.Time{}, errNoVerifier
	}
	verifier, ok := u.(TokenVerifier)
	if !ok {
		return mapping.Identity{}, time.Time{}, errNoVerifier
	}
	identity, err := verifier.VerifyToken(ctx, p.Token.Reveal())
	return identity, time.Time{}, err
}

// maker finds the connection that a token says it comes from, among those that the client may exchange
// from.
func (e *Engine) maker(p PresentedToken) (route, error) {
	issuer, audience, err := federation.Parties(p.Token.Reveal())
	if err != nil {
		return route{}, err
	}
	for _, name := range p.Client.TokenExchange.Connections {
		c, ok := e.Registry.Snapshot().Connection(p.Tenant.Account, name)
		if !ok || c.OIDC == nil || !c.OIDC.Issues(issuer) {
			continue
		}
		wanted := []string{c.OIDC.ClientID}
		if p.Access {
			wanted = c.OIDC.AccessTokens.Audiences
		}
		if slices.ContainsFunc(audience, func(aud string) bool { return slices.Contains(wanted, aud) }) {
			return e.Upstreams.route(p.Tenant.Account, name)
		}
	}
	return route{}, errors.New("the token is of no connection that the client may exchange from")
}

// refusePresented refuses for a reason that the rules know nothing of. A caller that has gone away
// meanwhile changes nothing about that.
func (e *Engine) refusePresented(ctx context.Context, record Login, reason Reason, cause error) error {
	record.Reason, record.Detail = reason, truncate(cause.Error(), maxDetail)
	return e.refuse(context.WithoutCancel(ctx), record, id.ID{}, cause)
}
