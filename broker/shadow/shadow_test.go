package shadow

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/mapping"
)

// there is a shadow that tests control. Its zero value knows nobody.
type there struct {
	mu     sync.Mutex
	judge  func(ctx context.Context, login, password string) (mapping.User, string, error)
	find   func(q mapping.Query) ([]mapping.User, error)
	detail mapping.Details
	fails  error // of Details
	asked  int
	closed bool
}

func (d *there) Judge(ctx context.Context, _ mapping.TenantKey, login, password string) (mapping.User, string, error) {
	d.mu.Lock()
	d.asked++
	d.mu.Unlock()
	if d.judge == nil {
		return mapping.User{}, "", mapping.ErrNoUser
	}
	return d.judge(ctx, login, password)
}

func (d *there) Find(_ context.Context, _ mapping.TenantKey, q mapping.Query) ([]mapping.User, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked++
	if d.find == nil {
		return nil, nil
	}
	return d.find(q)
}

func (d *there) Details(context.Context, mapping.TenantKey, mapping.UserID, mapping.Parts) (mapping.Details, error) {
	return d.detail, d.fails
}

func (d *there) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	return nil
}

// book is a store that tests read.
type book struct {
	Store
	mu      sync.Mutex
	all     []Comparison
	tallies map[Outcome]int
	err     error
}

func (b *book) RecordComparisons(_ context.Context, batch Batch) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return b.err
	}
	b.all = append(b.all, batch.Comparisons...)
	for _, t := range batch.Tallies {
		if b.tallies == nil {
			b.tallies = map[Outcome]int{}
		}
		b.tallies[t.Outcome] += t.N
	}
	return nil
}

func (b *book) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err = err
}

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// begin runs a shadow until the test ends, or end is called.
func begin(t *testing.T, source *there, change func(*Config)) (s *Shadow, store *book, end func()) {
	t.Helper()
	store = &book{}
	c := Config{
		Primary: &there{}, Store: store, Compare: everything(), Logger: slog.New(slog.DiscardHandler), Now: newClock().now,
		Open: func(context.Context) (Source, error) { return source, nil },
	}
	if change != nil {
		change(&c)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	end = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(end)
	eventually(t, "it is opened", s.opened.Load)
	return s, store, end
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in ten seconds: %s", what)
		}
	}
}

func (s *Shadow) seen() (n int64) {
	for _, of := range s.Figures().Outcomes {
		n += of
	}
	return n
}

const right = "correct horse"

// accepts is a shadow where everybody has the same password, and the user id of here.
func accepts(user mapping.User) *there {
	return &there{
		judge: func(_ context.Context, _, password string) (mapping.User, string, error) {
			if password == right {
				return user, "bcrypt", nil
			}
			return user, "bcrypt", mapping.ErrWrongPassword
		},
		find: func(mapping.Query) ([]mapping.User, error) { return []mapping.User{user}, nil },
	}
}

func TestLoginsAreCompared(t *testing.T) {
	user := ana().user
	unverifiable := fmt.Errorf("%w: none is stored", mapping.ErrUnverifiable)
	byMail := mapping.Query{By: mapping.ByEmail, Value: "ana@acme.example"}
	byLink := mapping.Query{By: mapping.ByExternalID, Value: "corp|ana", Connection: "corp"}
	for _, test := range []struct {
		name  string
		there *there
		offer func(*Shadow)
		want  string // what differs; "-" where nothing is compared
		of    Outcome
	}{
		{name: "control", there: accepts(user), offer: func(s *Shadow) { s.Password("10010", "ana", right, user, "bcrypt", nil) }, of: Agreed},
		{name: "right here, wrong there", there: accepts(user), offer: func(s *Shadow) { s.Password("10010", "ana", "other", user, "bcrypt", nil) }, want: "password_refused", of: Differed},
		{name: "wrong here, right there", there: accepts(user), offer: func(s *Shadow) { s.Password("10010", "ana", right, user, "bcrypt", mapping.ErrWrongPassword) }, want: "password_admitted", of: Differed},
		{name: "none here, right there", there: accepts(user), offer: func(s *Shadow) { s.Password("10010", "ana", right, user, "none", unverifiable) }, want: "password_admitted", of: Differed},
		{name: "another scheme", there: accepts(user), offer: func(s *Shadow) { s.Password("10010", "ana", right, user, "sha1", nil) }, want: "scheme_differs", of: Agreed},
		{name: "nobody there", there: &there{}, offer: func(s *Shadow) { s.Password("10010", "ana", right, user, "bcrypt", nil) }, want: "user_missing(login)", of: Differed},
		{name: "nobody here", there: accepts(user), offer: func(s *Shadow) {
			s.Password("10010", "ana", "x", mapping.User{}, "", mapping.ErrNoUser)
		}, want: "user_extra(login)", of: Differed},
		{name: "found by a rule", there: accepts(user), offer: func(s *Shadow) { s.Lookup("10010", byMail, []mapping.User{user}, nil) }, of: Agreed},
		{name: "not found by a rule", there: &there{}, offer: func(s *Shadow) { s.Lookup("10010", byLink, []mapping.User{user}, nil) }, want: "user_missing(external_id corp)", of: Differed},
		{name: "found by a rule there only", there: accepts(user), offer: func(s *Shadow) { s.Lookup("10010", byMail, nil, nil) }, want: "user_extra(email)", of: Differed},
		{name: "nobody at both", there: &there{}, offer: func(s *Shadow) { s.Lookup("10010", byMail, nil, nil) }, want: "-"},
		{name: "an unreadable row", there: &there{judge: func(context.Context, string, string) (mapping.User, string, error) {
			return mapping.User{}, "", fmt.Errorf("legacy: user_by_login: %w: column active", mapping.ErrUnreadable)
		}}, offer: func(s *Shadow) { s.Password("10010", "ana", right, user, "bcrypt", nil) }, want: "user_unreadable(login)", of: Differed},
		{name: "the shadow is down", there: &there{judge: func(context.Context, string, string) (mapping.User, string, error) {
			return mapping.User{}, "", errors.New("connection refused")
		}}, offer: func(s *Shadow) { s.Password("10010", "ana", right, user, "bcrypt", nil) }, want: "-", of: Unanswered},
		{name: "the shadow's roles are down", there: func() *there { d := accepts(user); d.fails = errors.New("gone"); return d }(), offer: func(s *Shadow) {
			s.Password("10010", "ana", right, user, "bcrypt", nil)
		}, of: Unanswered},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, store, end := begin(t, test.there, nil)
			test.offer(s)
			eventually(t, "the shadow is asked", func() bool { test.there.mu.Lock(); defer test.there.mu.Unlock(); return test.there.asked == 1 })
			if test.of != "" {
				eventually(t, "it is counted", func() bool { return s.seen() == 1 })
			}
			end()
			if test.of != "" && store.tallies[test.of] != 1 {
				t.Errorf("tallied %v, want one %s", store.tallies, test.of)
			}
			if test.want == "-" {
				if len(store.all) > 0 {
					t.Errorf("stored %+v", store.all)
				}
				return
			}
			if len(store.all) != 1 || names(store.all[0].Differences) != test.want || store.all[0].User != "4711" || store.all[0].Tenant != "10010" {
				t.Errorf("stored %+v, want %s", store.all, test.want)
			}
			if !test.there.closed {
				t.Error("the shadow was not closed")
			}
		})
	}
}

// TestNoAnswerIsNotOffered: what the legacy database could not say cannot differ.
func TestNoAnswerIsNotOffered(t *testing.T) {
	source := accepts(ana().user)
	s, store, end := begin(t, source, nil)
	for _, err := range []error{mapping.ErrBusy, errors.New("connection refused"), context.DeadlineExceeded} {
		s.Password("10010", "ana", right, mapping.User{}, "", err)
		s.Lookup("10010", mapping.Query{By: mapping.ByLogin, Value: "ana"}, nil, err)
	}
	s.Password("", "ana", right, mapping.User{}, "", mapping.ErrNoUser) // a tenant that is none
	s.Password("10010", "bo", right, ana().user, "bcrypt", nil)         // the control
	eventually(t, "the control is compared", func() bool { return s.seen() == 1 })
	end()
	if source.asked != 1 || len(store.all) != 1 {
		t.Errorf("the shadow was asked %d times, %+v", source.asked, store.all)
	}
}

// TestLoginsNeverWait: whatever the shadow and the state database do.
func TestLoginsNeverWait(t *testing.T) {
	user := ana().user
	hang := make(chan struct{})
	defer close(hang)
	for name, test := range map[string]struct {
		there  *there
		change func(*Config)
		want   Outcome
	}{
		"control": {there: accepts(user), want: Agreed},
		"hangs": {there: &there{judge: func(context.Context, string, string) (mapping.User, string, error) {
			<-hang // whatever becomes of the context
			return user, "bcrypt", nil
		}}, want: Dropped},
		"hangs until its time is over": {there: &there{judge: func(ctx context.Context, _, _ string) (mapping.User, string, error) {
			<-ctx.Done()
			return mapping.User{}, "", ctx.Err()
		}}, change: func(c *Config) { c.Timeout = 10 * time.Millisecond }, want: Unanswered},
		"panics": {there: &there{judge: func(context.Context, string, string) (mapping.User, string, error) {
			panic("a driver's bug")
		}}, want: Unanswered},
		"the legacy database has gone": {there: accepts(user), change: func(c *Config) { c.Primary = &there{fails: errors.New("gone")} }, want: Unanswered},
		"the state is down":            {there: accepts(user), change: func(c *Config) { c.Store.(*book).fail(errors.New("down")) }, want: Agreed},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, _ := begin(t, test.there, test.change)
			const logins = 300
			var slowest time.Duration
			for i := range logins {
				begun := time.Now()
				s.Password("10010", fmt.Sprintf("user%d", i), right, user, "bcrypt", nil)
				slowest = max(slowest, time.Since(begun))
			}
			if slowest > 200*time.Millisecond { // two cores that others use, too
				t.Errorf("a login waited for %s", slowest)
			}
			eventually(t, "it ends "+string(test.want), func() bool { return s.Figures().Outcomes[test.want] > 0 })
			if name == "hangs" {
				if n := s.Figures().Outcomes[Dropped]; n != logins-64-2 { // the queue and the workers
					t.Errorf("%d were dropped", n)
				}
			}
		})
	}
}

// TestGuessesAreNotDoubled: a failed login is no way to try passwords at the shadow.
func TestGuessesAreNotDoubled(t *testing.T) {
	time0 := newClock()
	source := accepts(ana().user)
	s, _, _ := begin(t, source, func(c *Config) { c.Now, c.Queue = time0.now, 1000 })
	offered := int64(0)
	asked := func(more int64) int {
		offered += more
		eventually(t, "all have come to an end", func() bool { return s.seen() == offered })
		source.mu.Lock()
		defer source.mu.Unlock()
		return source.asked
	}
	user := ana().user
	for i := range 100 {
		s.Password("10010", "ana", fmt.Sprintf("guess %d", i), user, "bcrypt", mapping.ErrWrongPassword)
	}
	if n := asked(100); n != 1 {
		t.Errorf("of 100 guesses at a name the shadow saw %d", n)
	}
	for i := range 100 {
		s.Password("10010", fmt.Sprintf("name %d", i), "Summer2026", user, "bcrypt", mapping.ErrWrongPassword)
	}
	if n := asked(100); n != 30 {
		t.Errorf("of 100 more names it saw %d", n)
	}
	s.Password("10010", "ana", right, user, "bcrypt", nil)
	if n := asked(1); n != 31 {
		t.Errorf("a login that succeeds after a guess: %d", n)
	}
	time0.pass(59 * time.Second)
	s.Password("10010", "ana", right, user, "bcrypt", nil)
	if n := asked(1); n != 31 {
		t.Errorf("again within a minute: %d", n)
	}
	time0.pass(2 * time.Second)
	s.Password("10010", "ana", right, user, "bcrypt", nil)
	s.Password("10020", "ana", right, user, "bcrypt", nil)
	if n := asked(2); n != 33 {
		t.Errorf("after a minute, and in another tenant: %d", n)
	}
	if n := s.Figures().Outcomes[Spared]; n != 99+71+1 {
		t.Errorf("%d were spared", n)
	}
}

// TestPasswordsAreOverwritten: however a job ends.
func TestPasswordsAreOverwritten(t *testing.T) {
	for name, end := range map[string]func(*Shadow, job){
		"compared": func(s *Shadow, j job) { s.work(t.Context(), accepts(ana().user), j) },
		"too late": func(s *Shadow, j job) { j.at = j.at.Add(-time.Hour); s.work(t.Context(), nil, j) },
		"panics": func(s *Shadow, j job) {
			s.work(t.Context(), &there{judge: func(context.Context, string, string) (mapping.User, string, error) { panic(right) }}, j)
		},
		"not opened": func(s *Shadow, j job) { s.offer(j) },
		"queue full": func(s *Shadow, j job) {
			s.opened.Store(true)
			for range cap(s.jobs) {
				s.jobs <- job{}
			}
			s.offer(j)
		},
		"ended": func(s *Shadow, j job) {
			s.jobs <- j
			ctx, cancel := context.WithCancel(t.Context())
			s.Workers = 0 // nobody takes it
			s.Open = func(context.Context) (Source, error) { cancel(); return &there{}, nil }
			s.Run(ctx)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			s, err := New(Config{Primary: &there{}, Store: &book{}, Now: newClock().now, Logger: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			password := []byte(right)
			end(s, job{at: s.Now(), tenant: "10010", query: mapping.Query{By: mapping.ByLogin, Value: "ana"}, password: password, here: ana()})
			if strings.Trim(string(password), "\x00") != "" {
				t.Errorf("it reads %q", password)
			}
			if strings.Contains(log.String(), right) {
				t.Errorf("the log has it: %s", &log)
			}
		})
	}
}

// TestStateOutage: what was found out is stored afterwards, as much as there is room for.
func TestStateOutage(t *testing.T) {
	store := &book{err: errors.New("down")}
	s, err := New(Config{Store: store, Now: newClock().now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	const met = maxNoted + 10
	for i := range met {
		s.ledger.note(Comparison{User: mapping.UserID(fmt.Sprint(i)), Differences: []Difference{{Code: NamesDiffer}}})
		s.ledger.count(s.Now(), mapping.TenantKey(fmt.Sprint(i%120)), Differed)
	}
	s.store(t.Context())
	if len(store.all) > 0 || s.Figures().Lost != 10 {
		t.Fatalf("stored %d, lost %d", len(store.all), s.Figures().Lost)
	}
	store.fail(nil)
	s.store(t.Context())
	if len(store.all) != maxNoted || store.tallies[Differed] != met {
		t.Errorf("stored %d comparisons and %v", len(store.all), store.tallies)
	}
	if !slices.ContainsFunc(store.all, func(c Comparison) bool { return c.User == "0" }) || s.Figures().Differences[NamesDiffer] != met {
		t.Errorf("the first was forgotten, or not all were counted: %v", s.Figures())
	}
	s.store(t.Context())
	if len(store.all) != maxNoted {
		t.Error("something was stored twice")
	}
}
