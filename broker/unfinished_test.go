package broker_test

import (
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/internal/id"
)

// TestUnfinishedLogins begins logins that nobody finishes: they must cost no memory, and be swept.
func TestUnfinishedLogins(t *testing.T) {
	logins := 10_000
	if testing.Short() {
		logins = 1_000
	}
	k := newKit(t)
	b := newBrowser()
	k.begin(b) // whatever is made once is made now
	before := heap()
	var last id.ID
	for range logins {
		last = k.begin(b)
	}
	if grown := heap() - before; grown > 8<<20 {
		t.Errorf("%d unfinished logins hold %d KiB", logins, grown>>10)
	}
	if _, err := k.Page(t.Context(), last, b.Browser); err != nil {
		t.Fatalf("control: the last login cannot go on: %v", err)
	}
	if n := k.swept(); n != 0 {
		t.Fatalf("control: %d rows were swept before their time", n)
	}
	k.pass(2 * time.Hour) // a late form is told "expired" for an hour
	if n := k.swept(); n <= logins {
		t.Errorf("%d of %d rows were swept", n, logins+1)
	}
	_, err := k.store.Attempt(t.Context(), last)
	if !errors.Is(err, broker.ErrNotFound) {
		t.Errorf("after the sweep the last login is there: %v", err)
	}
}

// swept sweeps until nothing is left to sweep, and returns how many rows went.
func (k *kit) swept() int {
	k.t.Helper()
	for total := 0; ; {
		n, err := k.store.Sweep(k.t.Context(), k.clock.Now(), broker.Retention{})
		k.must(err)
		if n == 0 {
			return total
		}
		total += n
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
