package broker

import (
	"context"
	"errors"
	"net/url"
	"slices"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

// Send sends the browser of an attempt to an IdP.
func (e *Engine) Send(ctx context.Context, attempt id.ID, b Browser, connection string) (Next, error) {
	a, err := e.act(ctx, attempt, b)
	if err != nil {
		return Next{}, err
	}
	return e.send(ctx, a, connection)
}

func (e *Engine) send(ctx context.Context, a Attempt, connection string) (Next, error) {
	route, err := e.Upstreams.route(a.Account, connection)
	if err != nil {
		return Next{}, &Refusal{Reason: ReasonConnection, AttemptID: a.ID, Err: err}
	}
	state, stateHash := grant.NewSecret()
	started, err := route.upstream.Start(ctx, federation.StartRequest{
		State: state, RedirectURI: e.callback(a.Account, connection), LoginHint: a.Request.LoginHint,
		Prompt: upstreamPrompt(a.Request.Prompt), MaxAge: a.Request.MaxAge, UILocales: a.Request.UILocales,
	})
	if err != nil {
		return Next{}, &Refusal{Reason: ReasonUpstreamDown, AttemptID: a.ID, Err: err}
	}
	sealed, err := e.Sealer.Seal(started.Memo, a.ID[:])
	if err != nil {
		return Next{}, err
	}
	a.State, a.Connection, a.UpstreamState, a.SealedMemo = StateSent, connection, stateHash, sealed
	if err := e.Attempts.MoveAttempt(ctx, a, id.New(), StateNew, StateSent); err != nil {
		return Next{}, usedOr(err)
	}
	return Next{Step: StepRedirect, AttemptID: a.ID, URL: started.URL}, nil
}

// callback is the address an IdP returns to: it never moves (it is pasted at IdPs).
func (e *Engine) callback(account registry.Account, connection string) string {
	return e.PublicURL + "/login/" + string(account) + "/" + connection + "/callback"
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

// Complete takes what the browser brought back from an IdP to the callback of a connection. The
// callback is claimed before anything is verified: a second use is refused.
func (e *Engine) Complete(ctx context.Context, account registry.Account, connection string, params url.Values, b Browser) (Next, error) {
	a, err := e.Attempts.AttemptByUpstreamState(ctx, grant.HashOf(params.Get("state")))
	err = e.judgeAttempt(a, err, b)
	switch {
	case err != nil:
	case a.Account != account || a.Connection != connection:
		err = &Refusal{Reason: ReasonUpstream, Err: errors.New("the state belongs to another connection")}
	case a.State != StateSent:
		err = &Refusal{Reason: ReasonUsed}
	}
	if err != nil {
		return Next{}, e.turnedAway(ctx, a, connection, b, err)
	}
	route, err := e.Upstreams.route(account, connection)
	if err != nil {
		return Next{}, e.back(ctx, a, b, StateSent, ReasonConnection, err)
	}
	a.State = StateReturned
	if err := e.Attempts.MoveAttempt(ctx, a, id.New(), StateSent); err != nil {
		return Next{}, usedOr(err)
	}
	memo, err := e.Sealer.Open(a.SealedMemo, a.ID[:])
	if err != nil {
		return Next{}, err
	}
	identity, err := route.upstream.Finish(ctx, federation.Response{
		Memo: memo, RedirectURI: e.callback(account, connection), Params: params,
	})
	if err != nil {
		return Next{}, e.back(ctx, a, b, StateReturned, upstreamReason(err), err)
	}
	return e.identified(ctx, a, b, route, identity)
}

// identified maps a verified identity to a user of the directory.
func (e *Engine) identified(ctx context.Context, a Attempt, b Browser, route route, identity mapping.Identity) (Next, error) {
	client, tenant, err := e.parties(a.Request)
	if err != nil {
		return Next{}, err
	}
	record := e.newLogin(a, b, a.Connection, identity.ExternalID)
	env := mapping.Env{Owns: tenant.Owns, EmailTrust: route.connection.EmailTrust}
	decision, err := route.rules.Resolve(identity, env, e.lookup(ctx, tenant))
	if err != nil {
		return Next{}, e.reopen(ctx, a, err)
	}
	record.Trace, record.UserID = &decision.Trace, decision.User.ID
	if decision.Refused != "" {
		record.Reason, record.Detail = Reason(decision.Refused), "rule "+decision.Rule
		record.UserID = metAlone(decision.Trace)
		return Next{}, errors.Join(e.refuse(ctx, record, a.ID, nil), e.reopen(ctx, a, nil))
	}
	var link *Link
	if decision.Link {
		link, err = e.link(ctx, tenant, identity, decision.User.ID, record)
		if errors.Is(err, mapping.ErrLinkExists) {
			record.Reason, record.Detail = ReasonAmbiguous, err.Error()
			return Next{}, errors.Join(e.refuse(ctx, record, a.ID, err), e.reopen(ctx, a, nil))
		}
		if err != nil {
			return Next{}, e.reopen(ctx, a, err)
		}
	}
	session, token := e.newSession(a, b, decision.User.ID, record.ID)
	session.IDP, session.AMR, session.ACR = a.Connection, identity.AMR, identity.ACR
	session.ExternalID, session.UpstreamSession = identity.ExternalID, identity.SessionID
	session.AuthTime = identity.AuthTime
	if session.AuthTime.IsZero() {
		session.AuthTime = e.Now()
	}
	return e.settle(ctx, settling{
		attempt: a, from: []State{StateReturned}, client: client, session: session, token: token, login: record, link: link,
	})
}

// metAlone returns the user that a refused login met last, if there was exactly one: support looks
// for the login of a person, who may exist and be switched off.
func metAlone(t mapping.Trace) mapping.UserID {
	if len(t.Steps) == 0 {
		return ""
	}
	if met := t.Steps[len(t.Steps)-1].Met; len(met) == 1 {
		return met[0]
	}
	return ""
}

// lookup answers the mapping's queries from the directory and from our own links.
func (e *Engine) lookup(ctx context.Context, tenant *registry.Tenant) mapping.Lookup {
	return func(q mapping.Query) ([]mapping.User, error) {
		if q.By == mapping.ByExternalID && !e.Directory.KeepsLinks() {
			user, err := e.Sessions.LinkedUser(ctx, tenant.Account, mapping.LinkKey{Connection: q.Connection, ExternalID: q.Value})
			if errors.Is(err, ErrNotFound) {
				return nil, nil
			}
			if err != nil {
				return nil, err
			}
			q = mapping.Query{By: mapping.ByID, Value: string(user)}
		}
		return e.Directory.Find(ctx, tenant.LegacyTenant, q)
	}
}

// link remembers an identity: in the directory if it keeps links, else with the settlement.
func (e *Engine) link(ctx context.Context, tenant *registry.Tenant, identity mapping.Identity, user mapping.UserID, l Login) (*Link, error) {
	key := mapping.LinkKey{Connection: identity.Connection, ExternalID: identity.ExternalID}
	if key.ExternalID == "" {
		return nil, errors.New("the identity provider sent no external id to link by")
	}
	link := Link{Account: tenant.Account, Key: key, UserID: user, LoginID: l.ID, CreatedAt: l.At}
	if !e.Directory.KeepsLinks() {
		return &link, nil
	}
	if err := e.Directory.Link(ctx, tenant.LegacyTenant, key, user); err != nil {
		return nil, err
	}
	e.Events.Append(linkEvent(l, link))
	return nil, nil
}

// back records why an IdP's answer was refused and lets the person try again.
func (e *Engine) back(ctx context.Context, a Attempt, b Browser, from State, reason Reason, cause error) error {
	record := e.newLogin(a, b, a.Connection, "")
	record.Reason, record.Detail = reason, truncate(cause.Error(), 1000)
	a.State = StateNew
	if err := e.Attempts.MoveAttempt(ctx, a, id.New(), from); err != nil {
		return usedOr(err)
	}
	return e.refuse(ctx, record, a.ID, cause)
}

// reopen makes an attempt wait for the person again, and returns cause.
func (e *Engine) reopen(ctx context.Context, a Attempt, cause error) error {
	a.State = StateNew
	if err := e.Attempts.MoveAttempt(ctx, a, id.New(), StateReturned); err != nil {
		return errors.Join(cause, err)
	}
	return cause
}

func upstreamReason(err error) Reason {
	var refused *federation.ResponseError
	switch {
	case errors.As(err, &refused) && refused.Code == "access_denied":
		return ReasonCancelled
	case errors.Is(err, federation.ErrUnreachable):
		return ReasonUpstreamDown
	}
	return ReasonUpstream
}
