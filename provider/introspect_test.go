package provider_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

// inactive is the whole of what may be said.
const inactive = `{"active":false}`

func (w *world) introspect(l layout, caller, token string) answer {
	w.t.Helper()
	return w.post(l.introspect, caller, url.Values{"token": {token}})
}

func TestIntrospection(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		access := text(w.issue(l, "ana"), "access_token")
		token := part(t, access, 1)
		generic := w.introspect(l, "api", access).json(t)
		for name, want := range map[string]any{
			"active": true, "sub": "4711", "client_id": "agent-app", "username": "ana", "token_type": "Bearer",
			"iss": l.issuer, "tenant": "acme", "softphone_address": "sip:4711@pbx.acme.example",
			"scope": "openid profile email offline_access roles groups contact-centre",
			"exp":   token["exp"], "iat": token["iat"], "nbf": token["nbf"], "jti": token["jti"], "sid": token["sid"],
		} {
			if generic[name] != want {
				t.Errorf("%s is %v, want %v", name, generic[name], want)
			}
		}
		if roles, _ := json.Marshal(generic["roles"]); string(roles) != `["agent"]` {
			t.Errorf("roles are %s", roles)
		}
		sbc := w.introspect(l, "sbc", access).json(t)
		if sbc["username"] != "4711@pbx.acme.example" || sbc["softphone_address"] != "sip:4711@pbx.acme.example" {
			t.Errorf("the SBC was told %v", sbc)
		}
	})
}

// TestSwitchRefused: the SBC sees no token it could not match a telephone with, and the audit log
// says why.
func TestSwitchRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		if a := w.introspect(l, "sbc", text(w.issue(l, "ana"), "access_token")); a.json(t)["active"] != true {
			t.Fatalf("control: %s", a.body)
		}
		for _, c := range []struct{ name, login, scope, why string }{
			{"no softphone", "hege", "openid contact-centre", "no softphone"},
			{"two softphones", "ivar", "openid contact-centre", "several softphones"},
			{"foreign softphone", "kari", "openid contact-centre", "sip_domains"},
			{"token without the scope", "ana", "openid profile", "lacks the scope"},
		} {
			w.pass(time.Second) // events are ordered by time
			access := text(w.issue(l, c.login, "scope", c.scope), "access_token")
			if a := w.introspect(l, "sbc", access); a.status != http.StatusOK || strings.TrimSpace(a.body) != inactive {
				t.Errorf("%s: %d %s", c.name, a.status, a.body)
			}
			events := w.recorded(broker.IntrospectionRefused)
			if len(events) == 0 || !strings.Contains(events[len(events)-1].Reason, c.why) || events[len(events)-1].ClientID != "sbc" {
				t.Errorf("%s: audit log has %v", c.name, events)
			}
			if a := w.introspect(l, "api", access); a.json(t)["active"] != true || a.json(t)["softphone_address"] != nil && c.login != "ana" {
				t.Errorf("%s: a generic caller was told %s", c.name, a.body)
			}
		}
	})
}

// TestCallers: a cached answer never crosses from one caller to another.
func TestCallers(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		access := text(w.issue(l, "ana"), "access_token")
		shared, realm := w.layouts()[0], w.layouts()[1]
		globex := w.base + "/auth/realms/globex/protocol/openid-connect/token/introspect"
		for range 2 { // the second time from the cache
			for _, at := range []layout{shared, realm} {
				if a := w.introspect(at, "api", access); a.json(t)["active"] != true {
					t.Fatalf("control at %s: %s", at.name, a.body)
				}
			}
			for name, a := range map[string]answer{
				"another tenant at the shared issuer": w.introspect(shared, "globex-api", access),
				"another tenant at its realm":         w.post(globex, "globex-api", url.Values{"token": {access}}),
				"own tokens only":                     w.introspect(l, "own", access),
			} {
				if a.status != http.StatusOK || strings.TrimSpace(a.body) != inactive {
					t.Errorf("%s: %d %s", name, a.status, a.body)
				}
			}
			if a := w.introspect(l, "second-app", access); a.status != http.StatusForbidden {
				t.Errorf("caller without permission: %d %s", a.status, a.body)
			}
			if a := w.post(l.introspect, "", url.Values{"token": {access}, "client_id": {"spa"}}); a.status != http.StatusUnauthorized {
				t.Errorf("public caller: %d %s", a.status, a.body)
			}
		}
		mine := w.code(l, "ana", "client_id", "own")
		if a := w.introspect(l, "own", text(w.post(l.token, "own", redemption(mine)).json(t), "access_token")); a.json(t)["active"] != true {
			t.Errorf("its own token: %s", a.body)
		}
	})
}

// TestForgeries: the same list is inactive at introspection and invalid at userinfo.
func TestForgeries(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		tokens := w.issue(l, "ana")
		access := text(tokens, "access_token")
		if a := w.introspect(l, "api", access); a.json(t)["active"] != true {
			t.Fatalf("control: %s", a.body)
		}
		parts := strings.Split(access, ".")
		b64 := base64.RawURLEncoding.EncodeToString
		resigned := func(header string) string {
			input := b64([]byte(header)) + "." + parts[1]
			mac := hmac.New(sha256.New, []byte(w.browser().get(l.jwks).body))
			mac.Write([]byte(input))
			return input + "." + b64(mac.Sum(nil))
		}
		kid := text(part(t, access, 0), "kid")
		flipped := []byte(parts[1])
		flipped[10] ^= 1
		for name, forged := range map[string]string{
			"ID token":         text(tokens, "id_token"),
			"refresh token":    text(tokens, "refresh_token"),
			"garbage":          "garbage",
			"truncated":        access[:len(access)-1],
			"padded":           access + "=",
			"a fourth part":    access + ".x",
			"bit flipped":      parts[0] + "." + string(flipped) + "." + parts[2],
			"no signature":     parts[0] + "." + parts[1] + ".",
			"alg none":         b64([]byte(`{"alg":"none","typ":"at+jwt","kid":"`+kid+`"}`)) + "." + parts[1] + ".",
			"HS256 of the key": resigned(`{"alg":"HS256","typ":"at+jwt","kid":"` + kid + `"}`),
			"unknown kid":      resigned(`{"alg":"ES256","typ":"at+jwt","kid":"other"}`),
			"very long":        strings.Repeat("a", 40_000),
		} {
			if a := w.introspect(l, "api", forged); a.status != http.StatusOK || strings.TrimSpace(a.body) != inactive {
				t.Errorf("introspection of %s: %d %s", name, a.status, a.body)
			}
			if a := w.userinfo(l, "Bearer "+forged); a.status != http.StatusUnauthorized {
				t.Errorf("userinfo with %s: %d %s", name, a.status, a.body)
			}
		}
	})
}

func (w *world) userinfo(l layout, authorization string) answer {
	w.t.Helper()
	return w.send(l.userinfo, call{method: http.MethodGet, auth: []string{authorization}})
}

// TestTokenDies: whatever makes a token useless does so at once, though its signature is cached.
func TestTokenDies(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		index := map[bool]int{false: 0, true: 1}[l.realm()]
		for name, kill := range map[string]func(w *world, access string){
			"expiry":        func(w *world, _ string) { w.pass(15 * time.Minute) },
			"user disabled": func(w *world, _ string) { w.directory.edit("4711", func(u *mapping.User) { u.Active = false }) },
			"user gone":     func(w *world, _ string) { w.directory.edit("4711", func(u *mapping.User) { u.Tenant = "0" }) },
			"client disabled": func(w *world, _ string) {
				w.change("agent-app", func(c *registry.Client) { c.Enabled = false })
			},
			"tenant disabled": func(w *world, _ string) {
				tenant, _ := w.registry.Snapshot().Tenant("acme")
				off := *tenant
				off.Enabled = false
				w.save(registry.Records{Tenants: []registry.Tenant{off}})
			},
			"revocation": func(w *world, access string) {
				if a := w.post(w.layouts()[index].revoke, "agent-app", url.Values{"token": {access}}); a.status != http.StatusOK {
					w.t.Fatalf("revocation: %d %s", a.status, a.body)
				}
			},
			"user revoked":   func(w *world, _ string) { w.must(w.grants.Revoke(w.t.Context(), "user", "acme/4711")) },
			"client revoked": func(w *world, _ string) { w.must(w.grants.Revoke(w.t.Context(), "client", "agent-app")) },
			"tenant revoked": func(w *world, _ string) { w.must(w.grants.Revoke(w.t.Context(), "tenant", "acme")) },
		} {
			t.Run(name, func(t *testing.T) {
				w := newWorld(t)
				l := w.layouts()[index]
				access := text(w.issue(l, "ana"), "access_token")
				if a, u := w.introspect(l, "api", access), w.userinfo(l, "Bearer "+access); a.json(t)["active"] != true || u.status != http.StatusOK {
					t.Fatalf("control: %s, %d", a.body, u.status)
				}
				kill(w, access)
				a, u := w.introspect(l, "api", access), w.userinfo(l, "Bearer "+access)
				if name == "tenant disabled" { // and with it the caller
					if a.status != http.StatusUnauthorized {
						t.Errorf("introspection: %d %s", a.status, a.body)
					}
				} else if a.status != http.StatusOK || strings.TrimSpace(a.body) != inactive {
					t.Errorf("introspection: %d %s", a.status, a.body)
				}
				if u.status != http.StatusUnauthorized || !strings.Contains(u.header.Get("WWW-Authenticate"), `Bearer realm="`+l.issuer+`", error="invalid_token"`) {
					t.Errorf("userinfo: %d %q", u.status, u.header.Get("WWW-Authenticate"))
				}
			})
		}
	})
}

// TestWeCannotKnow: then the answer is 503, in time, and never active:false.
func TestWeCannotKnow(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		access := text(w.issue(l, "ana"), "access_token")
		check := func(name string) {
			t.Helper()
			for caller, a := range map[string]answer{
				"api": w.introspect(l, "api", access), "sbc": w.introspect(l, "sbc", access), "userinfo": w.userinfo(l, "Bearer "+access),
			} {
				if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" || strings.Contains(a.body, "active") {
					t.Errorf("%s, %s: %d %s", name, caller, a.status, a.body)
				}
			}
		}
		if a := w.introspect(l, "api", access); a.json(t)["active"] != true {
			t.Fatalf("control: %s", a.body)
		}
		w.directory.fail(true)
		check("directory down")
		w.directory.fail(false)
		w.silence(31 * time.Second)
		check("change feed silent")
		w.revoked.Polled(w.clock.Now())
		if a := w.introspect(l, "api", access); a.json(t)["active"] != true {
			t.Fatalf("afterwards: %s", a.body)
		}

		w.directory.stall(true)
		started := time.Now()
		a := w.introspect(l, "sbc", access)
		if took := time.Since(started); a.status != http.StatusServiceUnavailable || took > 2*time.Second {
			t.Errorf("directory hangs: %d after %v", a.status, took)
		}
	})
}

// TestIntrospectionAsksNoDatabase: the second sight of a token costs no statement at all.
func TestIntrospectionAsksNoDatabase(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		access := text(w.issue(l, "ana"), "access_token")
		for _, caller := range []string{"api", "sbc"} {
			var a answer
			if cost := w.count(func() { a = w.introspect(l, caller, access) }); len(cost) > 0 || a.json(t)["active"] != true {
				t.Errorf("%s: %d statements %v, answer %s", caller, len(cost), cost, a.body)
			}
		}
	})
}

func TestIntrospectionNeedsToken(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		if a := w.introspect(l, "api", ""); a.status != http.StatusBadRequest || text(a.json(t), "error") != "invalid_request" {
			t.Errorf("answered %d %s", a.status, a.body)
		}
	})
}

func BenchmarkIntrospection(b *testing.B) {
	w := newWorld(b)
	l := w.layouts()[1]
	access := text(w.issue(l, "ana"), "access_token")
	form := url.Values{"token": {access}}.Encode()
	serve := w.server.Config.Handler
	b.ReportAllocs()
	for b.Loop() {
		r := newRequest(b, l.introspect, form)
		out := &discard{header: http.Header{}}
		serve.ServeHTTP(out, r)
		if out.status != http.StatusOK {
			b.Fatalf("answered %d", out.status)
		}
	}
}

func newRequest(b *testing.B, address, form string) *http.Request {
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, address, strings.NewReader(form))
	if err != nil {
		b.Fatal(err)
	}
	r.RemoteAddr = "127.0.0.1:1"
	r.Header.Set("Content-Type", formMedia)
	r.SetBasicAuth("sbc", strong("sbc"))
	return r
}

type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
