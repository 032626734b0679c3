package provider_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/legacy/legacytest"
)

// namesakes are the two users 711 of a directory whose ids are per tenant.
var namesakes = []struct{ account, password, subject string }{
	{"acme", "demo-ana-4711", "10010-711"},
	{"globex", "demo-ana-5711", "10020-711"},
}

// newPerTenant is a world of that directory, with a client of the platform that both log in to.
func newPerTenant(t *testing.T) (*world, layout) {
	t.Helper()
	w := newWorldWith(t, legacytest.PerTenant(t, legacy.SQLite))
	agent, ok := w.registry.Snapshot().Client("agent-app")
	if !ok {
		t.Fatal("no client agent-app")
	}
	desktop := *agent
	desktop.ID, desktop.Account, desktop.Secrets = "desktop", "", client("desktop", "").Secrets
	desktop.GrantTypes = append(desktop.GrantTypes, "password")
	w.save(registry.Records{Clients: []registry.Client{desktop}})
	return w, w.layouts()[0]
}

// TestSubjectsPerTenant: two people of one id are two subjects, wherever a client hears of them.
func TestSubjectsPerTenant(t *testing.T) {
	w, l := newPerTenant(t)
	heard := w.receives("desktop", http.StatusOK)
	w.deliver()
	hints := map[string]string{}
	for _, c := range namesakes {
		b := w.browser()
		pinned := authorizeURL(l, "client_id", "desktop", "acr_values", "tenant:"+c.account)
		page := b.get(pinned)
		code := b.submit(page, url.Values{"username": {"ana"}, "password": {c.password}}).location(t).Query().Get("code")
		a := w.post(l.token, "desktop", redemption(code))
		if a.status != http.StatusOK {
			t.Fatalf("%s: %d %s", c.account, a.status, a.body)
		}
		tokens := a.json(t)
		refreshed := w.post(l.token, "desktop", refreshForm(text(tokens, "refresh_token"))).json(t)
		for name, raw := range map[string]string{
			"access token": text(tokens, "access_token"), "ID token": text(tokens, "id_token"),
			"refreshed access token": text(refreshed, "access_token"), "refreshed ID token": text(refreshed, "id_token"),
		} {
			if claims := part(t, raw, 1); claims["sub"] != c.subject {
				t.Errorf("%s of %s: sub is %v, want %s", name, c.account, claims["sub"], c.subject)
			}
		}
		caller := map[string]string{"acme": "api", "globex": "globex-api"}[c.account]
		if told := w.introspect(l, caller, text(tokens, "access_token")).json(t); told["active"] != true || told["sub"] != c.subject || told["username"] != "ana" || told["user_id"] != nil && told["user_id"] != "711" {
			t.Errorf("introspection of %s: %v", c.account, told)
		}
		if info := w.userinfo(l, "Bearer "+text(tokens, "access_token")).json(t); info["sub"] != c.subject || info["user_id"] != "711" {
			t.Errorf("userinfo of %s: %v", c.account, info)
		}
		hints[c.account] = text(tokens, "id_token")
		if q := b.get(authorizeURL(l, "client_id", "desktop", "prompt", "none", "id_token_hint", hints[c.account])).location(t).Query(); !q.Has("code") {
			t.Errorf("the own hint of %s: %v", c.account, q)
		}
		if c.account == "globex" {
			q := b.get(authorizeURL(l, "client_id", "desktop", "prompt", "none", "id_token_hint", hints["acme"])).location(t).Query()
			if q.Get("error") != "login_required" {
				t.Errorf("the hint of the namesake: %v", q)
			}
			q = b.get(pinned + "&" + url.Values{"id_token_hint": {hints["acme"]}}.Encode()).location(t).Query()
			if q.Get("error") != "login_required" {
				t.Errorf("the hint of the namesake, at the other tenant: %v", q)
			}
		}
		b.get(logoutURL(l, "id_token_hint", hints[c.account]))
		if claims := part(t, heard.token(t), 1); claims["sub"] != c.subject {
			t.Errorf("logout token of %s: sub is %v", c.account, claims["sub"])
		}
	}
}

// TestRevocationPerTenant: revoking a user leaves the namesake alone.
func TestRevocationPerTenant(t *testing.T) {
	w, l := newPerTenant(t)
	tokens := map[string]string{}
	for _, c := range namesakes {
		a := w.post(l.token, "desktop", form("grant_type", "password", "username", "ana", "password", c.password, "acr_values", "tenant:"+c.account, "scope", "openid"))
		tokens[c.account] = text(a.json(t), "access_token")
		if claims := part(t, tokens[c.account], 1); claims["sub"] != c.subject {
			t.Fatalf("%s: %d %s", c.account, a.status, a.body)
		}
	}
	active := func(caller, account string) any { return w.introspect(l, caller, tokens[account]).json(t)["active"] }
	if active("api", "acme") != true || active("globex-api", "globex") != true {
		t.Fatal("positive control: a token is not active")
	}
	w.must(w.grants.Revoke(t.Context(), grant.KindUser, grant.UserSubject("acme", "711")))
	if active("api", "acme") != false || active("globex-api", "globex") != true {
		t.Errorf("active: %v at Acme, %v at Globex", active("api", "acme"), active("globex-api", "globex"))
	}
}
