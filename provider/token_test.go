package provider_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

// claims decodes the part of a JWT without verifying it; 0 is the header, 1 the payload.
func part(t testing.TB, raw string, n int) map[string]any {
	t.Helper()
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %q", raw)
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[n])
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]any{}
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTokenAnswer(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		a := w.issue(l, "ana", "client_id", "AGENT-App")
		wantType := "Bearer"
		if l.realm() {
			wantType = "bearer"
			uuid := regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
			if a["refresh_expires_in"] != 9000.0 || a["not-before-policy"] != 0.0 || !uuid.MatchString(text(a, "session_state")) {
				t.Errorf("realm members are %v, %v, %v", a["refresh_expires_in"], a["not-before-policy"], a["session_state"])
			}
		}
		if a["token_type"] != wantType || a["expires_in"] != 900.0 || a["refresh_token"] == nil {
			t.Errorf("answer is %v", a)
		}
		if a["scope"] != "openid profile email offline_access roles groups contact-centre" {
			t.Errorf("scope is %q", a["scope"])
		}
		header, access := part(t, text(a, "access_token"), 0), part(t, text(a, "access_token"), 1)
		if header["typ"] != "at+jwt" || header["alg"] != "ES256" {
			t.Errorf("access token's header is %v", header)
		}
		for name, want := range map[string]any{
			"iss": l.issuer, "sub": "4711", "sub_type": "user", "client_id": "agent-app", "tenant": "acme", "idp": "local",
		} {
			if access[name] != want {
				t.Errorf("access token's %s is %v, want %v", name, access[name], want)
			}
		}
		if got, _ := json.Marshal(access["aud"]); string(got) != `["`+l.issuer+`/resources","contact-centre"]` {
			t.Errorf("aud is %s", got)
		}
		identity := part(t, text(a, "id_token"), 1)
		if identity["aud"] != "AGENT-App" { // OpenID Connect libraries compare it with what they sent
			t.Errorf("ID token's aud is %v", identity["aud"])
		}
		if identity["role"] == nil || access["roles"] == nil || access["permissions"] == nil {
			t.Errorf("roles are missing: %v, %v", identity, access)
		}
	})
}

// TestRolesInAccessTokens: resource servers of the realm layout expect them without a scope.
func TestRolesInAccessTokens(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		a := w.issue(l, "ana", "scope", "openid")
		if got := part(t, text(a, "access_token"), 1)["roles"] != nil; got != l.realm() {
			t.Errorf("access token has roles: %v", got)
		}
	})
}

// TestRefreshTokenDue holds the rule of each layout for when there is a refresh token.
func TestRefreshTokenDue(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		for _, c := range []struct {
			client, scope string
			want          bool
		}{
			{"agent-app", "openid offline_access", true},
			{"agent-app", "openid", l.realm()},
			{"code-only", "openid", false},
		} {
			code := w.code(l, "ana", "client_id", c.client, "scope", c.scope)
			a := w.post(l.token, c.client, redemption(code))
			if got := a.json(t)["refresh_token"] != nil; a.status != http.StatusOK || got != c.want {
				t.Errorf("%s with scope %q: %d, refresh token %v", c.client, c.scope, a.status, got)
			}
		}
	})
}

// TestCodeExchangeRefused: every row has an untouched code, and what is refused stays refused.
func TestCodeExchangeRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		if a := w.post(l.token, "agent-app", redemption(w.code(l, "ana"))); a.status != http.StatusOK {
			t.Fatalf("control: %d %s", a.status, a.body)
		}
		for _, c := range []struct {
			name      string
			client    string
			authorize []string
			form      func(url.Values)
			before    func()
			code      string
			burned    bool
		}{
			{name: "no verifier", form: func(f url.Values) { f.Del("code_verifier") }, code: "invalid_grant", burned: true},
			{name: "another verifier", form: func(f url.Values) { f.Set("code_verifier", strings.Repeat("x", 43)) }, code: "invalid_grant", burned: true},
			{name: "the challenge as verifier", form: func(f url.Values) { f.Set("code_verifier", challenge) }, code: "invalid_grant", burned: true},
			{name: "verifier without challenge", authorize: []string{"code_challenge", "", "code_challenge_method", ""}, code: "invalid_grant", burned: true},
			{name: "another redirect_uri", form: func(f url.Values) { f.Set("redirect_uri", "http://127.0.0.1:9/other?fixed=1") }, code: "invalid_grant", burned: true},
			{name: "another client", client: "second-app", code: "invalid_grant", burned: true},
			{name: "expired", before: func() { w.pass(61 * time.Second) }, code: "invalid_grant"},
			{name: "unknown code", form: func(f url.Values) { f.Set("code", "nonsense") }, code: "invalid_grant"},
			{name: "no code", form: func(f url.Values) { f.Del("code") }, code: "invalid_request"},
			{name: "no redirect_uri", form: func(f url.Values) { f.Del("redirect_uri") }, code: "invalid_request"},
			{name: "no grant_type", form: func(f url.Values) { f.Del("grant_type") }, code: "invalid_request"},
			{name: "password grant", form: func(f url.Values) { f.Set("grant_type", "password") }, code: "unauthorized_client"},
			{name: "client_credentials", form: func(f url.Values) { f.Set("grant_type", "client_credentials") }, code: "unauthorized_client"},
			{name: "jwt-bearer", form: func(f url.Values) {
				f.Set("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
				f.Set("assertion", "x")
			}, code: "unauthorized_client"},
			{name: "token exchange", form: func(f url.Values) { f.Set("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange") }, code: "unauthorized_client"},
			{name: "device code", form: func(f url.Values) { f.Set("grant_type", "urn:ietf:params:oauth:grant-type:device_code") }, code: "unauthorized_client"},
			{name: "client without the grant", client: "api", code: "unauthorized_client"},
		} {
			t.Run(c.name, func(t *testing.T) {
				form := redemption(w.code(l, "ana", c.authorize...))
				original := redemption(form.Get("code"))
				if c.form != nil {
					c.form(form)
				}
				if c.before != nil {
					c.before()
				}
				client := c.client
				if client == "" {
					client = "agent-app"
				}
				a := w.post(l.token, client, form)
				if a.status != http.StatusBadRequest || text(a.json(t), "error") != c.code {
					t.Fatalf("answered %d %s, want 400 %s", a.status, a.body, c.code)
				}
				if c.burned {
					if a := w.post(l.token, "agent-app", original); a.status != http.StatusBadRequest {
						t.Errorf("the code still works: %d", a.status)
					}
				}
			})
		}
	})
}

func TestCodeOfOtherIssuer(t *testing.T) {
	w := newWorld(t)
	l := w.layouts()
	if a := w.post(l[0].token, "agent-app", redemption(w.code(l[0], "ana"))); a.status != http.StatusOK {
		t.Fatalf("control: %d %s", a.status, a.body)
	}
	if a := w.post(l[1].token, "agent-app", redemption(w.code(l[0], "ana"))); a.status != http.StatusBadRequest {
		t.Errorf("a code of the shared issuer was redeemed at the realm: %d %s", a.status, a.body)
	}
}

// TestParallelRedemption: one winner, and everybody else makes the code's tokens useless.
func TestParallelRedemption(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		form := redemption(w.code(l, "ana"))
		answers := make([]answer, 16)
		var group sync.WaitGroup
		for i := range answers {
			group.Go(func() { answers[i] = w.post(l.token, "agent-app", form) })
		}
		group.Wait()
		var won []string
		for _, a := range answers {
			if a.status == http.StatusOK {
				won = append(won, text(a.json(t), "access_token"))
			}
		}
		if len(won) != 1 {
			t.Fatalf("%d of %d redemptions won", len(won), len(answers))
		}
		if a := w.post(l.introspect, "api", url.Values{"token": {won[0]}}); a.json(t)["active"] != false {
			t.Errorf("the replayed code's token is still active: %s", a.body)
		}
		if got := w.recorded(broker.CodeReplayed); len(got) == 0 || got[0].UserID != "4711" {
			t.Errorf("audit log has %v", got)
		}
	})
}

func refreshForm(token string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
}

// TestGrantEnds: whatever ends a grant, ends it at the next refresh and at the code exchange.
func TestGrantEnds(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		for _, c := range []struct {
			name string
			end  func(w *world)
			want int
			code string
		}{
			{name: "control", end: func(*world) {}, want: 200},
			{name: "user switched off", end: func(w *world) {
				w.directory.edit("4711", func(u *mapping.User) { u.Active = false })
			}, want: 400, code: "invalid_grant"},
			{name: "user gone", end: func(w *world) {
				w.directory.edit("4711", func(u *mapping.User) { u.Tenant = "10020" })
			}, want: 400, code: "invalid_grant"},
			{name: "password changed", end: func(w *world) {
				w.directory.edit("4711", func(u *mapping.User) { u.PasswordChangedAt = w.clock.Now().Add(time.Minute) })
			}, want: 400, code: "invalid_grant"},
			{name: "federated only now", end: func(w *world) {
				w.directory.edit("4711", func(u *mapping.User) { u.FederatedOnly = true })
			}, want: 400, code: "invalid_grant"},
			{name: "client lost the grants", end: func(w *world) {
				w.change("agent-app", func(c *registry.Client) {
					c.GrantTypes, c.RedirectURIs, c.Refresh = nil, nil, registry.Refresh{}
				})
			}, want: 400, code: "unauthorized_client"},
			{name: "directory down", end: func(w *world) { w.directory.fail(true) }, want: 503, code: "temporarily_unavailable"},
		} {
			t.Run(c.name, func(t *testing.T) {
				w := newWorld(t)
				l := w.layouts()[map[bool]int{false: 0, true: 1}[l.realm()]]
				code, refresh := w.code(l, "ana"), text(w.issue(l, "ana"), "refresh_token")
				c.end(w)
				for name, form := range map[string]url.Values{"code": redemption(code), "refresh": refreshForm(refresh)} {
					a := w.post(l.token, "agent-app", form)
					if a.status != c.want || text(a.json(t), "error") != c.code {
						t.Errorf("%s: %d %s, want %d %q", name, a.status, a.body, c.want, c.code)
					}
				}
				if c.want == 503 { // and then nothing was consumed
					w.directory.fail(false)
					for name, form := range map[string]url.Values{"code": redemption(code), "refresh": refreshForm(refresh)} {
						if a := w.post(l.token, "agent-app", form); a.status != http.StatusOK {
							t.Errorf("%s afterwards: %d %s", name, a.status, a.body)
						}
					}
				}
			})
		}
	})
}

func TestRefresh(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		first := w.issue(l, "ana")
		a := w.post(l.token, "agent-app", refreshForm(text(first, "refresh_token")))
		if a.status != http.StatusOK {
			t.Fatalf("control: %d %s", a.status, a.body)
		}
		second := a.json(t)
		was, is := part(t, text(first, "id_token"), 1), part(t, text(second, "id_token"), 1)
		for _, name := range []string{"iss", "sub", "aud", "auth_time", "sid"} {
			if was[name] == nil || was[name] != is[name] {
				t.Errorf("%s of the refreshed ID token is %v, was %v", name, is[name], was[name])
			}
		}
		if is["nonce"] != nil {
			t.Error("the refreshed ID token has a nonce")
		}
		newest := text(second, "refresh_token")
		forged := newest[:len(newest)-2] + "AA"
		for _, c := range []struct {
			name, client, token, scope string
			want                       int
			code                       string
		}{
			{name: "narrower scope", token: newest, scope: "openid", want: 200},
			{name: "wider scope", token: text(first, "refresh_token"), scope: "openid masterdata", want: 400, code: "invalid_scope"},
			{name: "forged", token: forged, want: 400, code: "invalid_grant"},
			{name: "garbage", token: "garbage", want: 400, code: "invalid_grant"},
			{name: "another client", client: "second-app", token: newest, want: 400, code: "invalid_grant"},
			{name: "none", want: 400, code: "invalid_request"},
			{name: "access token", token: text(first, "access_token"), want: 400, code: "invalid_grant"},
			{name: "inside the grace window", token: newest, want: 200},
		} {
			client := c.client
			if client == "" {
				client = "agent-app"
			}
			form := refreshForm(c.token)
			if c.scope != "" {
				form.Set("scope", c.scope)
			}
			a := w.post(l.token, client, form)
			if a.status != c.want || text(a.json(t), "error") != c.code {
				t.Errorf("%s: %d %s, want %d %q", c.name, a.status, a.body, c.want, c.code)
			}
			if c.scope == "openid" && a.json(t)["scope"] != "openid" {
				t.Errorf("%s: %s", c.name, a.body)
			}
		}
		w.pass(time.Minute)
		if a := w.post(l.token, "agent-app", refreshForm(newest)); a.status != http.StatusBadRequest {
			t.Errorf("reuse outside the grace window: %d", a.status)
		}
		if got := w.recorded(broker.RefreshReused); len(got) != 1 || got[0].UserID != "4711" {
			t.Errorf("audit log has %v", got)
		}
		if a := w.post(l.introspect, "api", url.Values{"token": {text(second, "access_token")}}); a.json(t)["active"] != false {
			t.Error("access tokens survived the reuse")
		}
	})
}

// TestStatements holds the budgets of the two exchanges.
func TestStatements(t *testing.T) {
	w := newWorld(t)
	l := w.layouts()[0]
	form := redemption(w.code(l, "ana"))
	var tokens map[string]any
	cost := w.count(func() { tokens = w.post(l.token, "agent-app", form).json(t) })
	if tokens["refresh_token"] == nil || len(cost) > 4 {
		t.Errorf("a code exchange cost %d statements, budget 4: %v", len(cost), cost)
	}
	cost = w.count(func() { tokens = w.post(l.token, "agent-app", refreshForm(text(tokens, "refresh_token"))).json(t) })
	if tokens["refresh_token"] == nil || len(cost) > 4 {
		t.Errorf("a refresh cost %d statements, budget 3 of the state and 1 of the directory: %v", len(cost), cost)
	}
}
