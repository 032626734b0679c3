package provider_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

// enforcing has the people of acme.example log in through corp: ana is one of them, kari is not.
func (w *world) enforcing() {
	w.t.Helper()
	w.exchangers()
	w.devices()
	w.directory.mu.Lock()
	w.directory.keepsLinks = true
	w.directory.mu.Unlock()
	acme, _ := w.registry.Snapshot().Tenant("acme")
	claiming := *acme
	claiming.Domains = []registry.Domain{{Name: "acme.example"}}
	w.save(registry.Records{Tenants: []registry.Tenant{claiming}})
	w.connection("corp", func(c *registry.Connection) { c.Enforce, c.Domains = true, []string{"acme.example"} })
	w.directory.edit("4718", func(u *mapping.User) { u.Active = false })
}

// typed are logins and passwords of which nobody may learn what is wrong with them. The first is good.
func typed() []struct{ name, login, password string } {
	return []struct{ name, login, password string }{
		{"good", "kari", password},
		{"wrong password", "kari", "wrong"},
		{"unknown user", "nobody", "wrong"},
		{"disabled user", "hege", password},
		{"enforced user, wrong password", "ana", "wrong"},
		{"enforced user, right password", "ana", password},
	}
}

// passwordWays present a login and a password, and return what came back, without what differs each time.
func passwordWays(w *world, l layout) map[string]func(login, password string) (status int, body string, in bool) {
	varying := regexp.MustCompile(`/attempt/[^"/]+|name="form_token" value="[^"]*"|<code>[^<]*</code>`)
	page := func(a answer, login string) (int, string, bool) {
		body := strings.ReplaceAll(varying.ReplaceAllString(a.body, ""), login, "LOGIN")
		return a.status, body, strings.Contains(a.body, "/allow")
	}
	return map[string]func(string, string) (int, string, bool){
		"password grant": func(login, password string) (int, string, bool) {
			a := w.post(l.token, "legacy-app", credentials(login, "password", password))
			return a.status, a.body, a.status == http.StatusOK
		},
		"device": func(login, password string) (int, string, bool) {
			b := w.browser()
			at := b.submit(w.device(l, "openid").question(b), nil)
			return page(b.submit(at, url.Values{"username": {login}, "password": {password}}), login)
		},
	}
}

// TestEnforcedUsersLookLikeOthers: by the password grant and for a device, as on the page, which the demo's
// tests look at. How long it takes is TestEveryWayToPresentAPasswordWaitsForTheFloor's, in broker.
func TestEnforcedUsersLookLikeOthers(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		w.enforcing()
		for way, present := range passwordWays(w, l) {
			var wantStatus int
			var want string
			for i, c := range typed() {
				status, body, in := present(c.login, c.password)
				switch {
				case i == 0 && !in:
					t.Fatalf("%s: control: %d %s", way, status, body)
				case i == 1:
					wantStatus, want = status, body
				case i > 1 && (in || status != wantStatus || body != want):
					t.Errorf("%s: %s: let in %v, answered %d %s; want %d %s", way, c.name, in, status, body, wantStatus, want)
				}
			}
		}
	})
}

// TestEnforcementInOutage: when nobody can tell who is linked, everybody is told that, right or wrong.
func TestEnforcementInOutage(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		w.enforcing()
		for way, present := range passwordWays(w, l) {
			w.directory.mu.Lock()
			w.directory.linksDown = true
			w.directory.mu.Unlock()
			var want string
			for i, c := range typed() {
				status, body, in := present(c.login, c.password)
				if i == 0 {
					want = body
				}
				if in || status != http.StatusServiceUnavailable || body != want {
					t.Errorf("%s: %s: let in %v, answered %d %s; want 503 %s", way, c.name, in, status, body, want)
				}
			}
			w.directory.mu.Lock()
			w.directory.linksDown = false
			w.directory.mu.Unlock()
			if status, body, in := present("kari", password); !in {
				t.Errorf("%s: after the outage: %d %s", way, status, body)
			}
		}
	})
}
