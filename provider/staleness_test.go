package provider_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/mariadbtest"
	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/legacy"
	iqprofile "github.com/patchbay-auth/patchbay/legacy/iq"
	"github.com/patchbay-auth/patchbay/legacy/legacytest"
)

// onIQ is a world on the IQ sample, whose caches follow the world's clock, and whose access tokens live for
// an hour.
func onIQ(t *testing.T, c legacy.Config) (*world, *legacy.DB) {
	t.Helper()
	var w *world
	c.Now = func() time.Time {
		if w == nil {
			return epoch
		}
		return w.clock.Now()
	}
	db := legacytest.Open(t, c)
	w = newWorldWith(t, db)
	w.change("agent-app", func(c *registry.Client) { c.AccessTokenLifetime = time.Hour })
	return w, db
}

// issueOnIQ logs ana of the sample in.
func (w *world) issueOnIQ(l layout) map[string]any {
	w.t.Helper()
	b := w.browser()
	page := b.get(authorizeURL(l, "scope", "openid offline_access contact-centre"))
	a := b.submit(page, url.Values{"username": {"ana"}, "password": {"demo-ana-4711"}})
	if a.status != http.StatusSeeOther {
		w.t.Fatalf("ana was not let in: %d", a.status)
	}
	return w.post(l.token, "agent-app", redemption(a.location(w.t).Query().Get("code"))).json(w.t)
}

// TestASwitchedOffUserIsNoticed within 30 s by introspection, and at once by refresh. Softphones follow in
// 30 s, too.
func TestASwitchedOffUserIsNoticed(t *testing.T) {
	for _, engine := range []legacy.Engine{legacy.SQLite, legacy.MySQL} {
		t.Run(string(engine), func(t *testing.T) {
			c := legacytest.IQConfig(t, engine)
			w, db := onIQ(t, c)
			l := w.layouts()[0]
			tokens := w.issueOnIQ(l)
			access, refresh := text(tokens, "access_token"), text(tokens, "refresh_token")
			told := func(caller string) map[string]any { return w.introspect(l, caller, access).json(t) }
			if a := told("api"); a["active"] != true || a["softphone_address"] != "sip:4711@pbx.acme.example" {
				t.Fatalf("the control: %v", a)
			}
			a := w.post(l.token, "agent-app", refreshForm(refresh))
			if a.status != http.StatusOK {
				t.Fatalf("the control's refresh: %d %s", a.status, a.body)
			}
			refresh = text(a.json(t), "refresh_token")

			legacytest.Exec(t, c, "UPDATE softphones SET SipUri = 'sip:9@pbx.acme.example' WHERE UserID = 4711")
			w.pass(29 * time.Second)
			if a := told("sbc"); a["active"] != true || a["softphone_address"] != "sip:4711@pbx.acme.example" {
				t.Errorf("29 s after, from memory: %v", a)
			}
			w.pass(2 * time.Second)
			if a := told("sbc"); a["softphone_address"] != "sip:9@pbx.acme.example" {
				t.Errorf("31 s after, the softphone is %v", a)
			}

			legacytest.Exec(t, c, "UPDATE users SET Status = 'I' WHERE UserID = 4711")
			if a := w.post(l.token, "agent-app", refreshForm(refresh)); a.status != http.StatusBadRequest || !strings.Contains(a.body, "invalid_grant") {
				t.Errorf("refresh at once: %d %s", a.status, a.body)
			}
			w.pass(31 * time.Second)
			for _, caller := range []string{"api", "sbc"} {
				if a := w.introspect(l, caller, access); a.body != inactive {
					t.Errorf("%s, 31 s after: %s", caller, a.body)
				}
			}
			if n := db.StaleAnswers(); n != 0 {
				t.Errorf("%d stale answers while the database answers", n)
			}
		})
	}
}

// TestASwitchedOffUserWhileTheDatabaseIsDown goes on for 15 minutes and not longer, and ends when the
// database answers again. A revocation needs no legacy database.
func TestASwitchedOffUserWhileTheDatabaseIsDown(t *testing.T) {
	for _, engine := range []legacy.Engine{legacy.SQLite, legacy.MySQL} {
		t.Run(string(engine), func(t *testing.T) {
			down, up := breakable(t, engine)
			w, db := onIQ(t, up.config)
			l := w.layouts()[0]
			tokens := w.issueOnIQ(l)
			access, refresh := text(tokens, "access_token"), text(tokens, "refresh_token")
			if a := w.introspect(l, "sbc", access); a.json(t)["active"] != true {
				t.Fatalf("the control: %s", a.body)
			}
			legacytest.Exec(t, up.config, "UPDATE users SET Status = 'I' WHERE UserID = 4711")
			down()

			w.pass(14 * time.Minute)
			if a := w.introspect(l, "sbc", access); a.json(t)["active"] != true || a.json(t)["softphone_address"] != "sip:4711@pbx.acme.example" {
				t.Errorf("14 min of outage: %s", a.body)
			}
			if db.StaleAnswers() == 0 || db.StaleAge() != 14*time.Minute {
				t.Errorf("%d stale answers, the last %s old", db.StaleAnswers(), db.StaleAge())
			}
			if a := w.post(l.token, "agent-app", refreshForm(refresh)); a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
				t.Errorf("refresh in the outage: %d %s", a.status, a.body)
			}
			w.pass(2 * time.Minute)
			started := time.Now()
			a := w.introspect(l, "sbc", access)
			if took := time.Since(started); a.status != http.StatusServiceUnavailable || strings.Contains(a.body, "active") || took > 2500*time.Millisecond {
				t.Errorf("16 min of outage: %d %s after %v", a.status, a.body, took)
			}

			up.again()
			for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
				w.pass(2 * time.Second)
				if a := w.introspect(l, "sbc", access); a.status == http.StatusOK {
					if a.body != inactive {
						t.Errorf("afterwards: %s", a.body)
					}
					break
				} else if time.Now().After(deadline) {
					t.Fatalf("it did not recover: %d %s", a.status, a.body)
				}
			}
			if a := w.post(l.token, "agent-app", refreshForm(refresh)); a.status != http.StatusBadRequest || !strings.Contains(a.body, "invalid_grant") {
				t.Errorf("refresh afterwards: %d %s", a.status, a.body)
			}
		})
	}
}

// mendable is a legacy database that a test takes away and brings back.
type mendable struct {
	config legacy.Config
	again  func()
}

// breakable is the IQ sample on a server that hangs, or in a file without its table.
func breakable(t *testing.T, engine legacy.Engine) (down func(), up mendable) {
	t.Helper()
	if engine == legacy.SQLite {
		c := legacytest.IQConfig(t, engine)
		rename := func(table, to string) { legacytest.Exec(t, c, "ALTER TABLE "+table+" RENAME TO "+to) }
		down = func() { rename("users", "users_away"); rename("softphones", "softphones_away") }
		return down, mendable{c, func() { rename("users_away", "users"); rename("softphones_away", "softphones") }}
	}
	server := mariadbtest.Start(t)
	c := legacy.Config{Engine: engine, DSN: secret.New(server.DSN(t)), Profile: iqprofile.Profile()}
	legacytest.Load(t, c)
	return func() { server.Pause(t) }, mendable{c, func() { server.Resume(t) }}
}
