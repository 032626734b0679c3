package saml

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/patchbay-auth/patchbay/federation"
)

// A Store keeps what must outlive a process and be the same in all of them. Each belongs to one
// connection.
type Store interface {
	// Keys returns the connection's keys, at least one.
	Keys(context.Context) ([]Key, error)
	// Once returns ErrReplayed if it was called with this hash before, in any process, and remembers it until
	// then.
	Once(ctx context.Context, message [sha256.Size]byte, until time.Time) error
	// Metadata returns what KeepMetadata was given last, or nothing.
	Metadata(context.Context) ([]byte, error)
	KeepMetadata(context.Context, []byte) error
}

// ErrReplayed means that a message has been used before.
var ErrReplayed = errors.New("it was used before")

// ours marks the errors of a Store as nobody else's: a state database that is down refuses no response.
type ours struct{ Store }

func (o ours) Keys(ctx context.Context) ([]Key, error) {
	keys, err := o.Store.Keys(ctx)
	if err == nil && len(keys) == 0 {
		err = errors.New("the connection has no key")
	}
	return keys, mark(err)
}

func (o ours) Once(ctx context.Context, message [sha256.Size]byte, until time.Time) error {
	err := o.Store.Once(ctx, message, until)
	if errors.Is(err, ErrReplayed) {
		return err
	}
	return mark(err)
}

func (o ours) Metadata(ctx context.Context) ([]byte, error) {
	text, err := o.Store.Metadata(ctx)
	return text, mark(err)
}

func (o ours) KeepMetadata(ctx context.Context, text []byte) error {
	return mark(o.Store.KeepMetadata(ctx, text))
}

func mark(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", federation.ErrOurs, err)
}
