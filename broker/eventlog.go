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

// Run writes what is queued, at most a second late, until ctx ends; then it writes the rest.
func (l *EventLog) Run(ctx context.Context) {
	ticker := time.NewTicker(eventDelay)
	defer ticker.Stop()
	batch := make([]Event, 0, eventBatch)
	unhurried := context.WithoutCancel(ctx) // the end of ctx must not lose the batch in hand
	for {
		select {
		case e := <-l.queue:
			batch = append(batch, e)
			if len(batch) == eventBatch {
				batch = l.write(unhurried, batch)
			}
		case <-ticker.C:
			batch = l.write(unhurried, batch)
		case <-ctx.Done():
			l.drain(unhurried, batch)
			return
		}
	}
}

func (l *EventLog) drain(ctx context.Context, batch []Event) {
	ctx, cancel := context.WithTimeout(ctx, eventPatience)
	defer cancel()
	for {
		select {
		case e := <-l.queue:
			batch = append(batch, e)
			if len(batch) == eventBatch {
				batch = l.write(ctx, batch)
			}
		default:
			l.write(ctx, batch)
			return
		}
	}
}

// write stores the batch and returns it empty. A batch that cannot be stored is counted as dropped:
// keeping it would grow without bound while the database is down.
func (l *EventLog) write(ctx context.Context, batch []Event) []Event {
	if len(batch) == 0 {
		return batch
	}
	ctx, cancel := context.WithTimeout(ctx, eventPatience)
	defer cancel()
	if err := l.store.AppendEvents(ctx, batch); err != nil {
		lost := l.dropped.Add(int64(len(batch)))
		l.logger.Error("audit events were lost", "count", len(batch), "lost_in_all", lost, "error", err)
	}
	return batch[:0]
}
