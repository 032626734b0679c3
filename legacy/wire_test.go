package legacy_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/legacy/legacytest"
	"github.com/patchbay-auth/patchbay/legacy/proof"
	"github.com/patchbay-auth/patchbay/mapping"
	"github.com/patchbay-auth/patchbay/testdata/iq"
)

// wirePatience is what a statement may take in the tests of wires, and grace what going about it may, on a slow
// machine.
const (
	wirePatience = 300 * time.Millisecond
	grace        = 1700 * time.Millisecond
)

// wired is a sample behind a wire, and somebody in it.
type wired struct {
	db       *legacy.DB
	wire     *legacytest.Wire
	tenant   mapping.TenantKey
	user     mapping.UserID
	login    string
	password string
}

func onWires(t *testing.T, test func(*testing.T, wired)) {
	for _, engine := range []legacy.Engine{legacy.MySQL, legacy.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			w := wired{tenant: iq.Acme, user: "4711", login: "ana", password: "demo-ana-4711"}
			var c legacy.Config
			if engine == legacy.MySQL {
				c = legacytest.IQConfig(t, engine)
			} else {
				c = legacytest.Foreign(t, "../testdata/django", engine)
				w.tenant, w.user, w.password = "site", "1", "lètmein"
			}
			c, w.wire = legacytest.Wired(t, c)
			c.MaxConns, c.StatementTimeout = 4, wirePatience
			w.db = legacytest.Open(t, c)
			test(t, w)
		})
	}
}

// noLinks is where nobody is linked.
type noLinks struct{}

func (noLinks) LinkedUser(_ context.Context, _ registry.Account, _ mapping.LinkKey) (mapping.UserID, error) {
	return "", broker.ErrNotFound
}

func (noLinks) LinkedConnections(_ context.Context, _ registry.Account, _ mapping.UserID) ([]string, error) {
	return nil, nil
}

// ways are what needs the database.
func (w wired) ways(t *testing.T) map[string]func() error {
	ctx := t.Context()
	return map[string]func() error{
		"lookup by login": func() error {
			found, err := w.db.Find(ctx, w.tenant, mapping.Query{By: mapping.ByLogin, Value: w.login})
			if err == nil && (len(found) != 1 || found[0].ID != w.user) {
				err = fmt.Errorf("found %+v", found)
			}
			return err
		},
		"introspection": func() error {
			w.db.Invalidate("", "")
			u, err := w.db.User(ctx, w.tenant, w.user)
			if err == nil && u.ID != w.user {
				err = fmt.Errorf("got %+v", u)
			}
			return err
		},
		"password": func() error {
			_, err := w.db.Authenticate(ctx, w.tenant, w.login, w.password)
			return err
		},
		"check": func() error {
			report, err := proof.Run(ctx, proof.Config{DB: w.db})
			if err == nil && (report.Users == 0 || report.Worst() == proof.Error) {
				err = fmt.Errorf("the report is %+v", report)
			}
			return err
		},
		"import": func() error {
			trial := broker.Trial{
				Directory: w.db, Links: noLinks{}, Tenant: &registry.Tenant{Account: "acme", LegacyTenant: w.tenant}, Connection: &registry.Connection{ID: "corp"},
			}
			plan, err := trial.PlanLinks(ctx, []broker.LinkRow{{Line: 2, ExternalID: "x", UserID: w.user}}, false, time.Now())
			if err == nil && len(plan.Links) != 1 {
				err = fmt.Errorf("the plan is %+v", plan)
			}
			return err
		},
	}
}

// TestWires: a database that hangs, or whose connections break, is trouble that is noticed in time, and
// never an answer about anybody; when it is back, everything works as before.
func TestWires(t *testing.T) {
	onWires(t, func(t *testing.T, w wired) {
		ways := w.ways(t)
		for name, way := range ways {
			if err := way(); err != nil {
				t.Fatalf("the control, %s: %v", name, err)
			}
		}
		for trouble, cause := range map[string]func(){
			"hangs":                w.wire.Hang,
			"ends without a word":  func() { w.wire.Cut(0) },
			"ends in mid-sentence": func() { w.wire.Cut(40) },
			"is gone":              w.wire.Refuse,
		} {
			for name, way := range ways {
				cause()
				begun := time.Now()
				err := way()
				took := time.Since(begun)
				for _, answer := range []error{mapping.ErrNoUser, mapping.ErrAmbiguous, mapping.ErrWrongPassword, mapping.ErrUnreadable, mapping.ErrBusy} {
					if errors.Is(err, answer) {
						t.Errorf("%s: %s is told %v", trouble, name, err)
					}
				}
				if err == nil || took > wirePatience+grace {
					t.Errorf("%s: %s is told %v, after %v", trouble, name, err, took)
				}
				w.wire.Mend()
				w.recovers(t, trouble, name, way)
			}
		}
	})
}

// recovers waits until a way works again, without opening anything anew.
func (w wired) recovers(t *testing.T, trouble, name string, way func() error) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		err := way()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %s does not recover: %v", trouble, name, err)
		}
	}
}

// TestAHangingDatabaseHoldsFewConnections: a crowd waits no longer than one does, and for no more
// connections than are configured.
func TestAHangingDatabaseHoldsFewConnections(t *testing.T) {
	onWires(t, func(t *testing.T, w wired) {
		w.wire.Peak()
		w.wire.Hang()
		begun := time.Now()
		var crowd sync.WaitGroup
		for i := range 200 {
			crowd.Go(func() {
				if found, err := w.db.Find(t.Context(), w.tenant, mapping.Query{By: mapping.ByLogin, Value: fmt.Sprint(w.login, i)}); err == nil {
					t.Errorf("found %+v", found)
				}
			})
		}
		crowd.Wait()
		if took := time.Since(begun); took > wirePatience+grace {
			t.Errorf("the last of a crowd was told after %v", took)
		}
		// PostgreSQL's driver asks the server over another connection to forget a statement.
		if peak := w.wire.Peak(); peak > 2*4+4 {
			t.Errorf("%d connections, of at most 4", peak)
		}
		w.wire.Mend()
		w.recovers(t, "a crowd", "lookup by login", w.ways(t)["lookup by login"])
	})
}

// TestStatementsEndAtTheServer, too: it would go on for minutes, and be asked again and again.
func TestStatementsEndAtTheServer(t *testing.T) {
	for engine, tt := range map[legacy.Engine]struct{ slow, running string }{
		legacy.MySQL:    {" AND BENCHMARK(20000000000, SHA2(u.UserName, 512)) = 0", "SELECT COUNT(*) FROM information_schema.processlist WHERE INFO LIKE '%BENCHMARK%' AND INFO NOT LIKE '%processlist%'"},
		legacy.Postgres: {" AND pg_sleep(60) IS NOT NULL", "SELECT COUNT(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(60)%' AND query NOT LIKE '%pg_stat_activity%'"},
	} {
		t.Run(string(engine), func(t *testing.T) {
			var c legacy.Config
			tenant := iq.Acme
			if engine == legacy.MySQL {
				c = legacytest.IQConfig(t, engine)
			} else {
				c, tenant = legacytest.Foreign(t, "../testdata/django", engine), "site"
			}
			c.Profile.Statements[legacy.UserByLogin] += tt.slow
			c.StatementTimeout = wirePatience
			db := legacytest.Open(t, c)
			raw := legacytest.SQL(t, c)
			running := func() (n int) {
				if err := raw.QueryRowContext(t.Context(), tt.running).Scan(&n); err != nil {
					t.Fatal(err)
				}
				return n
			}
			var crowd sync.WaitGroup
			for range 4 {
				crowd.Go(func() {
					if found, err := db.Find(t.Context(), mapping.TenantKey(tenant), mapping.Query{By: mapping.ByLogin, Value: "ana"}); err == nil {
						t.Errorf("found %+v", found)
					}
				})
			}
			time.Sleep(wirePatience / 3)
			if running() == 0 {
				t.Fatal("the control: no statement is running")
			}
			crowd.Wait()
			for deadline := time.Now().Add(5 * time.Second); running() > 0; time.Sleep(20 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("%d statements are still running", running())
				}
			}
		})
	}
}
