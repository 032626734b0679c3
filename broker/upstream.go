package broker

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/internal/id"
)

// Send sends the browser of an attempt to an IdP.
func (e *Engine) Send(ctx context.Context, attempt id.ID, b Browser, connection string) (Next, error) {
	a, err := e.act(ctx, attempt, b)
	if err != nil {
		return Next{}, err
	}
	_, tenant, err := e.parties(a.Request)
	if err != nil {
		return Next{}, e.turnedAway(ctx, a, connection, b, err)
	}
	if tenant == nil { // then the browser's last choice is all that says whose person it is
		a.Account = ""
		if c, ok := e.remembered(b, nil); ok && c.ID == connection {
			a.Account = c.Account
		}
	}
	return e.send(ctx, a, b, connection)
}

func (e *Engine) send(ctx context.Context, a Attempt, b Browser, connection string) (Next, error) {
	route, err := e.Upstreams.route(a.Account, connection)
	if err != nil {
		return Next{}, e.notSent(ctx, a, b, connection, ReasonConnection, err)
	}
	state, stateHash := grant.NewSecret()
	request := federation.StartRequest{
		State: state, RedirectURI: e.callback(a.Account, connection), LoginHint: a.Request.LoginHint,
		Prompt: upstreamPrompt(a.Request.Prompt), MaxAge: a.Request.MaxAge, UILocales: a.Request.UILocales,
		ACRValues: a.Request.ACRValues,
	}
	demand(route.connection.Policy, &request)
	started, err := route.upstream.Start(ctx, request)
	switch {
	case errors.Is(err, federation.ErrOurs):
		return Next{}, err
	case err != nil:
		return Next{}, e.notSent(ctx, a, b, connection, ReasonUpstreamDown, err)
	}
	sealed, err := e.Sealer.Seal(started.Memo, a.ID[:])
	if err != nil {
		return Next{}, fmt.Errorf("sealing the memo of attempt %s: %w", a.ID, err)
	}
	a.State, a.Connection, a.UpstreamState, a.SealedMemo = StateSent, connection, stateHash, sealed
	if err := e.Attempts.MoveAttempt(ctx, a, id.New(), StateNew, StateSent); err != nil {
		return Next{}, e.lost(ctx, e.newLogin(a, b, connection, ""), err)
	}
	return Next{Step: StepRedirect, AttemptID: a.ID, URL: started.URL, Form: started.Form}, nil
}

// notSent records why the browser could not be sent to an IdP. The attempt waits as it did.
func (e *Engine) notSent(ctx context.Context, a Attempt, b Browser, connection string, reason Reason, cause error) error {
	return e.turnedAway(ctx, a, connection, b, &Refusal{Reason: reason, AttemptID: a.ID, Err: cause})
}

// callback is the address an IdP returns to: it never moves (it is pasted at IdPs).
func (e *Engine) callback(account registry.Account, connection string) string {
	return e.connectionURL(account, connection) + "/callback"
}

// connectionURL is the base of all addresses of a connection.
func (e *Engine) connectionURL(account registry.Account, connection string) string {
	return e.PublicURL + "/login/" + string(account) + "/" + connection
}

// upstreamPrompt passes on what the IdP has to honour.
func upstreamPrompt(prompt []string) string {
	for _, p := range []string{"login", "select_account"} {
		if slices.Contains(prompt, p) {
			return p
		}
	}
	return ""
}

func upstreamReason(err error) Reason {
	var refused *federation.ResponseError
	switch {
	case errors.As(err, &refused) && refused.Cancelled():
		return ReasonCancelled
	case errors.Is(err, federation.ErrUnreachable):
		return ReasonUpstreamDown
	}
	return ReasonUpstream
}
