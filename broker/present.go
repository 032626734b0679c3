package broker

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/mapping"
)

// A PresentedToken is an ID token of an IdP, in the hands of a client that asks for tokens of ours in
// exchange (RFC 8693).
type PresentedToken struct {
	Client *registry.Client
	Tenant *registry.Tenant
	Token  secret.Text
	// Address is the client's IP address, for the audit log.
	Address string
}

// A Recognition is who a presented token is about, and how they logged in at the IdP.
type Recognition struct {
	User     mapping.User
	Identity mapping.Identity
	// LoginID names the record of the login.
	LoginID id.ID
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
	verifier, ok := r.upstream.(TokenVerifier)
	if !ok {
		return Recognition{}, e.refusePresented(ctx, record, ReasonConnection, errors.New("tokens of the connection cannot be exchanged"))
	}
	identity, err := verifier.VerifyToken(ctx, p.Token.Reveal())
	if err != nil {
		return Recognition{}, e.refusePresented(ctx, record, upstreamReason(err), err)
	}
	record.Subject = truncate(identity.ExternalID, maxSubject)
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
	return Recognition{User: decision.User, Identity: identity, LoginID: record.ID}, err
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
		if ok && c.OIDC != nil && c.OIDC.Issuer == issuer && slices.Contains(audience, c.OIDC.ClientID) {
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
