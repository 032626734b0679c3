package legacy

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/singleflight"

	"github.com/patchbay-auth/patchbay/mapping"
)

const (
	// patience is how long a caller who could have a stale value waits for a fresh one. A database
	// that hangs must not hang introspection, which answers within 2 s.
	patience = 500 * time.Millisecond
	// recovery is how long stale values are served without asking, after the database failed.
	recovery = time.Second
)

type cacheKey struct {
	tenant mapping.TenantKey
	user   mapping.UserID
	part   mapping.Parts // zero for the row
}

// A cache answers from memory while the answer is fresh, asks once for everybody who waits for
// the same, and falls back on what is stale while the database does not answer.
type cache[V any] struct {
	fresh, stale time.Duration
	now          func() time.Time
	entries      *otter.Cache[cacheKey, entry[V]]
	flights      singleflight.Group
	// generation counts what was forgotten: an answer asked for before is not kept.
	generation atomic.Uint64
	// retryAt is when to ask again after a failure, in nanoseconds since 1970, by the part of what is asked: a
	// statement that fails holds up no other.
	retryAt [1 << 8]atomic.Int64
	// late counts the answers that were stale, and age is that of the last one, zero once there was a fresh one.
	late, age atomic.Int64
}

// An entry is an answer: a value, or that there is no such user, or more than one.
type entry[V any] struct {
	value V
	err   error
	at    time.Time
}

func newCache[V any](c Config, size int) *cache[V] {
	return &cache[V]{
		fresh: c.Fresh, stale: c.Stale, now: c.Now,
		entries: otter.Must(&otter.Options[cacheKey, entry[V]]{
			MaximumSize:      size,
			ExpiryCalculator: otter.ExpiryWriting[cacheKey, entry[V]](c.Stale),
		}),
	}
}

func (c *cache[V]) get(ctx context.Context, key cacheKey, load func(context.Context) (V, error)) (V, error) {
	have, ok := c.entries.GetIfPresent(key)
	now := c.now()
	if ok && now.Sub(have.at) < c.fresh {
		return have.value, have.err
	}
	usable := ok && now.Sub(have.at) < c.stale
	if usable && now.UnixNano() < c.retryAt[key.part].Load() {
		return c.stand(have)
	}
	generation := c.generation.Load()
	flight := c.flights.DoChan(key.flight(generation), func() (any, error) {
		// Whoever asked first may leave; the others still want to know.
		return c.load(context.WithoutCancel(ctx), key, generation, load)
	})
	var giveUp <-chan time.Time
	if usable {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		giveUp = timer.C
	}
	var none V
	select {
	case answer := <-flight:
		if answer.Err == nil {
			e := answer.Val.(entry[V])
			return e.value, e.err
		}
		if usable && !AboutRows(answer.Err) {
			return c.stand(have)
		}
		return none, answer.Err
	case <-giveUp:
		return c.stand(have)
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// AboutRows reports whether an error is about rows that the database gave. Any other but those of package
// mapping is trouble with the database, and says nothing about anybody.
func AboutRows(err error) bool {
	return errors.Is(err, mapping.ErrUnreadable) || errors.Is(err, ErrTooManyRows)
}

// stand answers with what is stale.
func (c *cache[V]) stand(have entry[V]) (V, error) {
	c.late.Add(1)
	c.age.Store(int64(c.now().Sub(have.at)))
	return have.value, have.err
}

// size returns how many answers there are.
func (c *cache[V]) size() int {
	c.entries.CleanUp()
	return c.entries.EstimatedSize()
}

// load returns an entry, or an error if the database did not answer.
func (c *cache[V]) load(ctx context.Context, key cacheKey, generation uint64, load func(context.Context) (V, error)) (entry[V], error) {
	// An earlier flight may have landed since the caller found nothing.
	if have, ok := c.entries.GetIfPresent(key); ok && c.now().Sub(have.at) < c.fresh && c.generation.Load() == generation {
		return have, nil
	}
	value, err := load(ctx)
	now := c.now()
	switch {
	case err == nil, errors.Is(err, mapping.ErrNoUser), errors.Is(err, mapping.ErrAmbiguous) && !AboutRows(err):
	case AboutRows(err): // the database has answered: what was true of this user is not any more
		c.entries.Invalidate(key)
		return entry[V]{}, err
	default:
		c.retryAt[key.part].Store(now.Add(recovery).UnixNano())
		return entry[V]{}, err
	}
	c.retryAt[key.part].Store(0)
	c.age.Store(0)
	e := entry[V]{value: value, err: err, at: now}
	if c.generation.Load() == generation {
		c.entries.Set(key, e)
		if c.generation.Load() != generation { // it was forgotten between the two lines above
			c.entries.Invalidate(key)
		}
	}
	return e, nil
}

// forget drops a user's entries, in whatever tenant.
func (c *cache[V]) forget(user mapping.UserID) {
	c.generation.Add(1)
	for key := range c.entries.Keys() {
		if key.user == user {
			c.entries.Invalidate(key)
		}
	}
}

func (c *cache[V]) forgetAll() {
	c.generation.Add(1)
	c.entries.InvalidateAll()
}

func (c *cache[V]) close() {
	c.forgetAll()
	c.entries.StopAllGoroutines()
}

// flight names the question. Lengths keep two different keys from being spelled alike.
func (k cacheKey) flight(generation uint64) string {
	return strings.Join([]string{
		strconv.FormatUint(generation, 10), strconv.Itoa(int(k.part)), strconv.Itoa(len(k.tenant)), string(k.tenant), string(k.user),
	}, "|")
}
