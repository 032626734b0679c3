package broker

import (
	"context"
	"time"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

// A SessionClient is a client that learned of a session, and so must learn of its end.
type SessionClient struct {
	SessionID id.ID
	ClientID  string
	// Audience is the client id in the spelling of its latest request, for aud of logout tokens.
	Audience  string
	ReachedAt time.Time
	// ExpiresAt is when the session ends at the latest.
	ExpiresAt time.Time
}

// A Logout tells one client that one session has ended (OpenID Connect Back-Channel Logout 1.0). It
// waits in the outbox, where the transaction that ended the session put it, until the client has
// heard of it or the tries are used up.
type Logout struct {
	SessionID id.ID
	ClientID  string
	// Audience is as in SessionClient.
	Audience string
	Issuer   string
	Account  registry.Account
	UserID   mapping.UserID
	// Tries counts the deliveries that were begun.
	Tries   int
	NextAt  time.Time
	EndedAt time.Time
}

// LogoutStore keeps the outbox of logouts. Each method is one transaction.
type LogoutStore interface {
	// DueLogouts returns logouts whose NextAt has come, the longest due first, at most limit, and
	// none of the clients that are passed over.
	DueLogouts(ctx context.Context, now time.Time, passOver []string, limit int) ([]Logout, error)
	// ClaimLogout counts a try and moves NextAt to until, if l is still as it was read, else it
	// returns ErrConflict. Whoever claimed it has until then to say how it went.
	ClaimLogout(ctx context.Context, l Logout, until time.Time) error
	// PostponeLogout sets NextAt, after a try that failed.
	PostponeLogout(ctx context.Context, l Logout, next time.Time) error
	// FinishLogout removes a logout from the outbox and appends the event, if there is one.
	FinishLogout(ctx context.Context, l Logout, e *Event) error
}

// Reached returns the clients that learned of a session.
func (e *Engine) Reached(ctx context.Context, s Session) ([]SessionClient, error) {
	return e.Sessions.SessionClients(ctx, s.ID)
}

// reached is what a client leaves behind that learns of a session.
func (e *Engine) reached(req AuthRequest, client *registry.Client, s Session) *SessionClient {
	return &SessionClient{
		SessionID: s.ID, ClientID: client.ID, Audience: req.RequestedClientID,
		ReachedAt: e.Now(), ExpiresAt: s.AbsoluteAt,
	}
}
