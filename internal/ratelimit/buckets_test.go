package ratelimit_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/internal/ratelimit"
)

type clock struct{ nanos atomic.Int64 }

func (c *clock) Now() time.Time       { return time.Unix(1_800_000_000, c.nanos.Load()) }
func (c *clock) pass(d time.Duration) { c.nanos.Add(int64(d)) }

func newBuckets(t testing.TB, rate ratelimit.Rate, keys int) (*ratelimit.Buckets[string], *clock) {
	t.Helper()
	c := new(clock)
	b, err := ratelimit.New[string](rate, keys, c.Now)
	if err != nil {
		t.Fatal(err)
	}
	return b, c
}

func TestSpend(t *testing.T) {
	b, c := newBuckets(t, ratelimit.Rate{PerSecond: 10, Burst: 3}, 100)
	for i, step := range []struct {
		pass time.Duration
		key  string
		n    int
		want ratelimit.Level
	}{
		{0, "a", 1, ratelimit.Level{Spent: true, Left: 2, Full: 100 * time.Millisecond}},
		{0, "a", 2, ratelimit.Level{Spent: true, Left: 0, Full: 300 * time.Millisecond}},
		{0, "a", 1, ratelimit.Level{Left: 0, Full: 300 * time.Millisecond, Retry: 100 * time.Millisecond}},
		{0, "b", 1, ratelimit.Level{Spent: true, Left: 2, Full: 100 * time.Millisecond}}, // each key has its own
		{99 * time.Millisecond, "a", 1, ratelimit.Level{Left: 0, Full: 201 * time.Millisecond, Retry: time.Millisecond}},
		{time.Millisecond, "a", 1, ratelimit.Level{Spent: true, Left: 0, Full: 300 * time.Millisecond}},
		{150 * time.Millisecond, "a", 2, ratelimit.Level{Left: 1, Full: 150 * time.Millisecond, Retry: 50 * time.Millisecond}},
		{time.Hour, "a", 99, ratelimit.Level{Spent: true, Left: 0, Full: 300 * time.Millisecond}}, // never more than the burst
	} {
		c.pass(step.pass)
		if got := b.Spend(step.key, step.n); got != step.want {
			t.Fatalf("step %d: got %+v, want %+v", i, got, step.want)
		}
	}
}

func TestRefund(t *testing.T) {
	b, c := newBuckets(t, ratelimit.Rate{PerSecond: 10, Burst: 3}, 100)
	empty := ratelimit.Level{Spent: true, Left: 0, Full: 300 * time.Millisecond}
	for range 2 {
		if got := b.Spend("a", 3); got != empty {
			t.Fatalf("got %+v, want %+v", got, empty)
		}
		if b.Spend("a", 1).Spent {
			t.Fatal("control: an empty bucket had one left")
		}
		b.Refund("a", 9) // no more than could have been spent
	}
	c.pass(time.Hour)
	b.Refund("a", 3)
	b.Refund("nobody", 3)
	for _, key := range []string{"a", "nobody"} {
		if got := b.Spend(key, 3); got != empty {
			t.Errorf("%s has more than the burst: %+v", key, got)
		}
		if b.Spend(key, 1).Spent {
			t.Errorf("%s has more than the burst", key)
		}
	}
}

func TestParallelSpendersShareOneBurst(t *testing.T) {
	b, _ := newBuckets(t, ratelimit.Rate{PerSecond: 1, Burst: 100}, 10)
	var spent atomic.Int64
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 50 {
				if b.Spend("a", 1).Spent {
					spent.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if spent.Load() != 100 {
		t.Errorf("%d were spent of a burst of 100", spent.Load())
	}
}

// TestStrangersDoNotWashACounterAway floods the buckets with keys that never come back, while one that
// has spent everything keeps trying.
func TestStrangersDoNotWashACounterAway(t *testing.T) {
	const keys = 1000
	b, _ := newBuckets(t, ratelimit.Rate{PerSecond: 1, Burst: 5}, keys)
	for range 5 {
		b.Spend("persistent", 1)
	}
	if b.Spend("persistent", 1).Spent {
		t.Fatal("control: a burst of 5 was spent 6 times")
	}
	spent := 0
	for i := range 20 * keys {
		b.Spend(string(rune(i+1000)), 1)
		if i%20 == 0 && b.Spend("persistent", 1).Spent {
			spent++
		}
	}
	if spent > 0 {
		t.Errorf("after strangers came, %d more were spent without time going by", spent)
	}
}

func TestRateCheck(t *testing.T) {
	if err := (ratelimit.Rate{PerSecond: 1, Burst: 1}).Check(); err != nil {
		t.Fatalf("control: %v", err)
	}
	for _, r := range []ratelimit.Rate{
		{},
		{PerSecond: 1},
		{Burst: 1},
		{PerSecond: -1, Burst: 1},
		{PerSecond: 1, Burst: -1},
		{PerSecond: ratelimit.MaxPerSecond + 1, Burst: 1},
		{PerSecond: 1, Burst: ratelimit.MaxBurst + 1},
	} {
		if r.Check() == nil {
			t.Errorf("%+v was accepted", r)
		}
	}
}

func BenchmarkSpend(b *testing.B) {
	buckets, _ := newBuckets(b, ratelimit.Rate{PerSecond: ratelimit.MaxPerSecond, Burst: ratelimit.MaxBurst}, 1000)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			buckets.Spend("acme", 1)
		}
	})
}
