package grant

import (
	"context"
	"time"

	"github.com/patchbay-auth/patchbay/internal/id"
)

// UseAssertion uses up an assertion (RFC 7523 §3): maker says whose its jti is. It returns ErrConflict
// for one that was used before; any other error is trouble of ours, and used nothing up. An assertion
// is remembered until it expires.
func (s *Service) UseAssertion(ctx context.Context, maker, jti string, expires time.Time) error {
	return s.store.UseAssertion(ctx, assertionOf(maker, jti), id.New(), expires)
}

// AssertionUsed returns ErrConflict for an assertion that UseAssertion has used up, and uses up nothing itself:
// for what has to be done before that, and may be done twice.
func (s *Service) AssertionUsed(ctx context.Context, maker, jti string) error {
	return s.store.AssertionUsed(ctx, assertionOf(maker, jti))
}

func assertionOf(maker, jti string) Hash { return HashOf(maker + "\x00" + jti) }
