package broker

import (
	"context"
	"time"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
)

// LinkStore reads and writes links by the hundred, where the broker keeps them.
type LinkStore interface {
	// Links returns the links of a connection whose external ids come after the given one, in their
	// order, at most limit.
	Links(ctx context.Context, account registry.Account, connection, after string, limit int) ([]Link, error)
	// SaveLinks stores links and events, all or nothing. Its errors are those of Settle; a link that is
	// there already is none.
	SaveLinks(context.Context, []Link, []Event) error
}

// LoginHistory reads recorded logins by the thousand.
type LoginHistory interface {
	// LoginsThrough returns the logins through a connection since a time, newest first, those that come
	// after a mark, at most limit. The zero mark begins with the newest.
	LoginsThrough(ctx context.Context, account registry.Account, connection string, since time.Time, after LoginMark, limit int) ([]Login, error)
	// TallyLogins counts the users who logged in from a time, up to and without another.
	TallyLogins(ctx context.Context, from, to time.Time) ([]Tally, error)
}

// A LoginMark is a place in the history.
type LoginMark struct {
	At time.Time
	ID id.ID
}

// A Tally counts users of a tenant who have in common how they logged in.
type Tally struct {
	Account registry.Account
	// Password and SSO say in which ways: one of them, or both.
	Password, SSO bool
	Users         int
	Logins        int
}
