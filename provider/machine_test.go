package provider_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

// form returns a form of alternating names and values.
func form(pairs ...string) url.Values {
	f := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return f
}

// machine asks for client_credentials.
func (w *world) machine(l layout, client, scope string) answer {
	w.t.Helper()
	return w.post(l.token, client, form("grant_type", "client_credentials", "scope", scope))
}

func TestClientCredentials(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		for _, c := range []struct {
			name, scope, granted, subject, kind string
		}{
			{"acting as a user", "contact-centre:10010:4711", "contact-centre", "4711", "user"},
			{"with another scope", "roles contact-centre:10010:4718", "roles contact-centre", "4718", "user"},
			{"acting for itself", "roles", "roles", "reporting", "client"},
			{"the scope of the product alone", "contact-centre", "contact-centre", "reporting", "client"},
			{"scopes of people", "openid offline_access roles", "roles", "reporting", "client"},
			{"no scope", "", "", "reporting", "client"},
		} {
			t.Run(c.name, func(t *testing.T) {
				a := w.machine(l, "reporting", c.scope)
				if a.status != http.StatusOK {
					t.Fatalf("%d %s", a.status, a.body)
				}
				said := a.json(t)
				if text(said, "scope") != c.granted || said["refresh_token"] != nil || said["id_token"] != nil {
					t.Errorf("answer is %v, want scope %q and no other token", said, c.granted)
				}
				claims := part(t, text(said, "access_token"), 1)
				if claims["sub"] != c.subject || claims["sub_type"] != c.kind || claims["client_id"] != "reporting" || claims["tenant"] != "acme" {
					t.Errorf("claims are %v", claims)
				}
				for _, name := range []string{"sid", "auth_time", "amr", "acr", "idp"} {
					if claims[name] != nil {
						t.Errorf("%s is %v, and nobody logged in", name, claims[name])
					}
				}
				if seen := w.introspect(l, "api", text(said, "access_token")).json(t); seen["active"] != true || seen["sub"] != c.subject {
					t.Errorf("introspection says %v", seen)
				}
				if a := w.userinfo(l, "Bearer "+text(said, "access_token")); a.status != http.StatusForbidden {
					t.Errorf("userinfo answered %d %s", a.status, a.body)
				}
			})
		}
	})
}

func TestClientCredentialsRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		if a := w.machine(l, "reporting", "contact-centre:10010:4711"); a.status != http.StatusOK {
			t.Fatalf("control: %d %s", a.status, a.body)
		}
		w.directory.edit("4718", func(u *mapping.User) { u.Active = false })
		for _, c := range []struct{ name, client, scope, code string }{
			{"a user without product access", "reporting", "contact-centre:10010:4719", "invalid_scope"},
			{"a user of another tenant", "reporting", "contact-centre:10020:5711", "invalid_scope"},
			{"the user under another tenant", "reporting", "contact-centre:10020:4711", "invalid_scope"},
			{"another product", "reporting", "masterdata:10010:4711", "invalid_scope"},
			{"a prefix of the user", "reporting", "contact-centre:10010:471", "invalid_scope"},
			{"more than the user", "reporting", "contact-centre:10010:4711:x", "invalid_scope"},
			{"no user", "reporting", "contact-centre:10010:", "invalid_scope"},
			{"no solution", "reporting", "contact-centre::4711", "invalid_scope"},
			{"another case", "reporting", "Contact-Centre:10010:4711", "invalid_scope"},
			{"two users", "reporting", "contact-centre:10010:4711 contact-centre:10010:4718", "invalid_scope"},
			{"a disabled user", "reporting", "contact-centre:10010:4718", "invalid_scope"},
			{"a scope the client lacks", "reporting", "groups", "invalid_scope"},
			{"an unknown scope", "reporting", "magic", "invalid_scope"},
			{"a client without the grant", "api", "", "unauthorized_client"},
		} {
			t.Run(c.name, func(t *testing.T) {
				a := w.machine(l, c.client, c.scope)
				if a.status != http.StatusBadRequest || text(a.json(t), "error") != c.code {
					t.Errorf("answered %d %s, want 400 %s", a.status, a.body, c.code)
				}
			})
		}
	})
}

// TestMachineAtSwitch: a switch gets the user's address; a client of its own has none.
func TestMachineAtSwitch(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		as := text(w.machine(l, "reporting", "contact-centre:10010:4711").json(t), "access_token")
		if seen := w.introspect(l, "sbc", as).json(t); seen["username"] != "4711@pbx.acme.example" {
			t.Errorf("the switch sees %v", seen)
		}
		own := text(w.machine(l, "reporting", "contact-centre").json(t), "access_token")
		if seen := w.introspect(l, "sbc", own); seen.body != inactive {
			t.Errorf("the switch sees %s", seen.body)
		}
		if seen := w.introspect(l, "api", own).json(t); seen["active"] != true || seen["username"] != nil || seen["softphone_address"] != nil {
			t.Errorf("a client's own token is told as %v", seen)
		}
	})
}

// TestMachineTokenEnds: whatever allowed the token is judged again whenever it is shown.
func TestMachineTokenEnds(t *testing.T) {
	for _, c := range []struct {
		name, scope string
		end         func(*world)
	}{
		{"the product access is taken away", "contact-centre:10010:4711", func(w *world) {
			w.change("reporting", func(c *registry.Client) { c.ProductAccess = c.ProductAccess[1:] })
		}},
		{"the user is disabled", "contact-centre:10010:4711", func(w *world) {
			w.directory.edit("4711", func(u *mapping.User) { u.Active = false })
		}},
		{"the client is disabled", "roles", func(w *world) {
			w.change("reporting", func(c *registry.Client) { c.Enabled = false })
		}},
		{"the user is revoked", "contact-centre:10010:4711", func(w *world) { w.must(w.grants.Revoke(w.t.Context(), "user", "acme/4711")) }},
		{"the client is revoked", "roles", func(w *world) { w.must(w.grants.Revoke(w.t.Context(), "client", "reporting")) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			l := w.layouts()[0]
			token := text(w.machine(l, "reporting", c.scope).json(t), "access_token")
			if a := w.introspect(l, "api", token); a.json(t)["active"] != true {
				t.Fatalf("control: %s", a.body)
			}
			c.end(w)
			if a := w.introspect(l, "api", token); a.body != inactive {
				t.Errorf("the token is still told as %s", a.body)
			}
		})
	}
}

// TestUserNamedAsClient: revoking a user does not reach a client of the same name, nor the reverse.
func TestUserNamedAsClient(t *testing.T) {
	w := newWorld(t)
	l := w.layouts()[0]
	token := text(w.machine(l, "reporting", "roles").json(t), "access_token")
	w.must(w.grants.Revoke(t.Context(), "user", "acme/reporting"))
	if a := w.introspect(l, "api", token); a.json(t)["active"] != true {
		t.Errorf("the client's token is told as %s", a.body)
	}
}

// TestMachineCosts holds the budget of DESIGN §10: no statement once the user is cached.
func TestMachineCosts(t *testing.T) {
	w := newWorld(t)
	shared := w.layouts()[0]
	if got := w.count(func() { w.machine(shared, "reporting", "contact-centre:10010:4711") }); len(got) != 0 {
		t.Errorf("statements are %v", got)
	}
}

func TestMachineRefreshes(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		a := w.machine(l, "renewing", "contact-centre:10010:4711").json(t)
		first := text(a, "refresh_token")
		if (first != "") != l.realm() {
			t.Fatalf("refresh token: %q", first)
		}
		if !l.realm() {
			return
		}
		if a["refresh_expires_in"] != 9000.0 || text(a, "session_state") == "" {
			t.Errorf("answer is %v", a)
		}
		refresh := func(token string) answer {
			return w.post(l.token, "renewing", form("grant_type", "refresh_token", "refresh_token", token))
		}
		b := refresh(first)
		if b.status != http.StatusOK {
			t.Fatalf("refresh: %d %s", b.status, b.body)
		}
		claims := part(t, text(b.json(t), "access_token"), 1)
		if claims["sub"] != "4711" || claims["idp"] != nil || b.json(t)["scope"] != "contact-centre" {
			t.Errorf("refreshed token has %v", claims)
		}
		second := text(b.json(t), "refresh_token")
		w.change("renewing", func(c *registry.Client) { c.ProductAccess = c.ProductAccess[1:] })
		if a := refresh(second); a.status != http.StatusBadRequest || text(a.json(t), "error") != "invalid_grant" {
			t.Errorf("without product access: %d %s", a.status, a.body)
		}
	})
}

// TestMachineFamilies: a client that never refreshes leaves no more than 100 families behind.
func TestMachineFamilies(t *testing.T) {
	w := newWorld(t)
	l := w.layouts()[1]
	var refreshed []string
	for range 102 {
		w.pass(time.Millisecond) // the newest is told by its time
		refreshed = append(refreshed, text(w.machine(l, "renewing", "roles").json(t), "refresh_token"))
	}
	var alive []bool
	for _, i := range []int{0, 1, 101} {
		a := w.post(l.token, "renewing", form("grant_type", "refresh_token", "refresh_token", refreshed[i]))
		alive = append(alive, a.status == http.StatusOK)
	}
	if !slices.Equal(alive, []bool{false, false, true}) {
		t.Errorf("the first two and the last are alive: %v", alive)
	}
}

func TestMachineInOutage(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		if a := w.machine(l, "reporting", "contact-centre:10010:4711"); a.status != http.StatusOK {
			t.Fatalf("control: %d %s", a.status, a.body)
		}
		w.directory.fail(true)
		if a := w.machine(l, "reporting", "contact-centre:10010:4711"); a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
			t.Errorf("directory down: %d %s", a.status, a.body)
		}
		if a := w.machine(l, "reporting", "roles"); a.status != http.StatusOK {
			t.Errorf("a client for itself needs no directory: %d %s", a.status, a.body)
		}
	})
}
