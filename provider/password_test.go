package provider_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/mapping"
)

func credentials(login string, pairs ...string) url.Values {
	return form(append([]string{"grant_type", "password", "username", login, "password", password}, pairs...)...)
}

func TestPasswordGrant(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		a := w.post(l.token, "legacy-app", credentials("ana", "scope", "openid profile contact-centre"))
		if a.status != http.StatusOK {
			t.Fatalf("%d %s", a.status, a.body)
		}
		said := a.json(t)
		if said["scope"] != "openid profile contact-centre" || said["refresh_token"] == nil {
			t.Errorf("answer is %v", said)
		}
		access, identity := part(t, text(said, "access_token"), 1), part(t, text(said, "id_token"), 1)
		for name, claims := range map[string]map[string]any{"access token": access, "ID token": identity} {
			amr, _ := claims["amr"].([]any)
			if claims["sub"] != "4711" || claims["idp"] != "local" || claims["sid"] != nil || claims["auth_time"] == nil || len(amr) != 1 || amr[0] != "pwd" {
				t.Errorf("%s has %v", name, claims)
			}
		}
		if l.realm() && (said["token_type"] != "bearer" || text(said, "session_state") == "" || said["refresh_expires_in"] != 9000.0) {
			t.Errorf("realm members are %v", said)
		}
		if seen := w.introspect(l, "sbc", text(said, "access_token")).json(t); seen["username"] != "4711@pbx.acme.example" {
			t.Errorf("the switch sees %v", seen)
		}
		if got := w.recorded(broker.LoginSucceeded); len(got) != 1 || got[0].UserID != "4711" || got[0].LoginID.IsZero() {
			t.Errorf("audit log has %+v", got)
		}
	})
}

// TestPasswordGrantRefused: what the directory knows about a login is one answer, to the byte.
func TestPasswordGrantRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		status, body := http.StatusBadRequest, ""
		if l.realm() {
			status = http.StatusUnauthorized
		}
		w.directory.edit("4718", func(u *mapping.User) { u.Active = false })
		w.directory.edit("4719", func(u *mapping.User) { u.FederatedOnly = true })
		if a := w.post(l.token, "legacy-app", credentials("ana")); a.status != http.StatusOK {
			t.Fatalf("control: %d %s", a.status, a.body)
		}
		for _, c := range []struct {
			name  string
			login string
			pairs []string
		}{
			{"wrong password", "ana", []string{"password", "wrong"}},
			{"unknown user", "nobody", nil},
			{"disabled user", "hege", nil},
			{"user of an identity provider", "ivar", nil},
			{"endless login", strings.Repeat("a", 2000), nil},
			{"endless password", "ana", []string{"password", strings.Repeat("a", 2000)}},
		} {
			a := w.post(l.token, "legacy-app", credentials(c.login, c.pairs...))
			if body == "" {
				body = a.body
			}
			if a.status != status || text(a.json(t), "error") != "invalid_grant" || a.body != body {
				t.Errorf("%s: answered %d %s, want %d %s", c.name, a.status, a.body, status, body)
			}
			if challenged := a.header.Get("WWW-Authenticate") != ""; challenged != l.realm() {
				t.Errorf("%s: status %d, challenge %v", c.name, a.status, challenged)
			}
		}
		if got := w.recorded(broker.LoginRefused); len(got) != 6 {
			t.Errorf("%d refusals are in the audit log", len(got))
		}
		for name, c := range map[string]struct {
			form url.Values
			code string
		}{
			"no username":            {credentials(""), "invalid_request"},
			"no password":            {credentials("ana", "password", ""), "invalid_request"},
			"scope of somebody else": {credentials("ana", "scope", "openid masterdata"), "invalid_scope"},
		} {
			if a := w.post(l.token, "legacy-app", c.form); a.status != http.StatusBadRequest || text(a.json(t), "error") != c.code {
				t.Errorf("%s: answered %d %s, want 400 %s", name, a.status, a.body, c.code)
			}
		}
		if a := w.post(l.token, "agent-app", credentials("ana")); text(a.json(t), "error") != "unauthorized_client" {
			t.Errorf("a client without the grant: %d %s", a.status, a.body)
		}
	})
}

// TestPasswordGrantThrottled: guesses are counted together with those at the login page.
func TestPasswordGrantThrottled(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		for range 50 {
			a := w.post(l.token, "legacy-app", credentials("ana", "password", "wrong"))
			if a.status != http.StatusTooManyRequests {
				continue
			}
			if a.header.Get("Retry-After") == "" {
				t.Error("429 without Retry-After")
			}
			if a := w.post(l.token, "legacy-app", credentials("ana")); a.status != http.StatusTooManyRequests {
				t.Errorf("the right password: %d %s", a.status, a.body)
			}
			if a := w.post(l.token, "legacy-app", credentials("kari")); a.status != http.StatusOK {
				t.Errorf("another user: %d %s", a.status, a.body)
			}
			return
		}
		t.Error("50 guesses were not throttled")
	})
}

func TestPasswordGrantEnds(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*world)
	}{
		{"the password changes", func(w *world) {
			w.directory.edit("4711", func(u *mapping.User) { u.PasswordChangedAt = w.clock.Now() })
		}},
		{"the user is disabled", func(w *world) { w.directory.edit("4711", func(u *mapping.User) { u.Active = false }) }},
		{"the user must use an identity provider", func(w *world) { w.directory.edit("4711", func(u *mapping.User) { u.FederatedOnly = true }) }},
		{"the absolute lifetime is over", func(w *world) { w.pass(12*time.Hour + time.Second) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			l := w.layouts()[0]
			refresh := func(token string) answer {
				return w.post(l.token, "legacy-app", form("grant_type", "refresh_token", "refresh_token", token))
			}
			first := w.post(l.token, "legacy-app", credentials("ana")).json(t)
			w.pass(time.Second)
			second := refresh(text(first, "refresh_token"))
			if second.status != http.StatusOK {
				t.Fatalf("control: %d %s", second.status, second.body)
			}
			c.end(w)
			if a := refresh(text(second.json(t), "refresh_token")); a.status != http.StatusBadRequest || text(a.json(t), "error") != "invalid_grant" {
				t.Errorf("answered %d %s", a.status, a.body)
			}
		})
	}
}

func TestPasswordGrantInOutage(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		w.directory.fail(true)
		if a := w.post(l.token, "legacy-app", credentials("ana")); a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
			t.Errorf("directory down: %d %s", a.status, a.body)
		}
		w.directory.fail(false)
		if a := w.post(l.token, "legacy-app", credentials("ana")); a.status != http.StatusOK {
			t.Errorf("after the outage: %d %s", a.status, a.body)
		}
	})
}
