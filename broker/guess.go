package broker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/broker/throttle"
	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/mapping"
)

// authenticate returns the user, or why the login is refused. Every password that anybody presents
// comes through here, and is throttled before it waits for a hash. The error is a *Refusal when the
// password was not looked at, by ReasonThrottled or ReasonBusy; else it is trouble of ours. A Browser
// without an Address is a server that asks for many people: only the account counts.
func (e *Engine) authenticate(ctx context.Context, tenant *registry.Tenant, b Browser, login string, password secret.Text) (user mapping.User, why string, err error) {
	if !complete(login, password) {
		return user, fmt.Sprintf("login or password is empty, or longer than %d bytes", maxCredential), nil
	}
	account := accountOf(tenant, login)
	try, retry, err := e.Throttle.Begin(ctx, account, e.source(b, account))
	switch {
	case err != nil:
		return user, "", err
	case retry > 0:
		return user, "", &Refusal{Reason: ReasonThrottled, RetryAfter: retry, Err: errThrottled}
	}
	outcome := throttle.Void
	defer func() { try.End(outcome) }()
	user, err = e.Directory.Authenticate(ctx, tenant.LegacyTenant, login, password.Reveal())
	switch {
	case errors.Is(err, mapping.ErrNoUser), errors.Is(err, mapping.ErrWrongPassword), errors.Is(err, mapping.ErrAmbiguous):
		outcome = throttle.Failed
		return user, err.Error(), nil
	case errors.Is(err, mapping.ErrBusy):
		return user, "", &Refusal{Reason: ReasonBusy, RetryAfter: busyRetry, Err: err}
	case err != nil:
		return user, "", err
	}
	outcome = throttle.Failed
	switch {
	case !user.Active:
		return user, "user is inactive", nil
	case user.FederatedOnly:
		return user, "user may only log in through an identity provider", nil
	}
	outcome = throttle.Succeeded
	return user, "", nil
}

// complete reports whether there is something to ask the directory about.
func complete(login string, password secret.Text) bool {
	return login != "" && !password.Empty() && len(login) <= maxCredential && len(password.Reveal()) <= maxCredential
}

// busyRetry is when there may be room in the queue for password hashes.
const busyRetry = 5 * time.Second

var errThrottled = errors.New("too many failed logins of the account, or from the address")

// accountOf names what is guessed at. Tenants of one legacy database share nothing.
func accountOf(tenant *registry.Tenant, login string) throttle.Account {
	return throttle.AccountOf(string(tenant.LegacyTenant), login)
}

// recordThrottled tells the audit log of a try that was not looked at. It leaves no login record:
// writing one for each would be what the throttle is there to prevent.
func (e *Engine) recordThrottled(l Login, refused *Refusal) {
	if refused.Reason != ReasonThrottled {
		return
	}
	e.Events.Append(Event{
		Kind: LoginRefused, Account: l.Account, ClientID: l.ClientID, Reason: string(refused.Reason), Address: l.Address,
		Detail: map[string]string{"connection": l.Connection, "login": l.Subject},
	})
}
