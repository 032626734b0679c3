package legacy_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/internal/mariadbtest"
	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/legacy"
	iqprofile "github.com/patchbay-auth/patchbay/legacy/iq"
	"github.com/patchbay-auth/patchbay/legacy/legacytest"
	"github.com/patchbay-auth/patchbay/mapping"
	"github.com/patchbay-auth/patchbay/testdata/iq"
)

// A clock is moved by hand.
type clock struct{ nanos atomic.Int64 }

func (c *clock) Now() time.Time          { return time.Unix(1_000_000_000, c.nanos.Load()) }
func (c *clock) advance(d time.Duration) { c.nanos.Add(int64(d)) }

func TestCacheAsksOncePerHalfMinute(t *testing.T) {
	var clock clock
	var asked atomic.Int64
	c := legacytest.IQConfig(t, legacy.SQLite)
	c.Now, c.OnStatement = clock.Now, func(legacy.Statement) { asked.Add(1) }
	db := legacytest.Open(t, c)
	raw := legacytest.SQL(t, c)
	active := func() bool {
		t.Helper()
		user, err := db.User(t.Context(), iq.Acme, "4711")
		if err != nil {
			t.Fatal(err)
		}
		return user.Active
	}
	spent := func(want int64) {
		t.Helper()
		if got := asked.Swap(0); got != want {
			t.Errorf("%d statements, want %d", got, want)
		}
	}
	asked.Store(0) // Open's own

	var wait sync.WaitGroup
	for range 32 {
		wait.Go(func() {
			if _, err := db.User(t.Context(), iq.Acme, "4711"); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	spent(1)

	if _, err := raw.ExecContext(t.Context(), "UPDATE users SET Status = 'I' WHERE UserID = 4711"); err != nil {
		t.Fatal(err)
	}
	clock.advance(29 * time.Second)
	if !active() {
		t.Error("29 s old is still fresh")
	}
	spent(0)
	clock.advance(2 * time.Second)
	if active() {
		t.Error("31 s old was served")
	}
	spent(1)

	if _, err := raw.ExecContext(t.Context(), "UPDATE users SET Status = 'A' WHERE UserID = 4711"); err != nil {
		t.Fatal(err)
	}
	db.Invalidate("tenant", "4711")
	db.Invalidate("user", "4712")
	if active() {
		t.Error("other changes made it ask")
	}
	db.Invalidate("user", "4711")
	if !active() {
		t.Error("invalidated, and not asked again")
	}
	spent(1)
	db.Invalidate("", "")
	active()
	spent(1)

	all := mapping.Roles | mapping.Groups | mapping.Softphones | mapping.Configuration
	for range 2 {
		d, err := db.Details(t.Context(), iq.Acme, "4711", all)
		if err != nil {
			t.Fatal(err)
		}
		d.Softphones[0].Address, d.Configuration["solution_id"] = "changed", "changed" // must not reach the cache
	}
	spent(5)
	d, err := db.Details(t.Context(), iq.Acme, "4711", all)
	if err != nil || d.Softphones[0].Address == "changed" || d.Configuration["solution_id"] == "changed" {
		t.Errorf("the cache was changed by its reader: %+v, %v", d, err)
	}

	for range 2 {
		if _, err := db.User(t.Context(), iq.Acme, "99999"); !errors.Is(err, mapping.ErrNoUser) {
			t.Errorf("nobody: %v", err)
		}
		if _, err := db.Find(t.Context(), iq.Acme, mapping.Query{By: mapping.ByLogin, Value: "ana"}); err != nil {
			t.Error(err)
		}
	}
	spent(1 + 2) // one for nobody, two for searches, which are never cached
}

// TestARowThatCannotBeReadIsOneUsers: the others are read anew all the same, and the user themself is not
// served from memory, because the database has answered.
func TestARowThatCannotBeReadIsOneUsers(t *testing.T) {
	onBoth(t, func(t *testing.T, engine legacy.Engine) {
		var clock clock
		c := legacytest.IQConfig(t, engine)
		c.Now = clock.Now
		db := legacytest.Open(t, c)
		read := func(id mapping.UserID) (mapping.User, error) { return db.User(t.Context(), iq.Acme, id) }
		for _, id := range []mapping.UserID{"4711", "4712"} {
			if u, err := read(id); err != nil || !u.Active {
				t.Fatalf("the control: %+v, %v", u, err)
			}
		}
		legacytest.Exec(t, c, "UPDATE users SET UserName = NULL WHERE UserID = 4711")
		legacytest.Exec(t, c, "UPDATE users SET Status = 'I' WHERE UserID = 4712")
		clock.advance(31 * time.Second)
		for range 2 {
			if u, err := read("4711"); !errors.Is(err, mapping.ErrUnreadable) {
				t.Errorf("a row that cannot be read: %+v, %v", u, err)
			}
		}
		if u, err := read("4712"); err != nil || u.Active {
			t.Errorf("switched off 31 s ago, beside a row that cannot be read: %+v, %v", u, err)
		}
		if n := db.StaleAnswers(); n != 0 {
			t.Errorf("%d stale answers", n)
		}
	})
}

// TestAStatementThatFailsHoldsUpNoOther.
func TestAStatementThatFailsHoldsUpNoOther(t *testing.T) {
	onBoth(t, func(t *testing.T, engine legacy.Engine) {
		var clock clock
		c := legacytest.IQConfig(t, engine)
		c.Now = clock.Now
		db := legacytest.Open(t, c)
		both := mapping.Configuration | mapping.Softphones
		if _, err := db.Details(t.Context(), iq.Acme, "4711", both); err != nil {
			t.Fatal(err)
		}
		legacytest.Exec(t, c, "DROP TABLE user_configuration")
		legacytest.Exec(t, c, "DELETE FROM softphones WHERE UserID = 4711")
		clock.advance(time.Minute)
		for range 2 {
			d, err := db.Details(t.Context(), iq.Acme, "4711", both)
			if err != nil || len(d.Configuration) == 0 || len(d.Softphones) > 0 {
				t.Errorf("configuration from memory, and softphones as they are: %+v, %v", d, err)
			}
		}
		if age := db.StaleAge(); age != time.Minute {
			t.Errorf("the stale answer is %s old", age)
		}
		db.Invalidate("", "")
		if _, err := db.Details(t.Context(), iq.Acme, "4712", mapping.Softphones); err != nil || db.StaleAge() != 0 {
			t.Errorf("after a fresh answer the age is %s: %v", db.StaleAge(), err)
		}
	})
}

// TestOutage is DESIGN's outage contract on a server that hangs, and then is gone.
func TestOutage(t *testing.T) {
	server := mariadbtest.Start(t)
	var clock clock
	c := legacy.Config{
		Engine: legacy.MySQL, DSN: secret.New(server.DSN(t)), Profile: iqprofile.Profile(),
		Now: clock.Now, StatementTimeout: 300 * time.Millisecond,
	}
	loading := c
	legacytest.Load(t, loading)
	db := legacytest.Open(t, c)
	ask := func(id mapping.UserID) (time.Duration, error) {
		begun := time.Now()
		user, err := db.User(t.Context(), iq.Acme, id)
		if err == nil && user.ID != id {
			t.Errorf("asked for %s, got %s", id, user.ID)
		}
		return time.Since(begun), err
	}
	if _, err := ask("4711"); err != nil {
		t.Fatal(err)
	}

	server.Pause(t)
	clock.advance(time.Minute)
	if took, err := ask("4711"); err != nil || took > 2*time.Second {
		t.Errorf("hanging server: stale answer after %v: %v", took, err)
	}
	if took, err := ask("4711"); err != nil || took > 200*time.Millisecond {
		t.Errorf("hanging server, second time: after %v: %v", took, err)
	}
	took, err := ask("4712")
	if err == nil || errors.Is(err, mapping.ErrNoUser) || took > 2*time.Second {
		t.Errorf("what was never read cannot be known: after %v: %v", took, err)
	}
	if _, err := db.Authenticate(t.Context(), iq.Acme, "ana", "demo-ana-4711"); err == nil || errors.Is(err, mapping.ErrNoUser) || errors.Is(err, mapping.ErrWrongPassword) {
		t.Errorf("a password cannot be judged now: %v", err)
	}

	server.Resume(t)
	clock.advance(2 * time.Second)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if _, err := ask("4712"); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("it did not recover: %v", err)
		}
	}
	if _, err := ask("4711"); err != nil {
		t.Fatal(err)
	}

	server.Kill(t)
	clock.advance(14 * time.Minute)
	if _, err := ask("4711"); err != nil || db.StaleAge() != 14*time.Minute {
		t.Errorf("14 min old, or %s: %v", db.StaleAge(), err)
	}
	clock.advance(2 * time.Minute)
	if _, err := ask("4711"); err == nil || errors.Is(err, mapping.ErrNoUser) {
		t.Errorf("16 min old: %v", err)
	}
}
