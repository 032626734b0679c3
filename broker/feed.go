package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/patchbay-auth/patchbay/internal/id"
)

const (
	feedInterval = 500 * time.Millisecond
	// feedOverlap covers transactions that commit late (they are cut at 5 s) and replicas whose
	// clocks differ (by at most 10 s). Reading only what is newer than the last entry seen loses
	// changes, because commits are not ordered by their ids or times.
	feedOverlap = 30 * time.Second
	// feedRetention is how long entries are kept in the database.
	feedRetention = time.Hour
)

// A Listener keeps some cache true to the database.
type Listener struct {
	// Apply takes one change; it ignores kinds it does not know. After an error the change is
	// delivered again.
	Apply func(ctx context.Context, kind, subject string) error
	// Reload makes everything anew, for when changes may have been missed.
	Reload func(context.Context) error
}

// Feed delivers the changes that any node makes to every cache of this one. Run is the only poller.
type Feed struct {
	store     ChangeStore
	listeners []Listener
	// polled is told the time at which everything before had been applied.
	polled func(time.Time)
	logger *slog.Logger
	now    func() time.Time

	mu   sync.Mutex
	seen map[id.ID]time.Time
	last time.Time // of the last complete poll
}

// NewFeed returns a feed. Its listeners must have loaded their state before Run begins, and not
// earlier than the feed was made.
func NewFeed(store ChangeStore, polled func(time.Time), logger *slog.Logger, now func() time.Time, listeners ...Listener) *Feed {
	return &Feed{
		store: store, listeners: listeners, polled: polled, logger: logger, now: now,
		seen: map[id.ID]time.Time{}, last: now(),
	}
}

// Apply delivers a change that this node has just made, without waiting for the next poll.
func (f *Feed) Apply(ctx context.Context, c Change) {
	if err := f.deliver(ctx, c); err != nil {
		f.logger.Warn("a change of this node will be delivered again", "kind", c.Kind, "error", err)
	}
}

// Run polls until ctx ends.
func (f *Feed) Run(ctx context.Context) {
	ticker := time.NewTicker(feedInterval)
	defer ticker.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := f.Poll(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			f.logger.Error("change feed cannot be read", "error", err)
		}
		if err == nil && failing {
			f.logger.Info("change feed is read again")
		}
		failing = err != nil
	}
}

// Poll reads and delivers once.
func (f *Feed) Poll(ctx context.Context) error {
	started := f.now()
	f.mu.Lock()
	last := f.last
	f.mu.Unlock()
	if started.Sub(last) >= feedRetention-feedOverlap {
		if err := f.reload(ctx); err != nil {
			return err
		}
	}
	changes, err := f.store.Changes(ctx, last.Add(-feedOverlap))
	if err != nil {
		return err
	}
	var failed []error
	for _, c := range changes {
		failed = append(failed, f.deliver(ctx, c))
	}
	if err := errors.Join(failed...); err != nil {
		return err
	}
	f.mu.Lock()
	f.last = started
	for i, at := range f.seen {
		if started.Sub(at) > 4*feedOverlap {
			delete(f.seen, i)
		}
	}
	f.mu.Unlock()
	f.polled(started)
	return nil
}

func (f *Feed) deliver(ctx context.Context, c Change) error {
	f.mu.Lock()
	_, done := f.seen[c.ID]
	f.mu.Unlock()
	if done {
		return nil
	}
	for _, l := range f.listeners {
		if err := l.Apply(ctx, c.Kind, c.Subject); err != nil {
			return fmt.Errorf("applying a change of kind %s: %w", c.Kind, err)
		}
	}
	f.mu.Lock()
	f.seen[c.ID] = f.now()
	f.mu.Unlock()
	return nil
}

func (f *Feed) reload(ctx context.Context) error {
	f.logger.Warn("change feed was silent for too long: reloading everything")
	for _, l := range f.listeners {
		if l.Reload == nil {
			continue
		}
		if err := l.Reload(ctx); err != nil {
			return err
		}
	}
	return nil
}
