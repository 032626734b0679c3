package provider_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

const (
	exchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange"
	accessType    = "urn:ietf:params:oauth:token-type:access_token"
	idType        = "urn:ietf:params:oauth:token-type:id_token"
	crm           = "https://crm.example"
)

// exchanger returns a client that may exchange tokens.
func exchanger(id string, account registry.Account) registry.Client {
	c := client(id, account)
	c.GrantTypes = []string{exchangeGrant}
	c.Scopes, c.DefaultScopes = []string{"openid", "profile", "offline_access", "contact-centre"}, []string{"profile"}
	c.TokenExchange = registry.TokenExchange{Audiences: []string{crm, "https://wiki.example"}}
	return c
}

// exchangers registers clients that may exchange tokens, and a connection of whose IdP they may.
func (w *world) exchangers() {
	w.t.Helper()
	gateway, second := exchanger("gateway", "acme"), exchanger("second-gateway", "acme")
	gateway.TokenExchange.Connections = []string{"corp"}
	second.AccessTokenLifetime = time.Hour
	connection := func(id, clientID string, rules ...mapping.Rule) registry.Connection {
		return registry.Connection{
			ID: id, Account: "acme", Name: id, Enabled: true, Type: "oidc", EmailTrust: "claim", Mapping: rules,
			OIDC: &registry.OIDC{Issuer: "https://idp.example", ClientID: clientID},
		}
	}
	byLogin := mapping.Rule{Name: "by login", Match: &mapping.Match{Login: "{{ .login }}"}}
	w.save(registry.Records{
		Clients:     []registry.Client{gateway, second, exchanger("globex-gateway", "globex"), exchanger("any-gateway", "")},
		Connections: []registry.Connection{connection("corp", "patchbay", byLogin), connection("other", "patchbay-2", byLogin)},
	})
}

func exchanged(token string, pairs ...string) url.Values {
	return form(append([]string{"grant_type", exchangeGrant, "subject_token", token, "subject_token_type", accessType}, pairs...)...)
}

func TestTokenExchange(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		w.exchangers()
		subject := text(w.issue(l, "ana"), "access_token")
		old := part(t, subject, 1)
		w.pass(time.Minute)
		for _, c := range []struct {
			name, client, scope string
			pairs               []string
			audience            []any
		}{
			{"for nobody in particular", "gateway", "openid profile contact-centre", nil, []any{l.issuer + "/resources", "contact-centre"}},
			{"for an audience", "gateway", "openid profile contact-centre", []string{"audience", crm}, []any{crm}},
			{"for a resource", "gateway", "openid profile contact-centre", []string{"resource", crm}, []any{crm}},
			{"for both", "gateway", "profile", []string{"audience", crm, "resource", "https://wiki.example", "scope", "profile"}, []any{crm, "https://wiki.example"}},
			{"for the same twice", "gateway", "profile", []string{"audience", crm, "resource", crm, "scope", "profile profile offline_access"}, []any{crm}},
			{"of a type", "gateway", "profile", []string{"requested_token_type", accessType, "scope", "profile"}, []any{l.issuer + "/resources"}},
			{"by a client of the platform", "any-gateway", "profile", []string{"scope", "profile"}, []any{l.issuer + "/resources"}},
		} {
			t.Run(c.name, func(t *testing.T) {
				a := w.post(l.token, c.client, exchanged(subject, c.pairs...))
				if a.status != http.StatusOK {
					t.Fatalf("%d %s", a.status, a.body)
				}
				said := a.json(t)
				if said["issued_token_type"] != accessType || said["scope"] != c.scope || said["refresh_token"] != nil || said["id_token"] != nil {
					t.Errorf("answer is %v", said)
				}
				if said["expires_in"] != 840.0 {
					t.Errorf("expires_in is %v, and the subject token has 14 minutes left", said["expires_in"])
				}
				claims := part(t, text(said, "access_token"), 1)
				for name, want := range map[string]any{
					"sub": "4711", "client_id": c.client, "tenant": "acme", "aud": c.audience, "act": map[string]any{"sub": c.client},
					"exp": old["exp"], "sid": old["sid"], "auth_time": old["auth_time"], "amr": old["amr"], "idp": old["idp"],
					"gid": old["gid"],
				} {
					if diff := cmp.Diff(want, claims[name]); diff != "" {
						t.Errorf("%s (- want, + got):\n%s", name, diff)
					}
				}
				if claims["jti"] == old["jti"] {
					t.Errorf("jti is the subject token's: %v", claims)
				}
				seen := w.introspect(l, "api", text(said, "access_token")).json(t)
				if diff := cmp.Diff(map[string]any{"sub": c.client}, seen["act"]); seen["active"] != true || diff != "" {
					t.Errorf("introspection says %v", seen)
				}
			})
		}
		for _, e := range w.recorded(broker.TokenIssued) {
			if e.Detail["grant_type"] == exchangeGrant && (e.Detail["subject_jti"] != old["jti"] || e.Detail["subject_client"] != "agent-app") {
				t.Errorf("audit log has %+v", e)
			}
		}
	})
}

func TestTokenExchangeRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		w.exchangers()
		first := w.issue(l, "ana")
		subject := text(first, "access_token")
		if a := w.post(l.token, "gateway", exchanged(subject)); a.status != http.StatusOK {
			t.Fatalf("control: %d %s", a.status, a.body)
		}
		revoked := text(w.issue(l, "ana"), "access_token")
		w.post(l.revoke, "agent-app", form("token", revoked))
		own := text(w.machine(l, "reporting", "roles").json(t), "access_token")
		acting := text(w.machine(l, "reporting", "contact-centre:10010:4711").json(t), "access_token")
		roles := text(w.post(l.token, "agent-app", redemption(w.code(l, "ana", "scope", "roles"))).json(t), "access_token")
		for _, c := range []struct {
			name, client, token string
			pairs               []string
			code                string
		}{
			{"an ID token of ours as an access token", "gateway", text(first, "id_token"), nil, "invalid_request"},
			{"a refresh token", "gateway", text(first, "refresh_token"), nil, "invalid_request"},
			{"a refresh token by its name", "gateway", text(first, "refresh_token"), []string{"subject_token_type", "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request"},
			{"junk", "gateway", "junk", nil, "invalid_request"},
			{"nothing", "gateway", "", nil, "invalid_request"},
			{"no type", "gateway", subject, []string{"subject_token_type", ""}, "invalid_request"},
			{"a revoked token", "gateway", revoked, nil, "invalid_request"},
			{"a client's own token", "gateway", own, nil, "invalid_request"},
			{"a token for which nobody logged in", "gateway", acting, nil, "invalid_request"},
			{"an actor", "gateway", subject, []string{"actor_token", subject, "actor_token_type", accessType}, "invalid_request"},
			{"an ID token wanted", "gateway", subject, []string{"requested_token_type", idType}, "invalid_request"},
			{"a refresh token wanted", "gateway", subject, []string{"requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request"},
			{"another audience", "gateway", subject, []string{"audience", "https://elsewhere.example"}, "invalid_target"},
			{"the audience with a slash", "gateway", subject, []string{"audience", crm + "/"}, "invalid_target"},
			{"another resource", "gateway", subject, []string{"audience", crm, "resource", "https://elsewhere.example"}, "invalid_target"},
			{"a scope the token lacks", "gateway", roles, []string{"scope", "profile"}, "invalid_scope"},
			{"a scope the client lacks", "gateway", subject, []string{"scope", "email"}, "invalid_scope"},
			{"no scope in common", "gateway", roles, nil, "invalid_scope"},
			{"an unknown scope", "gateway", subject, []string{"scope", "magic"}, "invalid_scope"},
			{"offline access alone", "gateway", subject, []string{"scope", "offline_access"}, "invalid_scope"},
			{"a client without the grant", "agent-app", subject, nil, "unauthorized_client"},
		} {
			t.Run(c.name, func(t *testing.T) {
				call{status: http.StatusBadRequest, code: c.code}.check(t, l, w.post(l.token, c.client, exchanged(c.token, c.pairs...)))
			})
		}
		// In the realm there is no such client; elsewhere the token is none of its business.
		other := call{status: http.StatusBadRequest, code: "invalid_request", realm: &said{http.StatusUnauthorized, "invalid_client"}}
		other.check(t, l, w.post(l.token, "globex-gateway", exchanged(subject)))
		call{status: http.StatusUnauthorized, code: "invalid_client", realm: &said{http.StatusBadRequest, "invalid_client"}}.check(t, l, w.post(l.token, "", exchanged(subject)))
	})
}

// TestExchangedTokenIsForOthers: what was exchanged for somebody else opens nothing here.
func TestExchangedTokenIsForOthers(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		w.exchangers()
		subject := text(w.issue(l, "ana"), "access_token")
		swap := func(pairs ...string) string {
			return text(w.post(l.token, "gateway", exchanged(subject, pairs...)).json(t), "access_token")
		}
		ours, theirs := swap(), swap("audience", crm)
		if a := w.userinfo(l, "Bearer "+ours); a.status != http.StatusOK {
			t.Fatalf("control: %d %s", a.status, a.body)
		}
		if a := w.userinfo(l, "Bearer "+theirs); a.status != http.StatusUnauthorized {
			t.Errorf("userinfo: %d %s", a.status, a.body)
		}
		if a := w.introspect(l, "sbc", ours); a.json(t)["username"] != "4711@pbx.acme.example" {
			t.Fatalf("control: %s", a.body)
		}
		if a := w.introspect(l, "sbc", theirs); a.body != inactive {
			t.Errorf("the switch sees %s", a.body)
		}
		information := func(token string) int {
			return w.send(w.base+"/contactcentre5/accesstokeninformation", call{method: http.MethodGet, auth: []string{"Bearer " + token}}).status
		}
		if got := information(ours); got == http.StatusUnauthorized {
			t.Fatalf("control: %d", got)
		}
		if got := information(theirs); got != http.StatusUnauthorized {
			t.Errorf("accesstokeninformation: %d", got)
		}
	})
}

// TestExchangeChain: each client that passes a token on is named, nobody's token grows older by it, and
// there is an end.
func TestExchangeChain(t *testing.T) {
	w := newWorld(t)
	w.exchangers()
	l := w.layouts()[0]
	subject := text(w.issue(l, "ana"), "access_token")
	end := part(t, subject, 1)["exp"]
	gateways := []string{"gateway", "second-gateway"}
	var want map[string]any
	for i := range 4 {
		by := gateways[i%2]
		next := map[string]any{"sub": by}
		if want != nil {
			next["act"] = want
		}
		want = next
		for _, client := range []string{by, by} { // its own token again adds nobody
			subject = text(w.post(l.token, client, exchanged(subject)).json(t), "access_token")
		}
		claims := part(t, subject, 1)
		if diff := cmp.Diff(want, claims["act"]); diff != "" || claims["exp"] != end {
			t.Fatalf("exp is %v, want %v; act (- want, + got):\n%s", claims["exp"], end, diff)
		}
	}
	call{status: http.StatusBadRequest, code: "invalid_request"}.check(t, l, w.post(l.token, "gateway", exchanged(subject)))
}

// TestExchangedTokenDies: with the session, the user and the client; and there is no exchange after.
func TestExchangedTokenDies(t *testing.T) {
	for name, kill := range map[string]func(w *world, sid string){
		"the session ends": func(w *world, sid string) { w.must(w.grants.Revoke(w.t.Context(), "session", sid)) },
		"the user is disabled": func(w *world, _ string) {
			w.directory.edit("4711", func(u *mapping.User) { u.Active = false })
		},
		"the client is disabled": func(w *world, _ string) { w.change("gateway", func(c *registry.Client) { c.Enabled = false }) },
		"its time is over":       func(w *world, _ string) { w.pass(15 * time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.exchangers()
			l := w.layouts()[0]
			subject := text(w.issue(l, "ana"), "access_token")
			swapped := text(w.post(l.token, "gateway", exchanged(subject)).json(t), "access_token")
			if a := w.introspect(l, "api", swapped); a.json(t)["active"] != true {
				t.Fatalf("control: %s", a.body)
			}
			sid, _ := part(t, subject, 1)["sid"].(string)
			kill(w, sid)
			if a := w.introspect(l, "api", swapped); a.body != inactive {
				t.Errorf("the token is still told as %s", a.body)
			}
			if a := w.post(l.token, "gateway", exchanged(subject)); a.status == http.StatusOK {
				t.Errorf("another exchange: %s", a.body)
			}
		})
	}
}

// TestExchangeAfterPasswordChange: the token lives on until it expires, and grows no other.
func TestExchangeAfterPasswordChange(t *testing.T) {
	w := newWorld(t)
	w.exchangers()
	l := w.layouts()[0]
	subject := text(w.issue(l, "ana"), "access_token")
	if a := w.post(l.token, "gateway", exchanged(subject)); a.status != http.StatusOK {
		t.Fatalf("control: %d %s", a.status, a.body)
	}
	w.pass(time.Minute)
	w.directory.edit("4711", func(u *mapping.User) { u.PasswordChangedAt = w.clock.Now().Add(-time.Second) })
	call{status: http.StatusBadRequest, code: "invalid_request"}.check(t, l, w.post(l.token, "gateway", exchanged(subject)))
}

func TestExchangeInOutage(t *testing.T) {
	w := newWorld(t)
	w.exchangers()
	l := w.layouts()[0]
	subject := text(w.issue(l, "ana"), "access_token")
	w.directory.fail(true)
	if a := w.post(l.token, "gateway", exchanged(subject)); a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
		t.Errorf("directory down: %d %s", a.status, a.body)
	}
	w.directory.fail(false)
	w.silence(31 * time.Second)
	if a := w.post(l.token, "gateway", exchanged(subject)); a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
		t.Errorf("revocations stale: %d %s", a.status, a.body)
	}
}
