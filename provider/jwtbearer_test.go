package provider_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

const (
	bearerGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	hr          = "https://hr.example"    // names people by their logins
	pay         = "https://pay.example"   // names them by their ids
	rogue       = "https://rogue.example" // is trusted by another client
)

// trusting registers clients that take the word of others about who a user is.
func (w *world) trusting() {
	w.t.Helper()
	trust := func(issuer, subjectIs string, m maker) registry.TrustedIssuer {
		keys, err := json.Marshal(map[string]any{"keys": []json.RawMessage{m.public}})
		w.must(err)
		return registry.TrustedIssuer{Issuer: issuer, Keys: keys, SubjectIs: subjectIs}
	}
	trusting := func(id string, account registry.Account, issuers ...registry.TrustedIssuer) registry.Client {
		c := client(id, account)
		c.GrantTypes, c.TrustedIssuers = []string{bearerGrant}, issuers
		c.Scopes, c.DefaultScopes = []string{"openid", "profile", "offline_access", "contact-centre"}, []string{"profile"}
		return c
	}
	all := makers()
	w.save(registry.Records{Clients: []registry.Client{
		trusting("portal", "acme", trust(hr, registry.SubjectLogin, all["ES256"]), trust(pay, registry.SubjectUserID, all["RS256"])),
		trusting("other-portal", "acme", trust(rogue, registry.SubjectLogin, all["EdDSA"])),
		trusting("any-portal", "", trust(hr, registry.SubjectLogin, all["ES256"])),
	}})
}

func vouched(assertion string, pairs ...string) url.Values {
	return form(append([]string{"grant_type", bearerGrant, "assertion", assertion}, pairs...)...)
}

func TestJWTBearer(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		w.trusting()
		for _, c := range []struct {
			name, maker, issuer, subject, audience string
			header                                 map[jose.HeaderKey]any
		}{
			{"by login", "ES256", hr, "ana", l.issuer, nil},
			{"by id", "RS256", pay, "4711", l.issuer, nil},
			{"for the token endpoint", "ES256", hr, "ana", l.token, nil},
			{"with its own typ", "ES256", hr, "ana", l.issuer, map[jose.HeaderKey]any{"typ": "authorization-grant+jwt"}},
		} {
			t.Run(c.name, func(t *testing.T) {
				a := w.post(l.token, "portal", vouched(w.jwt(makers()[c.maker], w.about(c.issuer, c.subject, c.audience), c.header), "scope", "openid contact-centre offline_access"))
				if a.status != http.StatusOK {
					t.Fatalf("%d %s", a.status, a.body)
				}
				said := a.json(t)
				if said["scope"] != "openid contact-centre" || said["refresh_token"] != nil || said["id_token"] != nil || said["issued_token_type"] != nil {
					t.Errorf("answer is %v", said)
				}
				claims := part(t, text(said, "access_token"), 1)
				if claims["sub"] != "4711" || claims["sub_type"] != "user" || claims["client_id"] != "portal" || claims["idp"] != c.issuer {
					t.Errorf("claims are %v", claims)
				}
				for _, name := range []string{"sid", "auth_time", "amr", "acr", "act"} {
					if claims[name] != nil {
						t.Errorf("%s is %v, and nobody logged in here", name, claims[name])
					}
				}
				if seen := w.introspect(l, "sbc", text(said, "access_token")).json(t); seen["username"] != "4711@pbx.acme.example" {
					t.Errorf("the switch sees %v", seen)
				}
			})
		}
		if got := w.recorded(broker.TokenIssued); len(got) != 4 || got[0].UserID != "4711" || got[0].Detail["grant_type"] != bearerGrant {
			t.Errorf("audit log has %+v", got)
		}
	})
}

func TestJWTBearerRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		w.trusting()
		w.directory.edit("4718", func(u *mapping.User) { u.Active = false })
		w.directory.edit("4721", func(u *mapping.User) { u.Username = "ivar" }) // of whom there are two now
		ec := makers()["ES256"]
		about := func() map[string]any { return w.about(hr, "ana", l.issuer) }
		if a := w.post(l.token, "portal", vouched(w.jwt(ec, about(), nil))); a.status != http.StatusOK {
			t.Fatalf("control: %d %s", a.status, a.body)
		}
		now := w.clock.Now().Unix()
		for _, c := range []struct {
			name string
			raw  string
		}{
			{"a stranger's key", w.jwt(makers()["stranger"], about(), nil)},
			{"the key of another issuer", w.jwt(makers()["RS256"], about(), nil)},
			{"the issuer of another key", w.jwt(ec, w.about(pay, "4711", l.issuer), nil)},
			{"an issuer that only another client trusts", w.jwt(makers()["EdDSA"], w.about(rogue, "ana", l.issuer), nil)},
			{"the issuer with a slash", w.jwt(ec, w.about(hr+"/", "ana", l.issuer), nil)},
			{"no issuer", w.jwt(ec, with(about(), "iss", nil), nil)},
			{"somebody else's audience", w.jwt(ec, with(about(), "aud", "https://elsewhere.example"), nil)},
			{"somebody else's beside ours", w.jwt(ec, with(about(), "aud", []string{l.issuer, "https://elsewhere.example"}), nil)},
			{"another endpoint's", w.jwt(ec, with(about(), "aud", l.introspect), nil)},
			{"no audience", w.jwt(ec, with(about(), "aud", nil), nil)},
			{"no exp", w.jwt(ec, with(about(), "exp", nil), nil)},
			{"expired", w.jwt(ec, with(about(), "exp", now), nil)},
			{"good for an hour", w.jwt(ec, with(about(), "exp", now+3600), nil)},
			{"no jti", w.jwt(ec, with(about(), "jti", nil), nil)},
			{"not good yet", w.jwt(ec, with(about(), "nbf", now+120), nil)},
			{"an access token's typ", w.jwt(ec, about(), map[jose.HeaderKey]any{"typ": "at+jwt"})},
			{"a client assertion's typ", w.jwt(ec, about(), map[jose.HeaderKey]any{"typ": "client-authentication+jwt"})},
			{"no sub", w.jwt(ec, with(about(), "sub", nil), nil)},
			{"an endless sub", w.jwt(ec, with(about(), "sub", strings.Repeat("a", 256)), nil)},
			{"nobody", w.jwt(ec, with(about(), "sub", "nobody"), nil)},
			{"an id where a login should be", w.jwt(ec, with(about(), "sub", "4711"), nil)},
			{"a login where an id should be", w.jwt(makers()["RS256"], w.about(pay, "ana", l.issuer), nil)},
			{"a user of another tenant", w.jwt(makers()["RS256"], w.about(pay, "5711", l.issuer), nil)},
			{"a disabled user", w.jwt(ec, with(about(), "sub", "hege"), nil)},
			{"two users", w.jwt(ec, with(about(), "sub", "ivar"), nil)},
			{"junk", "junk"},
		} {
			t.Run(c.name, func(t *testing.T) {
				call{status: http.StatusBadRequest, code: "invalid_grant"}.check(t, l, w.post(l.token, "portal", vouched(c.raw)))
			})
		}
		good := func() string { return w.jwt(ec, about(), nil) }
		call{status: http.StatusBadRequest, code: "invalid_request"}.check(t, l, w.post(l.token, "portal", vouched("")))
		call{status: http.StatusBadRequest, code: "invalid_scope"}.check(t, l, w.post(l.token, "portal", vouched(good(), "scope", "email")))
		call{status: http.StatusBadRequest, code: "unauthorized_client"}.check(t, l, w.post(l.token, "agent-app", vouched(good())))
		unknown := call{status: http.StatusUnauthorized, code: "invalid_client", realm: &said{http.StatusBadRequest, "invalid_client"}}
		unknown.check(t, l, w.post(l.token, "", vouched(good())))
		wrong := call{status: http.StatusUnauthorized, code: "invalid_client", realm: &said{http.StatusUnauthorized, "unauthorized_client"}}
		wrong.check(t, l, w.post(l.token, "", vouched(good(), "client_id", "portal")))
		if got := w.recorded(broker.TokenRefused); len(got) < 20 || got[0].Detail["grant_type"] != bearerGrant || got[0].Reason == "" {
			t.Errorf("audit log has %d refusals", len(got))
		}
	})
}

// TestJWTBearerOnce: 64 at once have one winner.
func TestJWTBearerOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		w.trusting()
		raw := w.jwt(makers()["ES256"], w.about(hr, "ana", l.issuer), nil)
		var mu sync.Mutex
		won := map[int]int{}
		var group sync.WaitGroup
		for range 64 {
			group.Go(func() {
				a := w.post(l.token, "portal", vouched(raw))
				mu.Lock()
				defer mu.Unlock()
				won[a.status]++
			})
		}
		group.Wait()
		if won[http.StatusOK] != 1 || won[http.StatusBadRequest] != 63 {
			t.Errorf("answers by status: %v", won)
		}
	})
}

// TestJWTBearerInOutage: trouble of ours uses no assertion up.
func TestJWTBearerInOutage(t *testing.T) {
	w := newWorld(t)
	w.trusting()
	l := w.layouts()[0]
	raw := w.jwt(makers()["ES256"], w.about(hr, "ana", l.issuer), nil)
	w.directory.fail(true)
	if a := w.post(l.token, "portal", vouched(raw)); a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
		t.Errorf("directory down: %d %s", a.status, a.body)
	}
	w.directory.fail(false)
	if a := w.post(l.token, "portal", vouched(raw)); a.status != http.StatusOK {
		t.Errorf("after that: %d %s", a.status, a.body)
	}
	w.must(w.store.Close())
	raw = w.jwt(makers()["ES256"], w.about(hr, "ana", l.issuer), nil)
	if a := w.post(l.token, "portal", vouched(raw)); a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
		t.Errorf("state down: %d %s", a.status, a.body)
	}
}

// TestJWTBearerOfPlatformClient: the request or the address says which account it is.
func TestJWTBearerOfPlatformClient(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		w.trusting()
		try := func(pairs ...string) answer {
			return w.post(l.token, "any-portal", vouched(w.jwt(makers()["ES256"], w.about(hr, "ana", l.issuer), nil), pairs...))
		}
		a := try("acr_values", "tenant:acme")
		if claims := part(t, text(a.json(t), "access_token"), 1); claims["sub"] != "4711" || claims["tenant"] != "acme" {
			t.Errorf("claims are %v", claims)
		}
		if got := try().status == http.StatusOK; got != l.realm() {
			t.Errorf("without acr_values: accepted %v", got)
		}
	})
}
