package broker

import (
	"context"
	"errors"
	"fmt"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
)

// LoginPage is what the login page of an attempt shows.
type LoginPage struct {
	AttemptID id.ID
	Purpose   Purpose
	// Tenant is nil for a platform client whose person has yet to say which one it is; then the page
	// asks for a customer number.
	Tenant      *registry.Tenant
	Client      *registry.Client
	Connections []*registry.Connection // the enabled ones of the tenant
	// IdentifierFirst is set when a user name alone can lead to an identity provider: see Identify.
	IdentifierFirst bool
	// Remembered is the connection to offer first, or nil: see Home.
	Remembered *registry.Connection
	LoginHint  string
	UILocales  []string
	// RedirectURI is where the client will be answered; pages allow forms to lead to its origin.
	RedirectURI string
}

// Page returns what to show for an attempt that waits for the person.
func (e *Engine) Page(ctx context.Context, attempt id.ID, b Browser) (LoginPage, error) {
	a, err := e.attempt(ctx, attempt, b)
	if err != nil {
		return LoginPage{}, err
	}
	client, tenant, err := e.parties(a.Request)
	if err != nil {
		return LoginPage{}, err
	}
	page := LoginPage{
		AttemptID: a.ID, Purpose: a.Purpose, Tenant: tenant, Client: client, LoginHint: a.Request.LoginHint,
		UILocales: a.Request.UILocales, RedirectURI: a.Request.RedirectURI,
	}
	page.IdentifierFirst = e.identifierFirst(tenant)
	if c, ok := e.remembered(b, tenant); ok {
		page.Remembered = c
	}
	if tenant == nil { // which connections a tenant has is not told to strangers
		return page, nil
	}
	for _, c := range e.Registry.Snapshot().Connections(tenant.Account) {
		if c.Enabled {
			page.Connections = append(page.Connections, c)
		}
	}
	return page, nil
}

// Cancel ends an attempt because the person gave up: the client is told access_denied.
func (e *Engine) Cancel(ctx context.Context, attempt id.ID, b Browser) (Next, error) {
	a, err := e.act(ctx, attempt, b)
	if err != nil {
		return Next{}, err
	}
	record := e.newLogin(a, b, a.Connection, "")
	record.Reason = ReasonCancelled
	return e.giveUp(ctx, a, []State{StateNew, StateSent}, record, "access_denied", "The person cancelled the login")
}

// judgeAttempt turns the outcome of loading an attempt into what the person is told.
func (e *Engine) judgeAttempt(a Attempt, err error, b Browser) error {
	switch {
	case errors.Is(err, ErrNotFound):
		return &Refusal{Reason: ReasonUnknownAttempt, Err: err}
	case err != nil:
		return fmt.Errorf("loading an attempt: %w", err)
	case b.Binding == "" || b.hash() != a.Browser:
		return &Refusal{Reason: ReasonBrowser}
	case !e.Now().Before(a.ExpiresAt):
		return &Refusal{Reason: ReasonExpired}
	}
	return nil
}
