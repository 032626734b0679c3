package broker

import (
	"context"
	"errors"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

// A ClientLogin is what a person types to log in, in the hands of a client that asks for tokens with it
// (RFC 6749 §4.3).
type ClientLogin struct {
	Credentials
	Client *registry.Client
	// Tenant is nil for a platform client when the credentials are all that tells.
	Tenant *registry.Tenant
	// Address is the client's IP address, for the audit log. It is not the person's: guesses are
	// counted by account alone.
	Address string
}

// Authenticate judges credentials as Password does, by the same code, in the same time, and returns
// whose they are and the account of the tenant. It makes no session. A login that is not refused is
// recorded before it is told.
func (e *Engine) Authenticate(ctx context.Context, c ClientLogin) (mapping.User, registry.Account, error) {
	if c.Tenant == nil {
		c.Tenant = e.tenantOf(c.Credentials)
	}
	started := e.Now()
	record := e.directLogin(c.Client, c.Tenant, LocalIDP, "", c.Address)
	user, err := e.tryPassword(ctx, c.Tenant, Browser{}, &record, c.Credentials)
	if err != nil {
		return mapping.User{}, "", err
	}
	if err := e.Sessions.RecordLogin(ctx, record, succeededEvent(record, LocalIDP)); err != nil {
		return mapping.User{}, "", errors.Join(err, e.atFloor(ctx, started)) // as late as a refusal that could not be recorded
	}
	return user, c.Tenant.Account, nil
}

// directLogin returns the record of a login that no browser takes part in.
func (e *Engine) directLogin(c *registry.Client, t *registry.Tenant, connection, subject, address string) Login {
	return Login{
		ID: id.New(), At: e.Now(), Account: t.Account, ClientID: c.ID, Connection: connection,
		Subject: truncate(subject, maxSubject), Address: address,
	}
}

func succeededEvent(l Login, idp string) Event {
	detail := map[string]string{"idp": idp}
	if l.BreakGlass != "" {
		detail["break_glass"] = l.BreakGlass
	}
	return Event{
		ID: id.New(), At: l.At, Kind: LoginSucceeded, Account: l.Account, ClientID: l.ClientID,
		UserID: l.UserID, LoginID: l.ID, Address: l.Address, Detail: detail,
	}
}
