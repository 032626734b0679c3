package broker

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/patchbay-auth/patchbay/internal/id"
)

const (
	eventQueue = 4096
	eventBatch = 200
	eventDelay = time.Second
	// eventTries bounds how long a batch that cannot be stored holds up the others: two minutes.
	eventTries = 120
	// eventPatience bounds the writing of one batch, and of all that is left at the end.
	eventPatience = 5 * time.Second
)

// EventLog writes events that belong to no transaction: tokens issued, tokens refused. Append never
// blocks; events that find the queue full are dropped and counted.
type EventLog struct {
	store   EventStore
	logger  *slog.Logger
	now     func() time.Time
	queue   chan Event
	dropped atomic.Int64
}

// NewEventLog returns a log over a store. Run must be running for anything to be written.
func NewEventLog(store EventStore, logger *slog.Logger, now func() time.Time) *EventLog {
	return &EventLog{store: store, logger: logger, now: now, queue: make(chan Event, eventQueue)}
}

// Append queues an event; it fills in ID and At where they are not set.
func (l *EventLog) Append(e Event) {
	if e.ID.IsZero() {
		e.ID = id.New()
	}
	if e.At.IsZero() {
		e.At = l.now()
	}
	select {
	case l.queue <- e:
	default:
		l.dropped.Add(1)
	}
}

// Dropped returns how many events were lost because the queue was full or the store was down.
func (l *EventLog) Dropped() int64 { return l.dropped.Load() }

// Run writes what is queued, at most a second late, until ctx ends; then it writes the rest. While the
// store fails, the batch in hand is tried again every second and the queue fills up behind it.
func (l *EventLog) Run(ctx context.Context) {
	ticker := time.NewTicker(eventDelay)
	defer ticker.Stop()
	batch := make([]Event, 0, eventBatch)
	failures := 0
	unhurried := context.WithoutCancel(ctx) // the end of ctx must not lose the batch in hand
	for {
		queue := l.queue
		if len(batch) == eventBatch {
			queue = nil // the store fails; only the ticker tries again
		}
		select {
		case e := <-queue:
			if batch = append(batch, e); len(batch) < eventBatch {
				continue
			}
		case <-ticker.C:
		case <-ctx.Done():
			l.drain(unhurried, batch)
			return
		}
		err := l.write(unhurried, batch)
		switch {
		case err == nil:
			failures = 0
		case failures+1 < eventTries:
			failures++
			continue
		default: // not an outage: something in this batch cannot be stored, and must not block the rest
			l.lose(batch, err)
			failures = 0
		}
		batch = batch[:0]
	}
}

func (l *EventLog) drain(ctx context.Context, batch []Event) {
	ctx, cancel := context.WithTimeout(ctx, eventPatience)
	defer cancel()
	flush := func() {
		if err := l.write(ctx, batch); err != nil {
			l.lose(batch, err)
		}
		batch = batch[:0]
	}
	for {
		if len(batch) == eventBatch {
			flush()
		}
		select {
		case e := <-l.queue:
			batch = append(batch, e)
		default:
			flush()
			return
		}
	}
}

func (l *EventLog) write(ctx context.Context, batch []Event) error {
	if len(batch) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, eventPatience)
	defer cancel()
	return l.store.AppendEvents(ctx, batch)
}

func (l *EventLog) lose(batch []Event, err error) {
	lost := l.dropped.Add(int64(len(batch)))
	l.logger.Error("audit events were lost", "count", len(batch), "lost_in_all", lost, "error", err)
}
