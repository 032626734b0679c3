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

// A verdict is about a password that was looked at.
type verdict struct {
	user mapping.User
	// why the login is refused; empty if it is not.
	why string
	// spared is a connection that enforces single sign-on, and lets this user keep a password.
	spared string
}

// authenticate returns whose password it is, or why the login is refused. Every password that anybody presents
// comes through here, and is throttled before it waits for a hash. The error is a *Refusal when the
// password was not looked at, by ReasonThrottled or ReasonBusy; else it is trouble of ours. A Browser
// without an Address is a server that asks for many people: only the account counts.
func (e *Engine) authenticate(ctx context.Context, tenant *registry.Tenant, b Browser, login string, password secret.Text) (v verdict, err error) {
	if !complete(login, password) {
		return verdict{why: fmt.Sprintf("login or password is empty, or longer than %d bytes", maxCredential)}, nil
	}
	account := accountOf(tenant, login)
	try, retry, err := e.Throttle.Begin(ctx, account, e.source(b, account))
	switch {
	case err != nil:
		return v, err
	case retry > 0:
		return v, &Refusal{Reason: ReasonThrottled, RetryAfter: retry, Err: errThrottled}
	}
	outcome := throttle.Void
	defer func() { try.End(outcome) }()
	var not error
	v.user, err = e.Directory.Authenticate(ctx, tenant.LegacyTenant, login, password.Reveal())
	switch {
	case errors.Is(err, mapping.ErrNoUser), errors.Is(err, mapping.ErrWrongPassword), errors.Is(err, mapping.ErrAmbiguous):
		not = err
	case errors.Is(err, mapping.ErrBusy):
		return v, &Refusal{Reason: ReasonBusy, RetryAfter: busyRetry, Err: err}
	case err != nil:
		return v, err
	}
	// Asked after a wrong password too: else its outage would tell which one is right, and uncounted.
	sso, err := e.enforcement(ctx, tenant, v.user, login)
	if err != nil {
		return v, err
	}
	outcome = throttle.Failed
	switch {
	case not != nil:
		v.why = not.Error()
	case !v.user.Active:
		v.why = "user is inactive"
	case v.user.FederatedOnly:
		v.why = "user may only log in through an identity provider"
	case sso.by != "":
		v.why = "connection " + sso.by + " enforces single sign-on"
	default:
		outcome, v.spared = throttle.Succeeded, sso.spared
	}
	return v, nil
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
