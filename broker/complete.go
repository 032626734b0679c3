package broker

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

// Complete takes what the browser brought back from an IdP to the callback of a connection. The
// callback is claimed before anything is verified: a second use is refused. Whatever fails after
// that, the attempt waits for the person again.
func (e *Engine) Complete(ctx context.Context, account registry.Account, connection string, params url.Values, b Browser) (Next, error) {
	a, err := e.Attempts.AttemptByUpstreamState(ctx, grant.HashOf(params.Get("state")))
	err = e.judgeAttempt(a, err, b)
	var client *registry.Client
	var tenant *registry.Tenant
	switch {
	case err != nil:
	case a.Account != account || a.Connection != connection:
		err = &Refusal{Reason: ReasonUpstream, Err: errors.New("the state belongs to another connection")}
	case a.State != StateSent:
		err = &Refusal{Reason: ReasonUsed}
	default:
		client, tenant, err = e.parties(a.away())
	}
	if err != nil {
		return Next{}, e.turnedAway(ctx, a, connection, b, err)
	}
	r := returning{attempt: a, browser: b, client: client, tenant: tenant}
	if r.route, err = e.Upstreams.route(account, connection); err != nil {
		return Next{}, e.back(ctx, a, StateSent, e.failed(r, ReasonConnection, err), err)
	}
	r.attempt.State = StateReturned
	switch err := e.Attempts.MoveAttempt(ctx, r.attempt, id.New(), StateSent); {
	case errors.Is(err, ErrConflict):
		return Next{}, e.lost(ctx, e.newLogin(a, b, connection, ""), err)
	case err != nil: // perhaps only the reply was lost
		return Next{}, e.reopen(ctx, r.attempt, err)
	}
	next, err := e.returned(ctx, r, params)
	var refused *Refusal
	if err != nil && !errors.As(err, &refused) {
		return Next{}, e.reopen(ctx, r.attempt, err)
	}
	return next, err
}

// returning is a claimed callback.
type returning struct {
	attempt Attempt
	browser Browser
	client  *registry.Client
	tenant  *registry.Tenant
	route   route
}

// returned verifies a claimed callback. Its refusals have moved the attempt; its other errors have not.
func (e *Engine) returned(ctx context.Context, r returning, params url.Values) (Next, error) {
	a := r.attempt
	memo, err := e.Sealer.Open(a.SealedMemo, a.ID[:])
	if err != nil {
		return Next{}, fmt.Errorf("opening the memo of attempt %s: %w", a.ID, err)
	}
	identity, err := r.route.upstream.Finish(ctx, federation.Response{
		Memo: memo, RedirectURI: e.callback(a.Account, a.Connection), Params: params,
	})
	switch {
	case errors.Is(err, federation.ErrOurs):
		return Next{}, err
	case err != nil:
		return Next{}, e.back(ctx, a, StateReturned, e.failed(r, upstreamReason(err), err), err)
	}
	return e.identified(ctx, r, identity)
}

// identified maps a verified identity to a user of the directory.
func (e *Engine) identified(ctx context.Context, r returning, identity mapping.Identity) (Next, error) {
	a := r.attempt
	record := e.newLogin(a, r.browser, a.Connection, identity.ExternalID)
	identity, err := admit(r.route.connection.Policy, identity, a.CreatedAt)
	if err != nil {
		record.Reason, record.Detail = ReasonWeak, truncate(err.Error(), maxDetail)
		return Next{}, e.back(ctx, a, StateReturned, record, err)
	}
	decision, err := e.resolve(ctx, r.route, r.tenant, identity, &record)
	switch {
	case err != nil:
		return Next{}, err
	case decision.Refused != "":
		err := e.back(ctx, a, StateReturned, record, nil)
		var refused *Refusal
		if errors.As(err, &refused) {
			refused.ByRule, refused.Message = true, decision.Message
		}
		return Next{}, err
	}
	next, err := e.welcome(ctx, r, identity, decision, record)
	switch {
	case errors.Is(err, mapping.ErrLinkExists):
		record.Reason = ReasonAmbiguous
	case errors.Is(err, mapping.ErrLoginTaken):
		record.Reason = ReasonLoginTaken
	default:
		return next, err
	}
	record.Detail = truncate(err.Error(), maxDetail)
	return Next{}, e.back(ctx, a, StateReturned, record, err)
}

// resolve asks the rules of a connection who an identity is, and writes into the record what they said.
func (e *Engine) resolve(ctx context.Context, r route, t *registry.Tenant, identity mapping.Identity, record *Login) (mapping.Decision, error) {
	if r.rules.Needs().Create && !e.Directory.KeepsLinks() {
		if err := e.finish(ctx, t, identity, *record); err != nil {
			return mapping.Decision{}, err
		}
	}
	env := mapping.Env{Owns: t.Owns, EmailTrust: r.connection.EmailTrust}
	decision, err := r.rules.Resolve(identity, env, e.lookup(ctx, t))
	if err != nil {
		return mapping.Decision{}, err
	}
	record.Trace, record.UserID = &decision.Trace, decision.User.ID
	if decision.Refused != "" {
		record.Reason, record.Detail = Reason(decision.Refused), "no rule found a user"
		if decision.Rule != "" {
			record.Detail = "rule " + decision.Rule
		}
		record.UserID = metAlone(decision.Trace)
	}
	return decision, nil
}

// welcome makes the session of a person whose user is known, and the link that the rules ask for.
func (e *Engine) welcome(ctx context.Context, r returning, identity mapping.Identity, d mapping.Decision, record Login) (Next, error) {
	var link *Link
	var err error
	switch {
	case d.Create != nil:
		d.User, err = e.create(ctx, r.tenant, identity, *d.Create, record)
		record.UserID = d.User.ID
	case d.Link:
		link, err = e.link(ctx, r.tenant, identity, d, record)
	}
	if err != nil {
		return Next{}, err
	}
	seat, err := e.seat(ctx, r.attempt, r.browser, d.User.ID, r.attempt.Connection, record.ID)
	if err != nil {
		return Next{}, err
	}
	session := &seat.session
	session.AMR, session.ACR = identity.AMR, identity.ACR
	session.ExternalID, session.Given = identity.ExternalID, d.Given
	session.UpstreamSubject, session.UpstreamSession = identity.Subject, identity.SessionID
	if session.SealedHint, err = e.hint(r.route.connection, session.ID, identity.LogoutHint); err != nil {
		return Next{}, err
	}
	session.AuthTime = identity.AuthTime
	if session.AuthTime.IsZero() {
		session.AuthTime = e.Now()
	}
	if life := r.route.connection.Policy.SessionLifetime; life > 0 {
		session.AbsoluteAt = earlier(session.AbsoluteAt, session.SeenAt.Add(life)) // of this login: the session may be older
	}
	if ends := identity.SessionEnds; !ends.IsZero() { // SAML Profiles §4.1.4.3
		session.AbsoluteAt = earlier(session.AbsoluteAt, ends)
	}
	session.ExpiresAt = earlier(session.ExpiresAt, session.AbsoluteAt)
	settling := settling{
		attempt: r.attempt, browser: r.browser, from: []State{StateReturned}, client: r.client, seat: seat, login: record,
	}
	if !e.Directory.KeepsLinks() {
		settling.link = link
	}
	next, err := e.settle(ctx, settling)
	if err == nil && link != nil && link.Replace != nil {
		err = e.endHeld(context.WithoutCancel(ctx), *link, record.Address)
	}
	return next, err
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

// failed is the record of a callback that told nothing about a person.
func (e *Engine) failed(r returning, reason Reason, cause error) Login {
	record := e.newLogin(r.attempt, r.browser, r.attempt.Connection, "")
	record.Reason, record.Detail = reason, truncate(cause.Error(), maxDetail)
	return record
}

// back makes an attempt wait for the person again and records why this try was refused: both or
// neither. A browser that has gone away meanwhile changes nothing about that.
func (e *Engine) back(ctx context.Context, a Attempt, from State, record Login, cause error) error {
	ctx = context.WithoutCancel(ctx)
	a.State = StateNew
	err := e.Attempts.Settle(ctx, Settlement{
		Attempt: a, From: []State{from}, Nonce: id.New(), Login: &record, Events: []Event{refusedEvent(record)},
	})
	if err != nil {
		return e.lost(ctx, record, err)
	}
	return &Refusal{Reason: record.Reason, LoginID: record.ID, AttemptID: a.ID, Err: cause}
}

// reopen makes an attempt wait for the person again after trouble of ours, and returns the trouble.
func (e *Engine) reopen(ctx context.Context, a Attempt, trouble error) error {
	a.State = StateNew
	err := e.Attempts.MoveAttempt(context.WithoutCancel(ctx), a, id.New(), StateReturned)
	if err == nil || errors.Is(err, ErrConflict) { // it had not been claimed, or was settled after all
		return trouble
	}
	return errors.Join(trouble, err)
}
