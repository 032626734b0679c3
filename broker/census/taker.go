package census

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/patchbay-auth/patchbay/mapping"
)

// A Taker takes censuses. All fields are required but the last two.
type Taker struct {
	Source Source
	Store  Store
	// Tenants returns those that are counted each by itself.
	Tenants func() []mapping.TenantKey
	// At is when Run takes the census of a day: so long after midnight UTC.
	At time.Duration
	// Logger is nil for slog.Default.
	Logger *slog.Logger
	// Now reports the time; nil means time.Now.
	Now func() time.Time
}

// New returns a Taker with its defaults filled in.
func New(t Taker) *Taker {
	if t.Logger == nil {
		t.Logger = slog.Default()
	}
	if t.Now == nil {
		t.Now = time.Now
	}
	return &t
}

const (
	lookEvery = 5 * time.Minute
	// window is how long after its time a census is still begun, on the same day. One that was missed is left
	// out: its time was chosen because nobody works then.
	window = 4 * time.Hour
)

// Run takes a census each day until ctx ends.
func (t *Taker) Run(ctx context.Context) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	var done Day
	for {
		if today := DayOf(t.Now()); t.due() && today != done && t.try(ctx) {
			done = today
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// due reports whether today's census may begin now.
func (t *Taker) due() bool {
	now := t.Now().UTC()
	late := now.Sub(now.Truncate(24*time.Hour)) - t.At
	return late >= 0 && late < window
}

// try reports whether today needs no other try.
func (t *Taker) try(ctx context.Context) bool {
	c, err := t.Take(ctx)
	switch {
	case err == nil:
		t.Logger.InfoContext(ctx, "password schemes were counted", "day", string(c.Day), "users", c.Users(), "took", t.Now().Sub(c.TakenAt))
		return true
	case errors.Is(err, ErrDone):
		return true
	case errors.Is(err, ErrTaken), ctx.Err() != nil:
	default:
		t.Logger.WarnContext(ctx, "password schemes could not be counted; the next try is in an hour", "error", err)
	}
	return false
}

// Users is how many were counted.
func (c Census) Users() int {
	n := 0
	for _, count := range c.Counts {
		n += count.Users
	}
	return n
}
