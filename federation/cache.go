package federation

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"
)

// Fetching is allowed fetchBurst times at once and then once per fetchInterval: enough for a key
// that was rotated a moment after we looked, too little for a storm.
const (
	fetchInterval = 10 * time.Second
	fetchBurst    = 3
)

// errTooSoon means that nothing was fetched, because too much was fetched lately.
var errTooSoon = fmt.Errorf("%w: asked too often lately", ErrUnreachable)

// patience is the part of a timeout that a login waits for a fresh value when the old one will do: an IdP
// whose metadata or keys hang may still log people in.
const patience = 4

// A cached value is fetched when first needed, and again when it is older than refresh. While that
// fails, or takes too long, it is still used, until it is older than expiry. Concurrent callers share one
// fetch, and each waits no longer than its own context allows.
type cached[T any] struct {
	fetch           func(context.Context) (T, error)
	refresh, expiry time.Duration
	timeout         time.Duration
	now             func() time.Time

	limit  *rate.Limiter
	flight singleflight.Group

	mu     sync.Mutex
	latest version[T]
	err    error // of the latest fetch
}

// A version is a value and when it came. Number 0 is no value.
type version[T any] struct {
	value  T
	number int
	at     time.Time
}

func newCached[T any](cfg Config, refresh, expiry time.Duration, fetch func(context.Context) (T, error)) *cached[T] {
	return &cached[T]{
		fetch: fetch, refresh: refresh, expiry: expiry, timeout: cfg.Timeout, now: cfg.Now,
		limit: rate.NewLimiter(rate.Every(fetchInterval), fetchBurst),
	}
}

// get returns a version that is fresh or, when the IdP does not answer, not yet expired.
func (c *cached[T]) get(ctx context.Context) (version[T], error) {
	c.mu.Lock()
	have := c.latest
	c.mu.Unlock()
	age := c.now().Sub(have.at)
	if have.number > 0 && age < c.refresh {
		return have, nil
	}
	if have.number == 0 || age >= c.expiry {
		return c.newer(ctx, have.number)
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout/patience)
	defer cancel()
	if next, err := c.newer(ctx, have.number); err == nil {
		return next, nil
	}
	return have, nil
}

// newer returns a version later than the given one, fetching it unless another caller just has.
// It returns errTooSoon when the latest fetch succeeded and another is not allowed yet.
func (c *cached[T]) newer(ctx context.Context, than int) (version[T], error) {
	for {
		done := c.flight.DoChan("", func() (any, error) { return c.advance(ctx, than) })
		select {
		case <-ctx.Done():
			return version[T]{}, fmt.Errorf("%w: %w", ErrUnreachable, ctx.Err())
		case r := <-done:
			v, _ := r.Val.(version[T])
			if r.Err != nil || v.number > than {
				return v, r.Err
			}
			// We joined a caller that was content with the version we know.
		}
	}
}

func (c *cached[T]) advance(ctx context.Context, than int) (version[T], error) {
	c.mu.Lock()
	have, last := c.latest, c.err
	c.mu.Unlock()
	if have.number > than {
		return have, nil
	}
	now := c.now()
	if !c.limit.AllowN(now, 1) {
		if last != nil {
			return version[T]{}, fmt.Errorf("%w (not asked again yet)", last)
		}
		return version[T]{}, errTooSoon
	}
	// The fetch is everybody's: the caller that happened to come first may go away.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.timeout)
	defer cancel()
	value, err := c.fetch(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err = err; err != nil {
		return version[T]{}, err
	}
	c.latest = version[T]{value: value, number: have.number + 1, at: now}
	return c.latest, nil
}
