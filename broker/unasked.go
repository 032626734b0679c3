package broker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

// An UnaskedVerifier is an Upstream whose IdP can log people in here without being asked. The errors are
// those of Upstream.Finish.
type UnaskedVerifier interface {
	Unasked(ctx context.Context, params url.Values) (mapping.Identity, error)
}

// KeepUnasked verifies a login that began at the IdP, and returns the handle by which the same browser
// fetches it. Only what was verified is stored: anybody can post.
func (e *Engine) KeepUnasked(ctx context.Context, account registry.Account, connection string, params url.Values, address string) (handle string, err error) {
	b := Browser{Address: address}
	r, err := e.visiting(account, connection)
	if err != nil {
		return "", e.turnedAway(ctx, e.visitor(account, connection), connection, b, err)
	}
	verifier, ok := r.route.upstream.(UnaskedVerifier)
	if !ok {
		return "", e.turnedAway(ctx, e.visitor(account, connection), connection, b, &Refusal{Reason: ReasonConnection, Err: errors.New("the connection is not one of SAML")})
	}
	identity, err := verifier.Unasked(ctx, params)
	switch {
	case errors.Is(err, federation.ErrOurs):
		return "", err
	case err != nil:
		return "", e.turnedAway(ctx, e.visitor(account, connection), connection, b, &Refusal{Reason: upstreamReason(err), Err: err})
	}
	body, err := json.Marshal(identity)
	if err != nil {
		return "", fmt.Errorf("storing an identity: %w", err)
	}
	handle, hash := grant.NewSecret()
	return handle, e.keep(ctx, Callback{Handle: hash, Account: account, Connection: connection}, body, hash) // it answers nothing but itself
}

// Unasked logs in at issuer whom KeepUnasked has verified, and sends the browser to where the connection's
// client begins logins (OpenID Connect Core §4): the session answers that one.
func (e *Engine) Unasked(ctx context.Context, account registry.Account, connection, handle, issuer string, b Browser) (Next, error) {
	r, err := e.visiting(account, connection)
	if err != nil {
		return Next{}, e.turnedAway(ctx, e.visitor(account, connection), connection, b, err)
	}
	body, err := e.kept(ctx, account, connection, handle)
	if err != nil {
		return Next{}, e.turnedAway(ctx, e.visitor(account, connection), connection, b, err)
	}
	var identity mapping.Identity
	if err := json.Unmarshal(body, &identity); err != nil {
		return Next{}, fmt.Errorf("reading an identity: %w", err)
	}
	r.browser = b
	r.attempt.Request.Issuer = issuer
	return e.identified(ctx, r, identity)
}

// visitor is the attempt of a login that began at an IdP, for the audit log: of a tenant, if there is such a
// connection.
func (e *Engine) visitor(account registry.Account, connection string) Attempt {
	if _, known := e.Registry.Snapshot().Connection(account, connection); !known {
		return Attempt{}
	}
	return Attempt{Account: account}
}

// visiting returns what an IdP-initiated login is for, if the connection allows one: an attempt that is
// stored nowhere.
func (e *Engine) visiting(account registry.Account, connection string) (returning, error) {
	refuse := func(err error) (returning, error) { return returning{}, &Refusal{Reason: ReasonConnection, Err: err} }
	r := returning{}
	var err error
	if r.route, err = e.Upstreams.route(account, connection); err != nil {
		return refuse(err)
	}
	c := r.route.connection
	if c.SAML == nil || c.SAML.IDPInitiated == "" {
		return refuse(errors.New("the connection allows no login that begins at the identity provider"))
	}
	r.attempt = Attempt{
		Purpose: PurposeVisit, State: StateReturned, Account: account, Connection: c.ID, CreatedAt: e.Now(),
		Request: AuthRequest{ClientID: c.SAML.IDPInitiated, RequestedClientID: c.SAML.IDPInitiated, Account: account, MaxAge: -1},
	}
	if r.client, r.tenant, err = e.parties(r.attempt.Request); err != nil {
		return refuse(err)
	}
	if r.client.InitiateLoginURI == "" || r.tenant == nil || r.tenant.Account != account {
		return refuse(fmt.Errorf("client %s of tenant %s has no initiate_login_uri", r.client.ID, account))
	}
	return r, nil
}

// visited is where a login leads that nobody asked for.
func visited(s settling, out Settlement) (Next, Settlement) {
	out.Attempt = Attempt{} // it was never stored
	target, err := url.Parse(s.client.InitiateLoginURI)
	if err != nil { // which the registry has checked
		target = &url.URL{}
	}
	q := target.Query()
	q.Set("iss", s.attempt.Request.Issuer)
	target.RawQuery = q.Encode()
	return Next{
		Step: StepRedirect, AttemptID: id.ID{}, URL: target.String(),
		Answer: &Answer{Request: s.attempt.Request, SessionToken: s.token},
	}, out
}
