package broker_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/internal/id"
)

// changes is a change store whose entries commit in any order.
type changes struct {
	mu   sync.Mutex
	list []broker.Change
	err  error
}

func (c *changes) commit(at time.Time, subject string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, broker.Change{ID: id.New(), At: at, Kind: "k", Subject: subject})
}

func (c *changes) Changes(_ context.Context, after time.Time) ([]broker.Change, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(c.list), func(e broker.Change) bool { return !e.At.After(after) }), c.err
}

func (c *changes) Clock(context.Context) (time.Time, error) {
	return time.Time{}, errors.New("no clock")
}

func TestTheFeedDeliversEveryChangeOnce(t *testing.T) {
	now := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	store := &changes{}
	var got []string
	var fail error
	var polled time.Time
	reloads := 0
	feed := broker.NewFeed(store, func(at time.Time) { polled = at }, slog.New(slog.DiscardHandler), func() time.Time { return now }, broker.Listener{
		Apply: func(_ context.Context, _, subject string) error {
			if fail == nil {
				got = append(got, subject)
			}
			return fail
		},
		Reload: func(context.Context) error { reloads++; return nil },
	})
	poll := func(want ...string) {
		t.Helper()
		got = nil
		if err := feed.Poll(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("delivered %v, want %v", got, want)
		}
		if !polled.Equal(now) {
			t.Errorf("polled at %v, now is %v", polled, now)
		}
	}

	store.commit(now, "a")
	poll("a")
	poll()
	now = now.Add(time.Second)
	store.commit(now.Add(-6*time.Second), "a slow transaction") // older than what was read already
	store.commit(now.Add(9*time.Second), "a replica whose clock is ahead")
	poll("a slow transaction", "a replica whose clock is ahead")
	poll()

	fail = errors.New("the cache cannot reload now")
	store.commit(now, "again")
	before := polled
	if err := feed.Poll(t.Context()); err == nil || !polled.Equal(before) {
		t.Fatalf("a failed delivery counted as a poll: %v", err)
	}
	fail = nil
	poll("again")

	feed.Apply(t.Context(), broker.Change{ID: id.New(), Kind: "k", Subject: "our own"})
	if !slices.Contains(got, "our own") {
		t.Error("a change of this node waits for the next poll")
	}

	store.err = errors.New("database is down")
	now = now.Add(50 * time.Minute)
	if err := feed.Poll(t.Context()); err == nil {
		t.Fatal("an unreadable feed is no error")
	}
	store.err = nil
	store.commit(now.Add(-40*time.Minute), "while we were away")
	poll("while we were away")
	if reloads != 0 {
		t.Error("reloaded although nothing can have been missed")
	}
	now = now.Add(time.Hour)
	poll()
	if reloads != 1 {
		t.Errorf("%d reloads after more than the feed's retention", reloads)
	}
}
