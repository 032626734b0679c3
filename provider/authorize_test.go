package provider_test

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker/registry"
)

// TestAuthorizePage: what must never be redirected, because the address is not to be trusted.
func TestAuthorizePage(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		if a := w.browser().get(authorizeURL(l)); a.status != http.StatusOK || !strings.Contains(a.body, `type="password"`) {
			t.Fatalf("control: %d %s", a.status, a.body)
		}
		rows := map[string]string{
			"unknown client":     authorizeURL(l, "client_id", "nobody"),
			"no client":          authorizeURL(l, "client_id", ""),
			"no redirect_uri":    authorizeURL(l, "redirect_uri", ""),
			"two clients":        authorizeURL(l) + "&client_id=agent-app",
			"two redirects":      authorizeURL(l) + "&redirect_uri=http://127.0.0.1:9/other",
			"client without any": authorizeURL(l, "client_id", "api"),
			"malformed query":    authorizeURL(l) + "&x=%zz",
			"huge query":         authorizeURL(l) + "&x=" + strings.Repeat("x", 64<<10),
		}
		if l.realm() {
			rows["client of another tenant"] = authorizeURL(l, "client_id", "globex-app")
		}
		for _, uri := range []string{
			"HTTP://127.0.0.1:9/callback", "http://127.0.0.1:9/Callback", "http://127.0.0.1:9/callback/", "http://127.0.0.1:9/callbackx",
			"http://ok@127.0.0.1:9/callback", "http://127.0.0.1:9@evil.example/callback", "http://127.0.0.1:9@evil.example@x/callback",
			"http://127.0.0.1.evil.example/callback", "http://127.0.0.1:9/callback#x", "http://127.0.0.1:9/callback?x=1",
			"http://127.0.0.1:9/x/../callback", "http://127.0.0.1:9/%2f../callback", "http://127.0.0.1:9/%252f../callback",
			"http://127.0.0.1:9/..;/callback", `http://127.0.0.1:9\@evil.example/callback`, "http://127.0.0.1:9/\tcallback",
			"http://127.0.0.1:99999/callback", "http://127.0.0.1:/callback", "http://localhost:9/callback", "https://127.0.0.1:9/callback",
			"//127.0.0.1:9/callback", "javascript:alert(1)", "data:text/html,x", "JavaScript:alert(1)//127.0.0.1:9/callback",
		} {
			rows["redirect_uri "+uri] = authorizeURL(l, "redirect_uri", uri)
		}
		for name, address := range rows {
			a := w.browser().get(address)
			if a.status != http.StatusBadRequest || a.header.Get("Location") != "" || !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
				t.Errorf("%s: %d, Location %q", name, a.status, a.header.Get("Location"))
			}
		}
		w.change("agent-app", func(c *registry.Client) { c.Enabled = false })
		if a := w.browser().get(authorizeURL(l)); a.status != http.StatusBadRequest || a.header.Get("Location") != "" {
			t.Errorf("disabled client: %d", a.status)
		}
	})
}

// TestLoopbackPort: a native application learns its port when it starts (RFC 8252 §7.3).
func TestLoopbackPort(t *testing.T) {
	w := newWorld(t)
	if a := w.browser().get(authorizeURL(w.layouts()[0], "redirect_uri", "http://127.0.0.1:50123/callback")); a.status != http.StatusOK {
		t.Errorf("another port of the registered loopback address: %d", a.status)
	}
}

// TestAuthorizeErrors: everything else the client hears of, at its own address.
func TestAuthorizeErrors(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		if q := w.browser().logIn(authorizeURL(l), "ana"); q.Get("code") == "" || q.Get("state") != "s-1" || q.Get("iss") != l.issuer {
			t.Fatalf("control: %v", q)
		}
		for _, c := range []struct {
			name  string
			pairs []string
			extra string
			want  string
		}{
			{name: "no response_type", pairs: []string{"response_type", ""}, want: "invalid_request"},
			{name: "response type in capitals", pairs: []string{"response_type", "CODE"}, want: "unsupported_response_type"},
			{name: "request object", pairs: []string{"request", "x.y.z"}, want: "request_not_supported"},
			{name: "request_uri", pairs: []string{"request_uri", "https://evil.example/r"}, want: "request_uri_not_supported"},
			{name: "registration", pairs: []string{"registration", "{}"}, want: "registration_not_supported"},
			{name: "unknown response_mode", pairs: []string{"response_mode", "smoke"}, want: "invalid_request"},
			{name: "duplicate scope", extra: "&scope=openid", want: "invalid_request"},
			{name: "duplicate unknown parameter", extra: "&x=1&x=2", want: "invalid_request"},
			{name: "plain challenge", pairs: []string{"code_challenge_method", "plain"}, want: "invalid_request"},
			{name: "challenge without method", pairs: []string{"code_challenge_method", ""}, want: "invalid_request"},
			{name: "method without challenge", pairs: []string{"code_challenge", ""}, want: "invalid_request"},
			{name: "short challenge", pairs: []string{"code_challenge", challenge[:42]}, want: "invalid_request"},
			{name: "challenge with padding", pairs: []string{"code_challenge", challenge + "="}, want: "invalid_request"},
			{name: "public client without challenge", pairs: []string{"client_id", "spa", "code_challenge", "", "code_challenge_method", ""}, want: "invalid_request"},
			{name: "scope not allowed", pairs: []string{"client_id", "code-only", "scope", "openid email"}, want: "invalid_scope"},
			{name: "no known scope", pairs: []string{"scope", "magic"}, want: "invalid_scope"},
			{name: "prompt none and login", pairs: []string{"prompt", "none login"}, want: "invalid_request"},
			{name: "unknown prompt", pairs: []string{"prompt", "dance"}, want: "invalid_request"},
			{name: "negative max_age", pairs: []string{"max_age", "-1"}, want: "invalid_request"},
			{name: "max_age in words", pairs: []string{"max_age", "soon"}, want: "invalid_request"},
			{name: "long nonce", pairs: []string{"nonce", strings.Repeat("n", 1025)}, want: "invalid_request"},
			{name: "long login_hint", pairs: []string{"login_hint", strings.Repeat("n", 513)}, want: "invalid_request"},
			{name: "id_token_hint that is none", pairs: []string{"id_token_hint", "x.y.z"}, want: "invalid_request"},
			{name: "nobody logged in and prompt none", pairs: []string{"prompt", "none"}, want: "login_required"},
		} {
			a := w.browser().get(authorizeURL(l, c.pairs...) + c.extra)
			to := a.location(t)
			q := to.Query()
			if !strings.HasPrefix(to.String(), redirectURI+"?") || q.Get("error") != c.want || q.Get("state") != "s-1" || q.Get("iss") != l.issuer || q.Has("code") {
				t.Errorf("%s: client was told %s; want %s with state and iss", c.name, to, c.want)
			}
		}
	})
}

func TestUnknownParametersAndScopesAreIgnored(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		code := w.code(l, "ana", "scope", "openid magic profile openid", "display", "touch", "something", "else", "claims", "{}")
		a := w.post(l.token, "agent-app", redemption(code)).json(t)
		if a["scope"] != "openid profile" {
			t.Errorf("granted scope is %q", a["scope"])
		}
	})
}

// TestVoluntaryParameters: what a client merely wishes for never keeps anybody from logging in.
func TestVoluntaryParameters(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		for _, wish := range [][]string{
			{"display", "page"},
			{"display", "popup"},
			{"ui_locales", "se de-CH"},
			{"claims_locales", "se"},
			{"login_hint", "bob@example.com"},
			{"acr_values", "1 2"},
			{"acr_values", "urn:mace:incommon:iap:silver"},
			{"acr_values", "idp:nowhere tenant:acme"},
			{"idp", "nowhere"},
			{"max_age", "10000"},
			{"claims", `{"userinfo":{"name":{"essential":true}}}`},
			{"nonce", ""},
			{"state", ""},
			{"scope", "openid address phone"},
			{"prompt", "login"},
		} {
			q := w.browser().logIn(authorizeURL(l, wish...), "ana")
			if a := w.post(l.token, "agent-app", redemption(q.Get("code"))); a.status != http.StatusOK {
				t.Errorf("%v: %v, then %d %s", wish, q, a.status, a.body)
			}
		}
	})
}

// TestResponseModes: code, state and iss arrive in every mode, and markup in them stays text.
func TestResponseModes(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		const state = `"><script>alert(1)</script>&`
		answered := func(pairs ...string) answer {
			b := w.browser()
			page := b.get(authorizeURL(l, append(pairs, "state", state, "login_hint", state)...))
			if strings.Contains(page.body, "<script>alert") {
				t.Error("login_hint is markup on the login page")
			}
			return b.submit(page, url.Values{"username": {"ana"}, "password": {password}})
		}
		good := func(q url.Values) bool {
			return q.Get("code") != "" && q.Get("state") == state && q.Get("iss") == l.issuer
		}
		if to := answered().location(t); !good(to.Query()) || to.Fragment != "" {
			t.Errorf("query: %s", to)
		}
		to := answered("response_mode", "fragment").location(t)
		if q, err := url.ParseQuery(to.EscapedFragment()); err != nil || !good(q) || to.RawQuery != "" {
			t.Errorf("fragment: %s", to)
		}
		to = answered("redirect_uri", "http://127.0.0.1:9/other?fixed=1").location(t)
		if !good(to.Query()) || to.Query().Get("fixed") != "1" {
			t.Errorf("redirect_uri with a query: %s", to)
		}
		page := answered("response_mode", "form_post")
		q := url.Values{}
		for _, f := range formField.FindAllStringSubmatch(page.body, -1) {
			q.Add(f[1], html.UnescapeString(f[2]))
		}
		if page.status != http.StatusOK || !good(q) || strings.Contains(page.body, "<script>alert") || !strings.Contains(page.body, `action="`+redirectURI+`"`) {
			t.Errorf("form_post: %d %v\n%s", page.status, q, page.body)
		}
		failed := w.browser().get(authorizeURL(l, "response_mode", "form_post", "prompt", "none", "state", state))
		if failed.status != http.StatusOK || !strings.Contains(failed.body, "login_required") {
			t.Errorf("form_post of an error: %d", failed.status)
		}
	})
}

func TestSessions(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		b := w.browser()
		if q := b.logIn(authorizeURL(l), "ana"); q.Get("code") == "" {
			t.Fatalf("control: %v", q)
		}
		hint := text(w.issue(l, "hege"), "id_token")
		own := text(w.issue(l, "ana"), "id_token")
		outcome := func(pairs ...string) string {
			a := b.get(authorizeURL(l, pairs...))
			if a.status == http.StatusOK {
				return "page"
			}
			if q := a.location(t).Query(); q.Get("error") != "" {
				return q.Get("error")
			}
			return "code"
		}
		w.pass(2 * time.Minute)
		for _, c := range []struct {
			name  string
			pairs []string
			want  string
		}{
			{name: "single sign-on", want: "code"},
			{name: "another client", pairs: []string{"client_id", "second-app"}, want: "code"},
			{name: "silent", pairs: []string{"prompt", "none"}, want: "code"},
			{name: "prompt login", pairs: []string{"prompt", "login"}, want: "page"},
			{name: "prompt consent", pairs: []string{"prompt", "consent"}, want: "page"},
			{name: "select account", pairs: []string{"prompt", "select_account"}, want: "page"},
			{name: "young enough", pairs: []string{"max_age", "121"}, want: "code"},
			{name: "too old", pairs: []string{"max_age", "60"}, want: "page"},
			{name: "too old, silently", pairs: []string{"max_age", "60", "prompt", "none"}, want: "login_required"},
			{name: "max_age zero", pairs: []string{"max_age", "0"}, want: "page"},
			{name: "own hint", pairs: []string{"id_token_hint", own, "prompt", "none"}, want: "code"},
			{name: "another user's hint", pairs: []string{"id_token_hint", hint, "prompt", "none"}, want: "login_required"},
			{name: "another user's hint, with a page", pairs: []string{"id_token_hint", hint}, want: "page"},
			{name: "an access token as hint", pairs: []string{"id_token_hint", text(w.issue(l, "ana"), "access_token")}, want: "invalid_request"},
		} {
			if got := outcome(c.pairs...); got != c.want {
				t.Errorf("%s: %s, want %s", c.name, got, c.want)
			}
		}
		// Whoever logs in after a hint must be the one it names.
		if q := w.browser().logIn(authorizeURL(l, "id_token_hint", hint), "ana"); q.Get("error") != "login_required" || q.Has("code") {
			t.Errorf("ana logged in where hege was hinted: %v", q)
		}
		if q := w.browser().logIn(authorizeURL(l, "id_token_hint", hint), "hege"); q.Get("code") == "" {
			t.Errorf("hege was hinted and logged in: %v", q)
		}
	})
}

// TestAuthorizeByPost: a form on another site does not bring the session cookie, the GET it is sent
// on to does.
func TestAuthorizeByPost(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		b := w.browser()
		b.logIn(authorizeURL(l), "ana")
		at, err := url.Parse(authorizeURL(l))
		w.must(err)
		if q := b.do(http.MethodPost, l.authorize, at.Query()).location(t).Query(); q.Get("code") == "" || q.Get("state") != "s-1" {
			t.Errorf("client was told %v", q)
		}
		bad := at.Query()
		bad.Set("redirect_uri", "http://evil.example/")
		if a := b.do(http.MethodPost, l.authorize, bad); a.status != http.StatusBadRequest || a.header.Get("Location") != "" {
			t.Errorf("unregistered redirect_uri by POST: %d", a.status)
		}
		if a := b.do(http.MethodPost, l.authorize+"?client_id=agent-app", at.Query()); a.status != http.StatusBadRequest {
			t.Errorf("POST with a query: %d", a.status)
		}
		if a := b.do(http.MethodDelete, l.authorize, nil); a.status != http.StatusMethodNotAllowed {
			t.Errorf("DELETE: %d", a.status)
		}
	})
}
