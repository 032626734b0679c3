package provider_test

import (
	"crypto/sha256"
	"encoding/base64"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
)

// frontClient lets agent-app use every response type.
func (w *world) frontClient() {
	w.change("agent-app", func(c *registry.Client) { c.ResponseTypes = registry.ResponseTypes() })
}

// inFragment logs a user in and returns what the client finds behind the #.
func (b *browser) inFragment(address, login string) url.Values {
	b.t.Helper()
	to := b.submit(b.get(address), url.Values{"username": {login}, "password": {password}}).location(b.t)
	q, err := url.ParseQuery(to.EscapedFragment())
	if err != nil || to.RawQuery != "" || !strings.HasPrefix(to.String(), redirectURI+"#") {
		b.t.Fatalf("sent to %s: %v", to, err)
	}
	return q
}

func hashOf(value string) string {
	sum := sha256.Sum256([]byte(value))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

func TestResponseTypes(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		w.frontClient()
		for _, responseType := range []string{
			"id_token token", "token id_token", "id_token", "code id_token", "id_token code", "code id_token token", "code token",
		} {
			q := w.browser().inFragment(authorizeURL(l, "response_type", responseType), "ana")
			words := strings.Fields(responseType)
			for parameter, word := range map[string]string{"code": "code", "access_token": "token", "id_token": "id_token"} {
				if q.Has(parameter) != slices.Contains(words, word) {
					t.Errorf("%s: %s is there: %v", responseType, parameter, q.Has(parameter))
				}
			}
			if q.Get("state") != "s-1" || q.Get("iss") != l.issuer || q.Has("refresh_token") {
				t.Errorf("%s: %v", responseType, q)
			}
			if q.Has("access_token") {
				wantType := "Bearer"
				if l.realm() {
					wantType = "bearer"
				}
				if q.Get("token_type") != wantType || q.Get("expires_in") != "900" || q.Get("scope") == "" {
					t.Errorf("%s: token_type %q, expires_in %q, scope %q", responseType, q.Get("token_type"), q.Get("expires_in"), q.Get("scope"))
				}
				if w.introspect(l, "api", q.Get("access_token")).json(t)["active"] != true {
					t.Errorf("%s: the access token is not active", responseType)
				}
			}
			if q.Has("id_token") {
				claims := part(t, q.Get("id_token"), 1)
				for name, of := range map[string]string{"at_hash": q.Get("access_token"), "c_hash": q.Get("code")} {
					if want := hashOf(of); of != "" && claims[name] != want || of == "" && claims[name] != nil {
						t.Errorf("%s: %s is %v, want %s", responseType, name, claims[name], want)
					}
				}
				if claims["nonce"] != "n-1" || claims["sub"] != "4711" || claims["iss"] != l.issuer || claims["aud"] != "agent-app" {
					t.Errorf("%s: ID token of %v", responseType, claims)
				}
			}
			if q.Has("code") {
				a := w.post(l.token, "agent-app", redemption(q.Get("code")))
				second := part(t, text(a.json(t), "id_token"), 1)
				if a.status != http.StatusOK || second["sub"] != "4711" || second["nonce"] != "n-1" || second["c_hash"] != nil {
					t.Errorf("%s: the code brought %d %s", responseType, a.status, a.body)
				}
			}
		}
		if issued := w.recorded(broker.TokenIssued); !slices.ContainsFunc(issued, func(e broker.Event) bool { return e.Detail["grant_type"] == "implicit" }) {
			t.Error("the audit log does not tell of tokens of the front channel")
		}
	})
}

// TestFrontChannelRefused: what is refused is told in the fragment, where the client looks.
func TestFrontChannelRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		refusal := func(want, where string, pairs ...string) {
			t.Helper()
			to := w.browser().get(authorizeURL(l, pairs...)).location(t)
			said := to.EscapedFragment()
			if where == "query" {
				said = to.RawQuery
			}
			q, err := url.ParseQuery(said)
			if err != nil || q.Get("error") != want || q.Get("state") != "s-1" || q.Get("iss") != l.issuer {
				t.Errorf("%v: told %s, want %s in the %s", pairs, to, want, where)
			}
		}
		for _, off := range []string{"id_token token", "id_token", "code id_token", "code id_token token", "code token"} {
			refusal("unauthorized_client", "fragment", "response_type", off)
		}
		w.frontClient()
		if q := w.browser().inFragment(authorizeURL(l, "response_type", "id_token"), "ana"); q.Get("id_token") == "" {
			t.Fatalf("control: %v", q)
		}
		for _, c := range []struct {
			want, where string
			pairs       []string
		}{
			{"unsupported_response_type", "fragment", []string{"response_type", "token"}},
			{"unsupported_response_type", "fragment", []string{"response_type", "id_token id_token"}},
			{"unsupported_response_type", "query", []string{"response_type", "none"}},
			{"unsupported_response_type", "query", []string{"response_type", "code code"}},
			{"invalid_request", "fragment", []string{"response_type", "id_token token", "response_mode", "query"}},
			{"invalid_request", "fragment", []string{"response_type", "code token", "response_mode", "query"}},
			{"invalid_request", "fragment", []string{"response_type", "id_token", "nonce", ""}},
			{"invalid_request", "fragment", []string{"response_type", "code id_token", "nonce", ""}},
			{"invalid_scope", "fragment", []string{"response_type", "code id_token", "scope", "profile"}},
			{"invalid_request", "fragment", []string{"response_type", "code id_token", "code_challenge_method", "plain"}},
			{"login_required", "fragment", []string{"response_type", "code id_token", "prompt", "none"}},
			{"login_required", "query", []string{"prompt", "none"}},
		} {
			refusal(c.want, c.where, c.pairs...)
		}
		if q := w.browser().inFragment(authorizeURL(l, "response_type", "code token", "nonce", ""), "ana"); q.Get("code") == "" {
			t.Errorf("code token needs no nonce: %v", q)
		}
		if a := w.browser().get(authorizeURL(l, "nonce", "")); a.status != http.StatusOK {
			t.Errorf("code needs no nonce: %d", a.status)
		}
	})
}

// TestFrontChannelByPost: tokens and errors arrive in a form, too.
func TestFrontChannelByPost(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		w.frontClient()
		posted := func(page answer) url.Values {
			q := url.Values{}
			for _, f := range formField.FindAllStringSubmatch(page.body, -1) {
				q.Add(f[1], html.UnescapeString(f[2]))
			}
			return q
		}
		b := w.browser()
		page := b.get(authorizeURL(l, "response_type", "code id_token token", "response_mode", "form_post"))
		q := posted(b.submit(page, url.Values{"username": {"ana"}, "password": {password}}))
		if q.Get("code") == "" || q.Get("id_token") == "" || q.Get("access_token") == "" || q.Get("iss") != l.issuer {
			t.Errorf("posted %v", q)
		}
		failed := posted(w.browser().get(authorizeURL(l, "response_type", "id_token", "response_mode", "form_post", "prompt", "none")))
		if failed.Get("error") != "login_required" || failed.Get("state") != "s-1" || failed.Has("id_token") {
			t.Errorf("posted %v", failed)
		}
	})
}

// TestFrontTokensDie: a replayed code takes the tokens along that came beside it, and the end of the
// session all of them.
func TestFrontTokensDie(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		w.frontClient()
		alive := func(token string) bool { return w.introspect(l, "api", token).json(t)["active"] == true }
		q := w.browser().inFragment(authorizeURL(l, "response_type", "code token"), "ana")
		if !alive(q.Get("access_token")) {
			t.Fatal("control: the token is not active")
		}
		for range 2 {
			w.post(l.token, "agent-app", redemption(q.Get("code")))
		}
		if alive(q.Get("access_token")) {
			t.Error("the token survived the replay of its code")
		}
		b := w.browser()
		q = b.inFragment(authorizeURL(l, "response_type", "id_token token"), "ana")
		b.get(logoutURL(l, "id_token_hint", q.Get("id_token")))
		if alive(q.Get("access_token")) {
			t.Error("the token survived the logout")
		}
	})
}
