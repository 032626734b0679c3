package census_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/patchbay-auth/patchbay/broker/census"
	"github.com/patchbay-auth/patchbay/mapping"
)

// everybody is a legacy database of users as "tenant scheme able".
type everybody struct {
	users []string
	err   error
	asked int
}

func (e *everybody) ScanSchemes(ctx context.Context, each func(mapping.TenantKey, string, bool) error) error {
	e.asked++
	for _, u := range e.users {
		part := strings.Split(u, " ")
		if err := each(mapping.TenantKey(part[0]), part[1], part[2] == "able"); err != nil {
			return err
		}
	}
	return e.err
}

// shelf is a store of one installation.
type shelf struct {
	mu    sync.Mutex
	saved []census.Census
	held  bool
	err   error
}

func (s *shelf) ClaimCensus(_ context.Context, c census.Claim) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, done := range s.saved {
		if done.Day == c.Day {
			return census.ErrDone
		}
	}
	if s.held {
		return census.ErrTaken
	}
	return s.err
}

func (s *shelf) SaveCensus(_ context.Context, _ census.Claim, c census.Census) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saved = append(s.saved, c)
	return nil
}

func (s *shelf) Censuses(context.Context, census.Day, census.Day) ([]census.Census, error) {
	return s.saved, nil
}

func at(clock string) time.Time {
	t, err := time.Parse(time.DateTime, "2026-11-21 "+clock)
	if err != nil {
		panic(err)
	}
	return t
}

func taker(source census.Source, store census.Store, now time.Time) *census.Taker {
	return census.New(census.Taker{
		Source: source, Store: store, Tenants: func() []mapping.TenantKey { return []mapping.TenantKey{"10010", "10020"} },
		At: 3*time.Hour + 30*time.Minute, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return now },
	})
}

func TestTake(t *testing.T) {
	source := &everybody{users: []string{
		"10020 bcrypt able", "10010 sha1 able", "10010 bcrypt able", "10010 sha1 not", "666 sha1 able", "777 sha1 not", "10010 none not",
	}}
	store := &shelf{}
	c, err := taker(source, store, at("09:00:00")).Take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := census.Census{Day: "2026-11-21", TakenAt: at("09:00:00"), Counts: []census.Count{
		{Tenant: "", Scheme: "sha1", Users: 2, Able: 1},
		{Tenant: "10010", Scheme: "bcrypt", Users: 1, Able: 1},
		{Tenant: "10010", Scheme: "none", Users: 1},
		{Tenant: "10010", Scheme: "sha1", Users: 2, Able: 1},
		{Tenant: "10020", Scheme: "bcrypt", Users: 1, Able: 1},
	}}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]census.Census{want}, store.saved); diff != "" {
		t.Error(diff)
	}
	if c.Users() != len(source.users) {
		t.Errorf("%d users", c.Users())
	}
	if _, err := taker(source, store, at("23:00:00")).Take(t.Context()); !errors.Is(err, census.ErrDone) || source.asked != 1 {
		t.Errorf("again: %v, after %d readings", err, source.asked)
	}
}

// TestTakeStoresAllOrNothing: half a count looks like progress.
func TestTakeStoresAllOrNothing(t *testing.T) {
	broken := errors.New("gone away")
	for name, test := range map[string]struct {
		source *everybody
		store  *shelf
		want   error
	}{
		"control":           {&everybody{users: []string{"10010 sha1 able"}}, &shelf{}, nil},
		"reading breaks":    {&everybody{users: []string{"10010 sha1 able"}, err: broken}, &shelf{}, broken},
		"somebody else's":   {&everybody{}, &shelf{held: true}, census.ErrTaken},
		"the state is down": {&everybody{}, &shelf{err: broken}, broken},
	} {
		_, err := taker(test.source, test.store, at("09:00:00")).Take(t.Context())
		if !errors.Is(err, test.want) || len(test.store.saved) > 0 != (err == nil) {
			t.Errorf("%s: %v, %d stored", name, err, len(test.store.saved))
		}
	}
}

// TestTakePauses: the reading ends with its context, between two pages at the latest.
func TestTakePauses(t *testing.T) {
	source := &everybody{}
	for i := range 5000 {
		source.users = append(source.users, fmt.Sprintf("10010 sha1-%d able", i%3))
	}
	begun := time.Now()
	if _, err := taker(source, &shelf{}, at("09:00:00")).Take(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took < 50*time.Millisecond {
		t.Errorf("five pages were read in %s, without a pause", took)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	store := &shelf{}
	if _, err := taker(source, store, at("09:00:00")).Take(ctx); !errors.Is(err, context.Canceled) || len(store.saved) > 0 {
		t.Errorf("with a context that has ended: %v, %d stored", err, len(store.saved))
	}
}

func TestRunKeepsToItsHours(t *testing.T) {
	for clock, want := range map[string]int{
		"03:30:00": 1, "03:29:59": 0, "00:00:00": 0, "07:29:59": 1, "07:30:00": 0, "23:59:59": 0,
	} {
		t.Run(clock, func(t *testing.T) {
			source, store := &everybody{users: []string{"10010 sha1 able"}}, &shelf{}
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
			defer cancel()
			taker(source, store, at(clock)).Run(ctx)
			if len(store.saved) != want {
				t.Errorf("%d censuses", len(store.saved))
			}
		})
	}
}

func TestRunTellsOfFailure(t *testing.T) {
	var log bytes.Buffer
	c := taker(&everybody{err: errors.New("gone away")}, &shelf{}, at("04:00:00"))
	c.Logger = slog.New(slog.NewTextHandler(&log, nil))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	c.Run(ctx)
	if !strings.Contains(log.String(), "password schemes could not be counted") || !strings.Contains(log.String(), "gone away") {
		t.Errorf("it says %q", &log)
	}
}
