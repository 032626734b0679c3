package broker

import (
	"context"
	"errors"
	"time"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/mapping"
)

// LocalACR is the acr of a login with a password: SAML's name for one over a protected transport, which
// SAML and OpenID Connect peers know alike, and the absolute URI that OpenID Connect Core §2 would like.
const LocalACR = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"

// maxCredential bounds what is handed to the directory and to a hash, in bytes.
const maxCredential = 1024

// Credentials is what a person types to log in with a password of the legacy database.
type Credentials struct {
	Login    string
	Password secret.Text
	// CustomerNumber says which tenant it is where nothing else does; empty where not asked for.
	CustomerNumber string
}

// Password tries a login with a password of the legacy database. Unknown user, wrong password,
// disabled user, a user who must use an IdP, and an unknown customer number or domain are one refusal,
// and take the same time.
func (e *Engine) Password(ctx context.Context, attempt id.ID, b Browser, c Credentials) (Next, error) {
	a, err := e.act(ctx, attempt, b)
	if err != nil {
		return Next{}, err
	}
	client, tenant, err := e.parties(a.Request)
	if err != nil {
		return Next{}, e.turnedAway(ctx, a, LocalIDP, b, err)
	}
	if tenant == nil {
		tenant = e.tenantOf(c)
		a.Account = tenant.Account
	}
	record := e.newLogin(a, b, LocalIDP, "")
	started := e.Now()
	user, err := e.tryPassword(ctx, tenant, b, &record, c)
	if err != nil {
		return Next{}, err
	}
	next, err := e.admitPassword(ctx, a, b, client, user, record)
	if err != nil {
		return Next{}, errors.Join(err, e.atFloor(ctx, started))
	}
	if next.Answer == nil || next.Answer.SessionToken == "" {
		return next, nil
	}
	if next.Answer.Known, err = e.remember(b, accountOf(tenant, c.Login)); err != nil {
		e.Logger.ErrorContext(ctx, "the browser was not told that it is known", "error", err) // the login stands
	}
	return next, nil
}

// admitPassword makes the session of a user whose password it is.
func (e *Engine) admitPassword(ctx context.Context, a Attempt, b Browser, client *registry.Client, user mapping.User, record Login) (Next, error) {
	seat, err := e.seat(ctx, a, b, user.ID, LocalIDP, record.ID)
	if err != nil {
		return Next{}, err
	}
	seat.session.AMR, seat.session.ACR = []string{"pwd"}, LocalACR
	seat.session.AuthTime = e.Now()
	return e.settle(ctx, settling{attempt: a, browser: b, from: []State{StateNew, StateSent}, client: client, seat: seat, login: record})
}

// tenantOf finds the tenant that a person of a platform client belongs to: by the verified domain of
// an address they log in with, else by their customer number. If neither names one, it is a tenant
// without users, so that nobody learns which numbers and domains there are.
func (e *Engine) tenantOf(c Credentials) *registry.Tenant {
	snapshot := e.Registry.Snapshot()
	account, found := registry.Account(""), false
	if domain, isAddress := registry.DomainOf(c.Login); isAddress {
		account, found = snapshot.DomainOwner(domain)
	}
	if !found && c.CustomerNumber != "" {
		account, found = snapshot.CustomerNumberOwner(c.CustomerNumber)
	}
	if tenant, ok := snapshot.Tenant(account); found && ok && tenant.Enabled {
		return tenant
	}
	return &registry.Tenant{}
}

// tryPassword returns whose login and password they are. A *Refusal has been recorded. It and every trouble
// of ours have taken as long as every other; only what was not looked at is told at once.
func (e *Engine) tryPassword(ctx context.Context, tenant *registry.Tenant, from Browser, record *Login, c Credentials) (mapping.User, error) {
	started := e.Now()
	v, err := e.authenticate(ctx, tenant, from, c.Login, c.Password)
	asked := complete(c.Login, c.Password)
	record.UserID, record.Subject, record.BreakGlass = v.user.ID, truncate(c.Login, maxSubject), v.spared
	switch {
	case !asked:
		record.Subject = ""
	case v.user.ID == "":
		record.Subject = NobodysName(e.Sealer, c.Login)
	}
	var refused *Refusal
	switch {
	case errors.As(err, &refused):
		refused.AttemptID = record.AttemptID // the person may go on with it, later
		e.recordThrottled(*record, refused)
		return mapping.User{}, refused
	case err != nil:
		return mapping.User{}, errors.Join(err, e.atFloor(ctx, started))
	case v.why == "":
		return v.user, nil
	}
	record.Reason, record.Detail = ReasonCredentials, v.why
	if !asked && !record.AttemptID.IsZero() {
		record.ID = onceFor(record.AttemptID, v.why) // nothing else stops one who posts these for ever
	}
	err = e.refuse(ctx, *record, record.AttemptID, errors.New(v.why))
	return mapping.User{}, errors.Join(err, e.atFloor(ctx, started))
}

// atFloor waits until a login with a password that began then has taken as long as a refused one does, so
// that its outcomes cannot be told apart by time.
func (e *Engine) atFloor(ctx context.Context, began time.Time) error {
	if left := e.FailureFloor() - e.Now().Sub(began); left > 0 {
		return e.Sleep(ctx, left)
	}
	return nil
}

// sleep waits by the clock on the wall.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
