package broker

import (
	"context"
	"errors"
	"fmt"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/federation"
)

// A Notice is how an OpenID Connect IdP tells that it has ended sessions: by a logout token, or by what it
// made a browser bring.
type Notice struct {
	Account    registry.Account
	Connection string
	// Token is a logout token; if it is empty, Issuer and Session are what the browser brought.
	Token, Issuer, Session string
	// Address is where the notice came from.
	Address string
}

// Notified ends the sessions that an IdP says have ended there, and returns how many those were. What is
// not to be believed is a *Refusal, and kept in the audit log.
func (e *Engine) Notified(ctx context.Context, n Notice) (int, error) {
	ended, err := e.notified(ctx, n)
	return ended, e.logoutRefused(n, err)
}

// logoutRefused keeps the refusal of a notice in the audit log, where its reason is what was wrong, and returns
// what to tell: that a logout was refused, which is no login. Only that an IdP did not answer stays what it is,
// for it may be better the next time. Other errors are returned as they are.
func (e *Engine) logoutRefused(n Notice, err error) error {
	var refused *Refusal
	if !errors.As(err, &refused) {
		return err
	}
	cause := refused.Err
	if cause == nil {
		cause = errors.New(string(refused.Reason))
	}
	e.Events.Append(Event{
		Kind: LogoutRefused, Account: n.Account, Reason: string(refused.Reason), Address: n.Address,
		Detail: map[string]string{
			"connection": truncate(n.Connection, maxConnection), "detail": truncate(cause.Error(), maxDetail),
		},
	})
	if refused.Reason == ReasonUpstreamDown {
		return err
	}
	return &Refusal{Reason: ReasonLogout, Err: fmt.Errorf("%s: %w", refused.Reason, cause)}
}

func (e *Engine) notified(ctx context.Context, n Notice) (int, error) {
	r, err := e.Upstreams.route(n.Account, n.Connection)
	if err != nil {
		return 0, &Refusal{Reason: ReasonConnection, Err: err}
	}
	verifier, ok := r.upstream.(LogoutVerifier)
	if !ok {
		return 0, &Refusal{Reason: ReasonConnection, Err: errors.New("the connection has another protocol for that")}
	}
	var said federation.LogoutNotice
	if n.Token != "" {
		said, err = verifier.VerifyLogout(ctx, n.Token)
	} else {
		said, err = verifier.FrontLogout(n.Issuer, n.Session)
	}
	if err != nil {
		return 0, &Refusal{Reason: upstreamReason(err), Err: err}
	}
	return e.EndFrom(ctx, n.Account, n.Connection, said, n.Address)
}
