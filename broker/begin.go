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

// Begin takes a validated authorization request. A usable session of the browser answers it at
// once; otherwise an attempt begins, at the login page or directly at the IdP that was asked for.
func (e *Engine) Begin(ctx context.Context, req AuthRequest, b Browser) (Next, error) {
	client, tenant, err := e.parties(req)
	if err != nil {
		return Next{}, err
	}
	if tenant != nil {
		req.Account = tenant.Account
	}
	silent := slices.Contains(req.Prompt, "none")
	if !wantsPerson(req) {
		session, err := e.usableSession(ctx, req, tenant, b)
		switch {
		case err == nil:
			return e.answerFromSession(ctx, req, client, session, b)
		case !errors.Is(err, ErrNotFound):
			return Next{}, err
		}
	}
	if silent {
		return refuseClient(req, "login_required", "Nobody is logged in"), nil
	}
	now := e.Now()
	a := Attempt{
		ID: id.New(), Purpose: PurposeAuthorize, State: StateNew, Account: req.Account, Request: req, Browser: b.hash(),
		CreatedAt: now, ExpiresAt: now.Add(e.AttemptLifetime),
	}
	if err := e.Attempts.InsertAttempt(ctx, a); err != nil {
		return Next{}, err
	}
	if c, ok := e.hinted(tenant, req); ok {
		a.Account = c.Account
		return e.send(ctx, a, b, c.ID)
	}
	return Next{Step: StepLogin, AttemptID: a.ID}, nil
}

// parties finds the client of a request and its tenant, and refuses what was switched off. The tenant
// is nil for a platform client whose person has yet to say which one it is.
func (e *Engine) parties(req AuthRequest) (*registry.Client, *registry.Tenant, error) {
	snapshot := e.Registry.Snapshot()
	client, ok := snapshot.Client(req.ClientID)
	if !ok || !client.Usable(e.Now()) {
		return nil, nil, &Refusal{Reason: ReasonUnknownAttempt, Err: errors.New("client is gone or disabled")}
	}
	account := client.Account
	if client.Platform() {
		account = req.Account
		if account == "" {
			return client, nil, nil
		}
	}
	tenant, ok := snapshot.Tenant(account)
	if !ok || !tenant.Enabled {
		return nil, nil, &Refusal{Reason: ReasonUnknownAttempt, Err: errors.New("tenant is gone or disabled")}
	}
	return client, tenant, nil
}

// wantsPerson reports whether the request asks for a page whatever session there is. A max_age of
// zero is prompt=login in other words (OpenID Connect Core §3.1.2.1, errata set 2).
func wantsPerson(req AuthRequest) bool {
	return req.MaxAge == 0 || slices.Contains(req.Prompt, "login") || slices.Contains(req.Prompt, "select_account")
}

// usableSession returns the browser's session if it can answer the request, else ErrNotFound.
func (e *Engine) usableSession(ctx context.Context, req AuthRequest, tenant *registry.Tenant, b Browser) (Session, error) {
	s, err := e.Session(ctx, req.Issuer, b)
	if err != nil {
		return Session{}, err
	}
	if tenant == nil {
		tenant, _ = e.Registry.Snapshot().Tenant(s.Account)
	}
	switch {
	case tenant == nil, !tenant.Enabled, s.Account != tenant.Account, !e.Admits(s.Account, s.IDP),
		req.MaxAge >= 0 && e.Now().Sub(s.AuthTime) > req.MaxAge,
		req.Subject != "" && req.Subject != s.UserID:
		return Session{}, ErrNotFound
	}
	user, err := e.Directory.User(ctx, tenant.LegacyTenant, s.UserID)
	switch {
	case errors.Is(err, mapping.ErrNoUser):
		return Session{}, ErrNotFound
	case err != nil:
		return Session{}, err
	case !user.Active, s.IDP == LocalIDP && passwordEnded(user, s.AuthTime):
		return Session{}, ErrNotFound
	case s.IDP != LocalIDP:
		return s, nil
	}
	keeps, err := e.KeepsPassword(ctx, tenant, user)
	if err == nil && !keeps {
		err = ErrNotFound
	}
	return s, err
}

// passwordEnded reports whether the password that was typed at a time has stopped to open the door.
func passwordEnded(user mapping.User, typed time.Time) bool {
	return user.FederatedOnly || user.PasswordChangedAt.After(typed)
}

func (e *Engine) answerFromSession(ctx context.Context, req AuthRequest, client *registry.Client, s Session, b Browser) (Next, error) {
	ask, err := e.mustAsk(ctx, req, client, s)
	switch {
	case err != nil:
		return Next{}, err
	case ask && slices.Contains(req.Prompt, "none"):
		return refuseClient(req, "consent_required", "The person has not been asked"), nil
	case ask:
		return e.askFromSession(ctx, req, s, b)
	}
	answer, code := e.answer(req, client, s)
	err = e.Attempts.Settle(ctx, Settlement{Nonce: id.New(), Reached: e.reached(req, client, s), Code: code})
	if err != nil {
		return Next{}, err
	}
	return Next{Step: StepAnswer, Answer: answer}, nil
}

// answer makes the grant by which the client learns of a session, and the code for it unless the
// response type has none.
func (e *Engine) answer(req AuthRequest, client *registry.Client, s Session) (*Answer, *grant.Code) {
	g := e.grant(req, client, s)
	if !req.Wants("code") {
		return &Answer{Request: req, Grant: g}, nil
	}
	secret, code := e.Grants.NewCode(g, req.RedirectURI, req.Challenge)
	return &Answer{Request: req, Code: secret, Grant: g}, &code
}

// grant is what a client is allowed by a session.
func (e *Engine) grant(req AuthRequest, client *registry.Client, s Session) grant.Grant {
	return grant.Grant{
		ID: id.New(), Issuer: req.Issuer, Account: s.Account, ClientID: client.ID,
		RequestedClientID: req.RequestedClientID, UserID: s.UserID, Scope: req.Scope, SessionID: s.ID,
		Nonce: req.Nonce, AuthTime: s.AuthTime, AMR: s.AMR, ACR: s.ACR, IDP: s.IDP, Given: s.Given, CreatedAt: e.Now(),
	}
}
