package broker

import (
	"context"
	"errors"
	"time"

	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/mapping"
)

// maxCredential bounds what is handed to the directory and to a hash, in bytes.
const maxCredential = 1024

// Password tries a login with a password of the legacy database. Unknown user, wrong password,
// disabled user and a user who must use an IdP are one refusal, and take the same time.
func (e *Engine) Password(ctx context.Context, attempt id.ID, b Browser, login string, password secret.Text) (Next, error) {
	started := e.Now()
	a, err := e.act(ctx, attempt, b)
	if err != nil {
		return Next{}, err
	}
	client, tenant, err := e.parties(a.Request)
	if err != nil {
		return Next{}, e.turnedAway(ctx, a, LocalIDP, b, err)
	}
	user, why, err := e.authenticate(ctx, tenant.LegacyTenant, login, password)
	record := e.newLogin(a, b, LocalIDP, login)
	record.UserID = user.ID
	if errors.Is(err, mapping.ErrBusy) {
		return Next{}, &Refusal{Reason: ReasonBusy, AttemptID: a.ID, Err: err}
	}
	if err != nil {
		return Next{}, err
	}
	if why != "" {
		record.Reason, record.Detail = ReasonCredentials, why
		err := e.refuse(ctx, record, a.ID, errors.New(why))
		return Next{}, errors.Join(err, wait(ctx, started, e.Now, e.FailureFloor()))
	}
	session, token := e.newSession(a, b, user.ID, record.ID)
	session.IDP, session.AMR = LocalIDP, []string{"pwd"}
	session.AuthTime = e.Now()
	return e.settle(ctx, settling{attempt: a, from: []State{StateNew, StateSent}, client: client, session: session, token: token, login: record})
}

// authenticate returns the user, or why the login is refused; err is trouble of ours.
func (e *Engine) authenticate(ctx context.Context, tenant mapping.TenantKey, login string, password secret.Text) (user mapping.User, why string, err error) {
	switch {
	case login == "" || password.Empty():
		return user, "login or password is empty", nil
	case len(login) > maxCredential || len(password.Reveal()) > maxCredential:
		return user, "login or password is too long", nil
	}
	user, err = e.Directory.Authenticate(ctx, tenant, login, password.Reveal())
	switch {
	case errors.Is(err, mapping.ErrNoUser), errors.Is(err, mapping.ErrWrongPassword), errors.Is(err, mapping.ErrAmbiguous):
		return user, err.Error(), nil
	case err != nil:
		return user, "", err
	case !user.Active:
		return user, "user is inactive", nil
	case user.FederatedOnly:
		return user, "user may only log in through an identity provider", nil
	}
	return user, "", nil
}

// wait sleeps until floor has passed since started, so that refusals cannot be told apart by time.
func wait(ctx context.Context, started time.Time, now func() time.Time, floor time.Duration) error {
	left := floor - now().Sub(started)
	if left <= 0 {
		return nil
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
