package broker

import (
	"context"
	"errors"
	"time"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

// Errors of the stores. Any other error means that the state could not be read or written, and
// that nothing was changed.
var (
	// ErrNotFound means that there is no such row.
	ErrNotFound = errors.New("not found")
	// ErrConflict means that the row is no longer in the expected state: another call was first.
	ErrConflict = errors.New("state has moved on")
)

// AttemptStore keeps attempts. Each method is one transaction.
type AttemptStore interface {
	InsertAttempt(context.Context, Attempt) error
	Attempt(context.Context, id.ID) (Attempt, error)
	AttemptByUpstreamState(context.Context, grant.Hash) (Attempt, error)
	// MoveAttempt stores a's State, Account, Connection, UpstreamState, SealedMemo and SessionID if the attempt is in
	// one of the from states, else returns ErrConflict. nonce makes a retry recognise itself.
	MoveAttempt(ctx context.Context, a Attempt, nonce id.ID, from ...State) error
	// Settle ends a decision that found a user: the attempt, unless a.ID is zero, moves from one of
	// the from states to a.State; session, the client it reached, login, link, code (each unless nil)
	// and the events are stored, and the device (unless nil) is decided. All or nothing. A device that
	// has expired or was decided before is ErrConflict. A link whose key another user holds, or whose user
	// has another key on the connection that it may not replace, is mapping.ErrLinkExists.
	Settle(ctx context.Context, s Settlement) error
	// RecordWrongUserCode notes that a code was typed that no device shows.
	RecordWrongUserCode(ctx context.Context, at time.Time) error
	// WrongUserCodes counts those after since.
	WrongUserCodes(ctx context.Context, since time.Time) (int, error)
}

// A Settlement is what a login leaves behind, in one transaction.
type Settlement struct {
	// Attempt is moved to its State if its ID is not zero.
	Attempt Attempt
	From    []State
	// Nonce makes a retry after a lost reply recognise its own success.
	Nonce   id.ID
	Session *Session
	// Renews, unless zero, is the token of the session whose place Session takes, with the same ID. If that
	// has ended, or got another token, it is ErrConflict.
	Renews grant.Hash
	// Reached is the client that learns of the session.
	Reached *SessionClient
	Login   *Login
	Link    *Link
	Code    *grant.Code
	Device  *grant.DeviceDecision
	Consent *Consent
	Events  []Event
}

// A Link remembers which user an identity is, for directories that do not keep links themselves.
type Link struct {
	Account   registry.Account
	Key       mapping.LinkKey
	UserID    mapping.UserID
	LoginID   id.ID
	CreatedAt time.Time
	// Replace, unless nil, lets it take the place of another link of the user on the connection. It is
	// not stored.
	Replace *mapping.Replacement
}

// SessionStore keeps sessions and what was recorded about logins.
type SessionStore interface {
	// SessionByToken returns a session, live or not, or ErrNotFound.
	SessionByToken(context.Context, grant.Hash) (Session, error)
	Session(context.Context, id.ID) (Session, error)
	// TouchSession moves SeenAt and ExpiresAt of a session that has not ended.
	TouchSession(ctx context.Context, session id.ID, seen, expires time.Time) error
	// EndSession sets EndedAt unless it is set, puts a logout for each of the session's clients into
	// the outbox, revokes as grant.Store.Revoke does, and appends the event, in one transaction. Ending
	// an ended session is not an error.
	EndSession(ctx context.Context, session id.ID, r grant.Revocation, e Event) error
	// SessionClients returns the clients that learned of a session, in no order.
	SessionClients(context.Context, id.ID) ([]SessionClient, error)
	// LinkedUser returns the user linked to an identity, or ErrNotFound.
	LinkedUser(context.Context, registry.Account, mapping.LinkKey) (mapping.UserID, error)
	// LinkedConnections returns the connections on which a user is linked to an identity, in no order.
	LinkedConnections(context.Context, registry.Account, mapping.UserID) ([]string, error)
	// RecordLogin stores a login that makes no session, refused or not, with its event. One that is
	// recorded already stays as it is, without another event.
	RecordLogin(context.Context, Login, Event) error
	// Login returns a recorded login, or ErrNotFound.
	Login(context.Context, id.ID) (Login, error)
	// Logins returns the newest logins of an account first, at most limit; user narrows it unless
	// empty.
	Logins(ctx context.Context, account registry.Account, user mapping.UserID, limit int) ([]Login, error)
	// LoginsBySubject is Logins for those who came as one of the subjects, byte by byte. There must be
	// at least one.
	LoginsBySubject(ctx context.Context, account registry.Account, subjects []string, limit int) ([]Login, error)
}

// EventStore keeps the audit log.
type EventStore interface {
	AppendEvents(context.Context, []Event) error
	// Events returns events after the given time, oldest first, at most limit.
	Events(ctx context.Context, after time.Time, limit int) ([]Event, error)
}

// A Change is one entry of the change feed.
type Change struct {
	ID      id.ID
	At      time.Time
	Kind    string
	Subject string
}

// ChangeStore reads the change feed. Entries are appended by the transactions they describe.
type ChangeStore interface {
	// Changes returns all entries with At later than after, in no particular order.
	Changes(ctx context.Context, after time.Time) ([]Change, error)
	// Clock returns the database's time, to be compared with ours.
	Clock(context.Context) (time.Time, error)
}

// SweepStore deletes what has expired.
type SweepStore interface {
	// Sweep deletes whatever has expired, and history that has been kept for long enough, in batches,
	// at most a bounded number of rows a call, and returns how many.
	Sweep(ctx context.Context, now time.Time, keep Retention) (int, error)
}

// Retention says how long history is kept after it happened. Zero keeps it for good.
type Retention struct {
	Logins time.Duration
	Events time.Duration
}
