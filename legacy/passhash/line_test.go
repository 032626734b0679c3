package passhash

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/patchbay-auth/patchbay/mapping"
)

func newLine(workers, capacity int, memory int64) *line {
	return &line{workers: workers, capacity: capacity, memory: memory, waiting: map[mapping.TenantKey][]*ticket{}}
}

// A visitor enters the line and, once called, says so and leaves when told.
type visitor struct {
	err    error
	called chan struct{}
	leave  chan struct{}
}

func (l *line) visit(ctx context.Context, tenant mapping.TenantKey, memory int64) *visitor {
	v := &visitor{called: make(chan struct{}), leave: make(chan struct{})}
	go func() {
		t, err := l.enter(ctx, tenant, memory)
		v.err = err
		close(v.called)
		if err == nil {
			<-v.leave
			l.leave(t)
		}
	}()
	synctest.Wait()
	return v
}

func (v *visitor) done() bool {
	select {
	case <-v.called:
		return true
	default:
		return false
	}
}

func TestTenantsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(1, 10, 100)
		first := l.visit(t.Context(), "a", 0)
		names := []string{"a1", "a2", "a3", "b1", "b2", "c1"}
		visitors := make([]*visitor, len(names))
		for i, name := range names {
			visitors[i] = l.visit(t.Context(), mapping.TenantKey(name[:1]), 0)
		}
		var order []string
		for running := first; running != nil; {
			close(running.leave)
			running = nil
			synctest.Wait()
			for i, v := range visitors {
				if v != nil && v.done() {
					if running != nil {
						t.Fatal("two run at once on one worker")
					}
					running, visitors[i] = v, nil
					order = append(order, names[i])
				}
			}
		}
		if want := []string{"a1", "b1", "c1", "a2", "b2", "a3"}; !slices.Equal(order, want) {
			t.Errorf("order %v, want %v", order, want)
		}
		if l.running != 0 || l.queued != 0 || len(l.waiting) != 0 || len(l.turns) != 0 {
			t.Errorf("not empty at the end: %+v", l)
		}
	})
}

func TestFullQueueTurnsAwayWhoWaitsMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(1, 3, 100)
		running := l.visit(t.Context(), "a", 0)
		a1, a2, a3 := l.visit(t.Context(), "a", 0), l.visit(t.Context(), "a", 0), l.visit(t.Context(), "a", 0)
		if a4 := l.visit(t.Context(), "a", 0); !errors.Is(a4.err, mapping.ErrBusy) {
			t.Errorf("the fourth in a queue of three got %v", a4.err)
		}
		b1 := l.visit(t.Context(), "b", 0)
		if b1.done() || !a3.done() || !errors.Is(a3.err, mapping.ErrBusy) {
			t.Errorf("b should have a3's place: %v", a3.err)
		}
		if b2 := l.visit(t.Context(), "b", 0); !errors.Is(b2.err, mapping.ErrBusy) {
			t.Errorf("a second of b would wait as long as a's: got %v", b2.err)
		}
		for _, v := range []*visitor{running, a1, b1, a2} {
			if !v.done() || v.err != nil {
				t.Fatalf("not called in turn: %v", v.err)
			}
			close(v.leave)
			synctest.Wait()
		}
	})
}

func TestWhoGivesUpLeavesThePlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(1, 1, 100)
		running := l.visit(t.Context(), "a", 0)
		ctx, cancel := context.WithCancel(t.Context())
		waiting := l.visit(ctx, "a", 0)
		cancel()
		synctest.Wait()
		if !errors.Is(waiting.err, context.Canceled) {
			t.Fatalf("got %v", waiting.err)
		}
		if late := l.visit(ctx, "b", 0); !errors.Is(late.err, context.Canceled) {
			t.Errorf("a context that has ended already: %v", late.err)
		}
		next := l.visit(t.Context(), "a", 0)
		close(running.leave)
		synctest.Wait()
		if !next.done() || next.err != nil {
			t.Errorf("the place was not given back: %v", next.err)
		}
		close(next.leave)
	})
}

func TestMemoryIsBoundedAndNobodyOvertakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(4, 10, 100)
		one := l.visit(t.Context(), "a", 60)
		ctx, cancel := context.WithCancel(t.Context())
		big, small := l.visit(ctx, "a", 60), l.visit(t.Context(), "b", 1)
		if !one.done() || big.done() || small.done() {
			t.Fatal("only the first fits, and the small one must not overtake")
		}
		cancel() // the big one gives up; the small one no longer waits behind it
		synctest.Wait()
		if !small.done() || small.err != nil {
			t.Errorf("the small one still waits: %v", small.err)
		}
		if l.used != 61 {
			t.Errorf("%d bytes in use, want 61", l.used)
		}
		close(one.leave)
		close(small.leave)
	})
}
