package broker_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/internal/id"
)

// A ledger is an event store that tests read.
type ledger struct {
	mu     sync.Mutex
	events []broker.Event
	err    error
	// batch, if set, is told of each batch before it is written.
	batch func(ctx context.Context, n int)
}

func (l *ledger) AppendEvents(ctx context.Context, events []broker.Event) error {
	if l.batch != nil {
		l.batch(ctx, len(events))
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.events = append(l.events, events...)
	}
	return l.err
}

func (l *ledger) Events(context.Context, time.Time, int) ([]broker.Event, error) {
	return nil, errors.New("not asked for")
}

func newLog(store broker.EventStore) *broker.EventLog {
	return broker.NewEventLog(store, slog.New(slog.DiscardHandler), func() time.Time { return epoch })
}

// numbered appends n events that can be told apart.
func numbered(log *broker.EventLog, n int) {
	for i := range n {
		log.Append(broker.Event{Kind: broker.TokenIssued, ClientID: strconv.Itoa(i)})
	}
}

func TestShutdownWritesWhatIsQueued(t *testing.T) {
	const n = 1001 // five batches and one
	store := &ledger{}
	log := newLog(store)
	numbered(log, n)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	log.Run(ctx)
	if len(store.events) != n || log.Dropped() != 0 {
		t.Fatalf("%d events written, %d dropped", len(store.events), log.Dropped())
	}
	seen := map[id.ID]bool{}
	for i, e := range store.events {
		if e.ClientID != strconv.Itoa(i) || !e.At.Equal(epoch) || e.ID.IsZero() || seen[e.ID] {
			t.Fatalf("event %d is %+v", i, e)
		}
		seen[e.ID] = true
	}
}

func TestShutdownDuringABatchDoesNotLoseIt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	store := &ledger{batch: func(context.Context, int) { cancel() }}
	log := newLog(store)
	numbered(log, 1000)
	log.Run(ctx)
	if len(store.events) != 1000 || log.Dropped() != 0 {
		t.Errorf("%d events written, %d dropped", len(store.events), log.Dropped())
	}
}

func TestAFullQueueDropsAndCounts(t *testing.T) {
	const queue, over = 4096, 77
	store := &ledger{}
	log := newLog(store)
	done := make(chan struct{})
	go func() {
		defer close(done)
		numbered(log, queue+over) // nobody reads: this must come back nevertheless
	}()
	<-done
	if log.Dropped() != over {
		t.Errorf("%d dropped, want %d", log.Dropped(), over)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	log.Run(ctx)
	if len(store.events) != queue || store.events[queue-1].ClientID != strconv.Itoa(queue-1) {
		t.Errorf("%d written: the oldest must stay", len(store.events))
	}
}

func TestEventsThatCannotBeStoredAreCounted(t *testing.T) {
	var sizes []int
	store := &ledger{err: errDown, batch: func(ctx context.Context, n int) {
		sizes = append(sizes, n)
		if _, bounded := ctx.Deadline(); !bounded {
			t.Error("a batch may hang for ever")
		}
	}}
	log := newLog(store)
	numbered(log, 450)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	log.Run(ctx)
	if log.Dropped() != 450 || !slices.Equal(sizes, []int{200, 200, 50}) {
		t.Errorf("%d dropped in batches of %v", log.Dropped(), sizes)
	}
	store.err = nil
	numbered(log, 1)
	log.Run(ctx)
	if len(store.events) != 1 || log.Dropped() != 450 {
		t.Errorf("afterwards %d written, %d dropped", len(store.events), log.Dropped())
	}
}

func TestEventsAreWrittenWithoutWaitingForABatch(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	written := make(chan int, 1)
	log := newLog(&ledger{batch: func(_ context.Context, n int) { written <- n }})
	done := make(chan struct{})
	go func() { defer close(done); log.Run(ctx) }()
	numbered(log, 3)
	if n := <-written; n < 1 || n > 3 {
		t.Errorf("a batch of %d", n)
	}
	cancel()
	<-done
}

func TestAShortOutageLosesNothing(t *testing.T) {
	store := &ledger{err: errDown}
	tried := make(chan struct{}, 100)
	store.batch = func(context.Context, int) { tried <- struct{}{} }
	log := newLog(store)
	numbered(log, 450)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { log.Run(ctx) })
	<-tried
	store.mu.Lock()
	store.err = nil
	store.mu.Unlock()
	<-tried
	cancel()
	wg.Wait()
	if len(store.events) != 450 || log.Dropped() != 0 {
		t.Errorf("%d events written, %d dropped", len(store.events), log.Dropped())
	}
}
