package broker

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/federation"
)

// A MetadataPublisher is an Upstream whose IdP has to know a document of ours.
type MetadataPublisher interface {
	ServiceMetadata(context.Context) ([]byte, error)
}

// ServiceMetadata returns our metadata for the IdP of a SAML connection. It is a *Refusal for a connection
// that does not exist, is disabled, or has none.
func (e *Engine) ServiceMetadata(ctx context.Context, account registry.Account, connection string) ([]byte, error) {
	r, err := e.Upstreams.route(account, connection)
	if err != nil {
		return nil, &Refusal{Reason: ReasonConnection, Err: err}
	}
	publisher, ok := r.upstream.(MetadataPublisher)
	if !ok {
		return nil, &Refusal{Reason: ReasonConnection, Err: errors.New("the connection is not one of SAML")}
	}
	document, err := publisher.ServiceMetadata(ctx)
	if err != nil {
		return nil, fmt.Errorf("metadata for connection %s/%s: %w", account, connection, err)
	}
	return document, nil
}

// A LogoutRequest is how a browser brings word of a SAML IdP that sessions have ended there.
type LogoutRequest struct {
	Account    registry.Account
	Connection string
	// Query is as it came, byte by byte; Form is nil unless it was posted.
	Query string
	Form  url.Values
	// Address is where the browser is.
	Address string
}

// A SingleLogouter is an Upstream whose IdP has a browser bring a signed request when it has ended
// sessions, and wants an answer. The errors are those of Upstream.Finish.
type SingleLogouter interface {
	SingleLogout(context.Context, federation.LogoutMessage) (federation.LogoutNotice, federation.Started, error)
}

// SingleLogout ends the sessions that a SAML IdP says have ended there, and returns how many those were and
// how the browser carries the answer back; the URL is empty if the IdP has no address for answers. What is not to
// be believed is a *Refusal for ReasonLogout, kept in the audit log, and gets no answer. The request names the
// person: whose browser brings it does not matter.
func (e *Engine) SingleLogout(ctx context.Context, req LogoutRequest) (int, Next, error) {
	ended, next, err := e.singleLogout(ctx, req)
	return ended, next, e.logoutRefused(Notice{Account: req.Account, Connection: req.Connection, Address: req.Address}, err)
}

func (e *Engine) singleLogout(ctx context.Context, req LogoutRequest) (int, Next, error) {
	r, err := e.Upstreams.route(req.Account, req.Connection)
	if err != nil {
		return 0, Next{}, &Refusal{Reason: ReasonConnection, Err: err}
	}
	logouter, ok := r.upstream.(SingleLogouter)
	if !ok {
		return 0, Next{}, &Refusal{Reason: ReasonConnection, Err: errors.New("the connection is not one of SAML")}
	}
	said, answer, err := logouter.SingleLogout(ctx, federation.LogoutMessage{Query: req.Query, Form: req.Form})
	switch {
	case errors.Is(err, federation.ErrOurs):
		return 0, Next{}, err
	case err != nil:
		return 0, Next{}, &Refusal{Reason: upstreamReason(err), Err: err}
	}
	ended, err := e.EndFrom(ctx, req.Account, req.Connection, said, req.Address)
	return ended, Next{Step: StepRedirect, URL: answer.URL, Form: answer.Form}, err
}
