package ratelimit

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
)

// A Rate is what one key may spend.
type Rate struct {
	// PerSecond is how much flows back each second.
	PerSecond int
	// Burst is how much can be spent at once after a pause.
	Burst int
}

// Interval is the time in which one flows back.
func (r Rate) Interval() time.Duration { return time.Second / time.Duration(r.PerSecond) }

// Window is the time in which an empty bucket fills.
func (r Rate) Window() time.Duration { return r.Interval() * time.Duration(r.Burst) }

// Bounds of a Rate: nothing needs more, and their products stay far from overflow.
const (
	MaxPerSecond = 1_000_000
	MaxBurst     = 10_000_000
)

// Check reports a rate that makes no sense.
func (r Rate) Check() error {
	switch {
	case r.PerSecond < 1 || r.PerSecond > MaxPerSecond:
		return fmt.Errorf("per_second: %d is not between 1 and %d", r.PerSecond, MaxPerSecond)
	case r.Burst < 1 || r.Burst > MaxBurst:
		return fmt.Errorf("burst: %d is not between 1 and %d", r.Burst, MaxBurst)
	}
	return nil
}

// Buckets holds a bucket for each key. It is safe for concurrent use.
type Buckets[K comparable] struct {
	rate  Rate
	now   func() time.Time
	byKey *otter.Cache[K, *atomic.Int64] // when the bucket is full again, in nanoseconds since 1970
}

// New returns Buckets for at most keys keys, about 200 bytes each.
func New[K comparable](rate Rate, keys int, now func() time.Time) (*Buckets[K], error) {
	if err := rate.Check(); err != nil {
		return nil, err
	}
	byKey, err := otter.New(&otter.Options[K, *atomic.Int64]{
		MaximumSize: keys,
		// Only memory depends on this: by then the bucket is full, and full is what a new one is.
		ExpiryCalculator: otter.ExpiryAccessing[K, *atomic.Int64](rate.Window() + time.Minute),
	})
	if err != nil {
		return nil, fmt.Errorf("rate limit for %d keys: %w", keys, err)
	}
	return &Buckets[K]{rate: rate, now: now, byKey: byKey}, nil
}

// A Level is how full a bucket is after something was spent, or was not.
type Level struct {
	// Spent is false when there was not enough left; nothing is taken then.
	Spent bool
	// Left is what could be spent at once.
	Left int
	// Full is how long the bucket needs to be full again.
	Full time.Duration
	// Retry is when the same could be spent, if it was not.
	Retry time.Duration
}

// Spend takes n from the bucket of a key, or nothing at all. More than the burst is never there: n is
// cut to it.
func (b *Buckets[K]) Spend(key K, n int) Level {
	interval, window := int64(b.rate.Interval()), int64(b.rate.Window())
	cost := interval * int64(min(n, b.rate.Burst))
	bucket := b.of(key)
	for {
		now, stored := b.now().UnixNano(), bucket.Load()
		full := max(stored, now)
		if over := full + cost - now - window; over > 0 {
			return Level{Left: int((window - (full - now)) / interval), Full: time.Duration(full - now), Retry: time.Duration(over)}
		}
		if bucket.CompareAndSwap(stored, full+cost) {
			left := window - (full + cost - now)
			return Level{Spent: true, Left: int(left / interval), Full: time.Duration(full + cost - now)}
		}
	}
}

// Refund puts back what Spend took a moment ago. A bucket never holds more than the burst.
func (b *Buckets[K]) Refund(key K, n int) {
	b.of(key).Add(-int64(b.rate.Interval()) * int64(min(n, b.rate.Burst)))
}

func (b *Buckets[K]) of(key K) *atomic.Int64 {
	if bucket, ok := b.byKey.GetIfPresent(key); ok {
		return bucket
	}
	bucket, _ := b.byKey.SetIfAbsent(key, new(atomic.Int64))
	return bucket
}

// Rate returns what each key may spend.
func (b *Buckets[K]) Rate() Rate { return b.rate }
