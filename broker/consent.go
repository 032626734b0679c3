package broker

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

// A Consent is what a person has allowed a client to learn. It is remembered, so that the person is
// asked once, and again only for more.
type Consent struct {
	Account   registry.Account
	UserID    mapping.UserID
	ClientID  string
	Scope     []string
	GrantedAt time.Time
}

// covers reports whether the person has been asked for all of the scopes.
func (c Consent) covers(scope []string) bool {
	return !slices.ContainsFunc(scope, func(s string) bool { return !slices.Contains(c.Scope, s) })
}

// ConsentStore keeps consents; Settle saves them.
type ConsentStore interface {
	// Consent returns what a user has allowed a client, or ErrNotFound.
	Consent(ctx context.Context, account registry.Account, user mapping.UserID, client string) (Consent, error)
	// Consents returns all that a user has allowed.
	Consents(ctx context.Context, account registry.Account, user mapping.UserID) ([]Consent, error)
	// WithdrawConsent forgets a consent, revokes the grants behind the refresh tokens that the client
	// has for the user, kept until the given time, and appends the event. Without such a consent it
	// returns ErrNotFound.
	WithdrawConsent(ctx context.Context, c Consent, until time.Time, e Event) error
}

// mustAsk reports whether the person has to be asked before the client learns anything.
func (e *Engine) mustAsk(ctx context.Context, req AuthRequest, client *registry.Client, s Session) (bool, error) {
	if slices.Contains(req.Prompt, "consent") {
		return true, nil
	}
	if !client.RequireConsent {
		return false, nil
	}
	given, err := e.Consents.Consent(ctx, s.Account, s.UserID, client.ID)
	if errors.Is(err, ErrNotFound) {
		return true, nil
	}
	return !given.covers(req.Scope), err
}

// askFromSession begins an attempt whose person is known already and has a question to answer.
func (e *Engine) askFromSession(ctx context.Context, req AuthRequest, s Session, b Browser) (Next, error) {
	now := e.Now()
	a := Attempt{
		ID: id.New(), Purpose: PurposeAuthorize, State: StateKnown, Account: s.Account, Request: req, Browser: b.hash(),
		SessionID: s.ID, CreatedAt: now, ExpiresAt: now.Add(e.AttemptLifetime),
	}
	if err := e.Attempts.InsertAttempt(ctx, a); err != nil {
		return Next{}, err
	}
	return Next{Step: StepConsent, AttemptID: a.ID}, nil
}

// ConsentPage is the question whether a client may learn something.
type ConsentPage struct {
	AttemptID id.ID
	Tenant    *registry.Tenant
	Client    *registry.Client
	User      mapping.User
	// Scope is what the client asks for.
	Scope       []string
	UILocales   []string
	RedirectURI string
}

// ConsentPage returns the question of an attempt whose person is known.
func (e *Engine) ConsentPage(ctx context.Context, attempt id.ID, b Browser) (ConsentPage, error) {
	a, err := e.attempt(ctx, attempt, b)
	if err != nil {
		return ConsentPage{}, err
	}
	asked, err := e.asked(ctx, a, b)
	if err != nil {
		return ConsentPage{}, err
	}
	user, err := e.Directory.User(ctx, asked.tenant.LegacyTenant, asked.session.UserID)
	if err != nil {
		return ConsentPage{}, err
	}
	return ConsentPage{
		AttemptID: a.ID, Tenant: asked.tenant, Client: asked.client, User: user, Scope: a.Request.Scope,
		UILocales: a.Request.UILocales, RedirectURI: a.Request.RedirectURI,
	}, nil
}

// asked is who is asked, by whom.
type asked struct {
	client  *registry.Client
	tenant  *registry.Tenant
	session Session
}

// asked finds the parties to a question. The session must be the one that the question was about.
func (e *Engine) asked(ctx context.Context, a Attempt, b Browser) (asked, error) {
	client, _, err := e.parties(a.Request)
	if err != nil {
		return asked{}, err
	}
	if a.Purpose != PurposeAuthorize || a.State != StateKnown {
		return asked{}, &Refusal{Reason: ReasonUnknownAttempt, Err: errors.New("the attempt asks no question")}
	}
	s, err := e.Session(ctx, a.Request.Issuer, b)
	if err == nil && (s.ID != a.SessionID || !e.Admits(s.Account, s.IDP)) || errors.Is(err, ErrNotFound) {
		return asked{}, &Refusal{Reason: ReasonExpired, Err: errors.New("the session that was asked has ended")}
	}
	if err != nil {
		return asked{}, err
	}
	tenant, ok := e.Registry.Snapshot().Tenant(s.Account)
	if !ok || !tenant.Enabled {
		return asked{}, &Refusal{Reason: ReasonUnknownAttempt, Err: errors.New("tenant is gone or disabled")}
	}
	return asked{client, tenant, s}, nil
}

// Consent answers the question of an attempt: yes is remembered and answers the client, no tells it
// access_denied.
func (e *Engine) Consent(ctx context.Context, attempt id.ID, b Browser, yes bool) (Next, error) {
	a, err := e.act(ctx, attempt, b)
	if err != nil {
		return Next{}, err
	}
	q, err := e.asked(ctx, a, b)
	if err != nil {
		return Next{}, e.turnedAway(ctx, a, "", b, err)
	}
	a.State, a.SealedMemo = StateDone, nil
	event := Event{
		ID: id.New(), At: e.Now(), Kind: ConsentDenied, Account: q.session.Account, ClientID: q.client.ID,
		UserID: q.session.UserID, LoginID: q.session.LoginID, Address: b.Address,
	}
	out := Settlement{Attempt: a, From: []State{StateKnown}, Nonce: id.New()}
	next := refuseClient(a.Request, "access_denied", "The person did not consent")
	if yes {
		answer, code := e.answer(a.Request, q.client, q.session)
		event.Kind = ConsentGiven
		out.Code, out.Reached = code, e.reached(a.Request, q.client, q.session)
		if out.Consent, err = e.consented(ctx, q.session, q.client, a.Request.Scope); err != nil {
			return Next{}, err
		}
		next = Next{Step: StepAnswer, AttemptID: a.ID, Answer: answer}
	}
	out.Events = []Event{event}
	if err := e.Attempts.Settle(ctx, out); err != nil {
		return Next{}, e.lost(ctx, e.newLogin(a, b, q.session.IDP, ""), err)
	}
	return next, nil
}

// consented returns what a person has allowed a client once they have said yes to a scope, too.
func (e *Engine) consented(ctx context.Context, s Session, client *registry.Client, scope []string) (*Consent, error) {
	given, err := e.Consents.Consent(ctx, s.Account, s.UserID, client.ID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	all := slices.Clone(scope)
	for _, before := range given.Scope {
		if !slices.Contains(all, before) {
			all = append(all, before)
		}
	}
	return &Consent{Account: s.Account, UserID: s.UserID, ClientID: client.ID, Scope: all, GrantedAt: e.Now()}, nil
}

// Withdraw forgets what a user has allowed a client, and ends the grants behind its refresh tokens.
func (e *Engine) Withdraw(ctx context.Context, c Consent, actor string) error {
	until := e.Grants.Revocation(grant.KindGrant, "").ExpiresAt
	return e.Consents.WithdrawConsent(ctx, c, until, Event{
		ID: id.New(), At: e.Now(), Kind: ConsentWithdrawn, Account: c.Account, ClientID: c.ClientID, UserID: c.UserID, Actor: actor,
	})
}
