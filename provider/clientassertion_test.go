package provider_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/provider"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

func asserted(assertion string, pairs ...string) url.Values {
	return form(append([]string{
		"grant_type", "client_credentials", "scope", "roles", "client_assertion_type", assertionType, "client_assertion", assertion,
	}, pairs...)...)
}

func TestPrivateKeyJWT(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		for name, m := range makers() {
			if name == "stranger" {
				continue
			}
			for aud, address := range map[string]string{"issuer": l.issuer, "token endpoint": l.token} {
				a := w.post(l.token, "", asserted(w.jwt(m, w.about("signing", "signing", address), nil)))
				if a.status != http.StatusOK || part(t, text(a.json(t), "access_token"), 1)["client_id"] != "signing" {
					t.Errorf("%s for the %s: %d %s", name, aud, a.status, a.body)
				}
			}
		}
		m := makers()["ES256"]
		withoutKid := m
		withoutKid.kid = ""
		two := w.about("signing", "signing", "")
		two["aud"] = []string{l.issuer, l.token}
		for name, form := range map[string]url.Values{
			"client_id beside it":   asserted(w.jwt(m, w.about("signing", "signing", l.issuer), nil), "client_id", "signing"),
			"another case":          asserted(w.jwt(m, w.about("Signing", "Signing", l.issuer), nil)),
			"no kid":                asserted(w.jwt(withoutKid, w.about("signing", "signing", l.issuer), nil)),
			"its own typ":           asserted(w.jwt(m, w.about("signing", "signing", l.issuer), map[jose.HeaderKey]any{"typ": "client-authentication+jwt"})),
			"issuer and endpoint":   asserted(w.jwt(m, two, nil)),
			"sub in another case":   asserted(w.jwt(m, w.about("signing", "SIGNING", l.issuer), nil), "client_id", "Signing"),
			"an empty secret":       asserted(w.jwt(m, w.about("signing", "signing", l.issuer), nil), "client_secret", ""),
			"a clock a little fast": asserted(w.jwt(m, with(w.about("signing", "signing", l.issuer), "iat", w.clock.Now().Unix()+30), nil)),
			"ten minutes of life":   asserted(w.jwt(m, with(w.about("signing", "signing", l.issuer), "exp", w.clock.Now().Unix()+600), nil)),
		} {
			if a := w.post(l.token, "", form); a.status != http.StatusOK {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
		}
	})
}

// TestPrivateKeyJWTEverywhere: each endpoint that knows its caller, by its own address too.
func TestPrivateKeyJWTEverywhere(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		access := text(w.machine(l, "reporting", "roles").json(t), "access_token")
		for _, address := range []string{l.introspect, l.revoke} {
			for _, aud := range []string{l.issuer, l.token, address} {
				a := w.post(address, "", asserted(w.jwt(makers()["RS256"], w.about("signing", "signing", aud), nil), "token", access))
				if a.status != http.StatusOK {
					t.Errorf("%s for %s: %d %s", address, aud, a.status, a.body)
				}
			}
		}
		if a := w.introspect(l, "api", access); a.json(t)["active"] != true {
			t.Errorf("the token of another client was revoked: %s", a.body)
		}
	})
}

// TestPrivateKeyJWTBeforeLogins: at the endpoints where an application begins a login.
func TestPrivateKeyJWTBeforeLogins(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		w.devices()
		w.change("agent-app", func(c *registry.Client) {
			c.Secrets = []registry.ClientSecret{{Description: "key", PublicKey: makers()["ES256"].public}}
		})
		for address, test := range map[string]struct {
			form   url.Values
			status int
		}{
			l.push():                {pushedRequest(t, l), http.StatusCreated},
			l.deviceAuthorization(): {form("scope", "openid"), http.StatusOK},
		} {
			for _, aud := range []string{l.issuer, l.token, address} {
				test.form.Set("client_assertion_type", assertionType)
				test.form.Set("client_assertion", w.jwt(makers()["ES256"], w.about("agent-app", "agent-app", aud), nil))
				if a := w.post(address, "", test.form); a.status != test.status {
					t.Errorf("%s for %s: %d %s", address, aud, a.status, a.body)
				}
				a := w.post(address, "", test.form)
				call{status: 401, code: "invalid_client", realm: &said{401, "unauthorized_client"}}.check(t, l, a)
			}
		}
	})
}

// with returns claims with one of them changed, or taken out.
func with(claims map[string]any, name string, value any) map[string]any {
	if value == nil {
		delete(claims, name)
	} else {
		claims[name] = value
	}
	return claims
}

func TestPrivateKeyJWTRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		ec := makers()["ES256"]
		good := func() map[string]any { return w.about("signing", "signing", l.issuer) }
		now := w.clock.Now().Unix()
		if a := w.post(l.token, "", asserted(w.jwt(ec, good(), nil))); a.status != http.StatusOK {
			t.Fatalf("control: %d %s", a.status, a.body)
		}
		wrongKid := makers()["RS256"]
		wrongKid.kid = "ec"
		secretAsKey := func() string {
			signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: ec.public}, nil)
			w.must(err)
			signed, err := signer.Sign([]byte(`{"iss":"signing"}`))
			w.must(err)
			raw, err := signed.CompactSerialize()
			w.must(err)
			return raw
		}
		unsigned := func() string {
			parts := strings.Split(w.jwt(ec, good(), nil), ".")
			return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."
		}
		tampered := func() string {
			parts, other := strings.Split(w.jwt(ec, good(), nil), "."), strings.Split(w.jwt(ec, good(), nil), ".")
			return parts[0] + "." + other[1] + "." + parts[2]
		}
		for _, c := range []struct {
			name string
			raw  string
		}{
			{"a stranger's key", w.jwt(makers()["stranger"], good(), nil)},
			{"the kid of another key", w.jwt(wrongKid, good(), nil)},
			{"no signature", unsigned()},
			{"the public key as a shared secret", secretAsKey()},
			{"a tampered payload", tampered()},
			{"another typ", w.jwt(ec, good(), map[jose.HeaderKey]any{"typ": "at+jwt"})},
			{"a critical header", w.jwt(ec, good(), map[jose.HeaderKey]any{"crit": []string{"x"}, "x": 1})},
			{"a critical header the library knows", w.jwt(ec, good(), map[jose.HeaderKey]any{"crit": []string{"b64"}, "b64": true})},
			{"its own key", w.jwt(makers()["stranger"], good(), map[jose.HeaderKey]any{"jwk": jwkOf(makers()["stranger"])})},
			{"the right key, brought along", w.jwt(ec, good(), map[jose.HeaderKey]any{"jwk": jwkOf(ec)})},
			{"the address of a key set", w.jwt(ec, good(), map[jose.HeaderKey]any{"jku": "https://evil.example/jwks"})},
			{"the address of a certificate", w.jwt(ec, good(), map[jose.HeaderKey]any{"x5u": "https://evil.example/pem"})},
			{"sub of another client", w.jwt(ec, with(good(), "sub", "reporting"), nil)},
			{"no iss", w.jwt(ec, with(good(), "iss", nil), nil)},
			{"no aud", w.jwt(ec, with(good(), "aud", nil), nil)},
			{"aud of somebody else", w.jwt(ec, with(good(), "aud", "https://elsewhere.example"), nil)},
			{"aud of somebody else beside ours", w.jwt(ec, with(good(), "aud", []string{l.issuer, "https://elsewhere.example"}), nil)},
			{"aud is another endpoint", w.jwt(ec, with(good(), "aud", l.introspect), nil)},
			{"aud with a slash", w.jwt(ec, with(good(), "aud", l.issuer+"/"), nil)},
			{"no exp", w.jwt(ec, with(good(), "exp", nil), nil)},
			{"expired", w.jwt(ec, with(good(), "exp", now), nil)},
			{"exp in eleven minutes", w.jwt(ec, with(good(), "exp", now+11*60), nil)},
			{"exp beyond all calendars", w.jwt(ec, with(good(), "exp", 1e300), nil)},
			{"exp is text", w.jwt(ec, with(good(), "exp", "tomorrow"), nil)},
			{"iat ahead", w.jwt(ec, with(good(), "iat", now+31), nil)},
			{"iat long ago", w.jwt(ec, with(good(), "iat", now-11*60), nil)},
			{"nbf ahead", w.jwt(ec, with(good(), "nbf", now+31), nil)},
			{"no jti", w.jwt(ec, with(good(), "jti", nil), nil)},
			{"endless jti", w.jwt(ec, with(good(), "jti", strings.Repeat("j", 256)), nil)},
			{"too large", w.jwt(ec, with(good(), "note", strings.Repeat("n", 16<<10)), nil)},
			{"junk", "junk"},
			{"nothing", ""},
			{"a client of secrets", w.jwt(ec, w.about("reporting", "reporting", l.issuer), nil)},
			{"a public client", w.jwt(ec, w.about("spa", "spa", l.issuer), nil)},
		} {
			a := w.post(l.token, "", asserted(c.raw))
			call{status: 401, code: "invalid_client", realm: &said{401, "unauthorized_client"}}.check(t, l, a)
			if t.Failed() {
				t.Fatalf("it was: %s", c.name)
			}
		}
		call{status: 401, code: "invalid_client", realm: &said{400, "invalid_client"}}.check(t, l,
			w.post(l.token, "", asserted(w.jwt(ec, w.about("nobody", "nobody", l.issuer), nil))))
		bad := call{status: 400, code: "invalid_request"}
		bad.check(t, l, w.post(l.token, "signing", asserted(w.jwt(ec, good(), nil))))
		bad.check(t, l, w.post(l.token, "", asserted(w.jwt(ec, good(), nil), "client_secret", "x")))
		bad.check(t, l, w.post(l.token, "", asserted(w.jwt(ec, good(), nil), "client_id", "reporting")))
		bad.check(t, l, w.post(l.token, "", asserted(w.jwt(ec, good(), nil), "client_id", "\u017figning"))) // a long s
		other := asserted(w.jwt(ec, good(), nil), "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer")
		call{status: 401, code: "invalid_client", realm: &said{401, "unauthorized_client"}}.check(t, l, w.post(l.token, "", other))
	})
}

// TestPrivateKeyJWTKeyEnds: a key that has expired verifies nothing, nor does one taken away.
func TestPrivateKeyJWTKeyEnds(t *testing.T) {
	w := newWorld(t)
	l := w.layouts()[0]
	try := func() int {
		return w.post(l.token, "", asserted(w.jwt(makers()["ES256"], w.about("signing", "signing", l.issuer), nil))).status
	}
	expire := func(at time.Time) {
		w.change("signing", func(c *registry.Client) {
			c.Secrets = append([]registry.ClientSecret(nil), c.Secrets...)
			for i := range c.Secrets {
				c.Secrets[i].Expires = at
			}
		})
	}
	expire(w.clock.Now().Add(time.Minute))
	if got := try(); got != http.StatusOK {
		t.Fatalf("control: %d", got)
	}
	w.pass(time.Minute)
	if got := try(); got != http.StatusUnauthorized {
		t.Errorf("an expired key: %d", got)
	}
}

// TestPrivateKeyJWTOnce: 64 at once, at two endpoints and both issuers' nodes, have one winner.
func TestPrivateKeyJWTOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		raw := w.jwt(makers()["ES256"], w.about("signing", "signing", l.issuer), nil)
		var mu sync.Mutex
		won := map[int]int{}
		var group sync.WaitGroup
		for i := range 64 {
			address := []string{l.token, l.introspect}[i%2]
			group.Go(func() {
				a := w.post(address, "", asserted(raw, "token", "x"))
				mu.Lock()
				defer mu.Unlock()
				won[a.status]++
			})
		}
		group.Wait()
		if won[http.StatusOK] != 1 || won[http.StatusUnauthorized] != 63 {
			t.Errorf("answers by status: %v", won)
		}
	})
}

// TestPrivateKeyJWTInOutage: whether an assertion was used is nothing to be guessed.
func TestPrivateKeyJWTInOutage(t *testing.T) {
	w := newWorld(t)
	l := w.layouts()[0]
	raw := w.jwt(makers()["ES256"], w.about("signing", "signing", l.issuer), nil)
	w.must(w.store.Close())
	if a := w.post(l.token, "", asserted(raw)); a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
		t.Errorf("state down: %d %s", a.status, a.body)
	}
	if a := w.machine(l, "reporting", "roles"); a.status != http.StatusOK {
		t.Errorf("a client with a secret needs no state: %d %s", a.status, a.body)
	}
}

// TestPrivateKeyJWTPaysInAdvance: whoever lets us verify what nobody signed is soon refused unread, and
// a client that proves itself spends its tenant's budget alone.
func TestPrivateKeyJWTPaysInAdvance(t *testing.T) {
	w := newNarrowWorld(t, func(l *provider.Limits) { l.Introspection.Burst = 10 })
	l := w.layouts()[0]
	ask := func(m maker) func() answer {
		return func() answer {
			return w.post(l.introspect, "", asserted(w.jwt(m, w.about("signing", "signing", l.issuer), nil), "token", "x"))
		}
	}
	w.spend(9, 200, "the client", ask(makers()["ES256"]))
	w.spend(3, 401, "a stranger", ask(makers()["stranger"]))
	a := w.spend(9, 429, "a stranger who has spent it all", ask(makers()["stranger"]))
	if a.header.Get("Retry-After") == "" || !strings.HasPrefix(a.header.Get("RateLimit"), `"address"`) {
		t.Errorf("refused with %v", a.header)
	}
	w.pass(time.Second)
	a = w.spend(1, 200, "the client, a second later", ask(makers()["ES256"]))
	if !strings.HasPrefix(a.header.Get("RateLimit"), `"introspection"`) {
		t.Errorf("RateLimit %s", a.header.Get("RateLimit"))
	}
}
