package provider_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker/grant"
)

func (l layout) push() string {
	if l.realm() {
		return l.issuer + "/protocol/openid-connect/ext/par/request"
	}
	return l.issuer + "/connect/par"
}

// pushedRequest is the form of authorizeURL.
func pushedRequest(t testing.TB, l layout, pairs ...string) url.Values {
	t.Helper()
	u, err := url.Parse(authorizeURL(l, pairs...))
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// pushed pushes a request and returns its request_uri.
func (w *world) pushed(l layout, pairs ...string) string {
	w.t.Helper()
	a := w.post(l.push(), "agent-app", pushedRequest(w.t, l, pairs...))
	said := a.json(w.t)
	if a.status != http.StatusCreated || said["expires_in"] != 90.0 || a.header.Get("Cache-Control") != "no-store" {
		w.t.Fatalf("push: %d %s", a.status, a.body)
	}
	return text(said, "request_uri")
}

func TestPushedRequest(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		uri := w.pushed(l, "client_id", "Agent-App")
		if !strings.HasPrefix(uri, "urn:ietf:params:oauth:request_uri:") {
			t.Errorf("request_uri is %q", uri)
		}
		// What comes beside it in the browser is anybody's, and counts for nothing.
		address := l.authorize + "?" + url.Values{
			"client_id": {"agent-app"}, "request_uri": {uri}, "redirect_uri": {"https://evil.example/"},
			"state": {"forged"}, "response_mode": {"fragment"}, "scope": {"openid"}, "prompt": {"none"},
		}.Encode()
		q := w.browser().logIn(address, "ana")
		if q.Get("state") != "s-1" || q.Get("iss") != l.issuer {
			t.Errorf("client was told %v", q)
		}
		a := w.post(l.token, "agent-app", redemption(q.Get("code")))
		tokens := a.json(t)
		if a.status != 200 || !strings.Contains(text(tokens, "scope"), "contact-centre") {
			t.Fatalf("tokens: %d %s", a.status, a.body)
		}
		if id := part(t, text(tokens, "id_token"), 1); id["aud"] != "Agent-App" || id["nonce"] != "n-1" {
			t.Errorf("ID token says aud %v, nonce %v", id["aud"], id["nonce"])
		}
		if again := w.browser().get(address); again.status != 400 || !strings.Contains(again.body, "The request is not valid") {
			t.Errorf("a second time: %d\n%s", again.status, again.body)
		}
	})
}

func TestPushedRequestBinds(t *testing.T) {
	w := newWorld(t)
	shared, realm := w.layouts()[0], w.layouts()[1]
	open := func(l layout, client, uri string) answer {
		t.Helper()
		return w.browser().get(l.authorize + "?" + url.Values{"client_id": {client}, "request_uri": {uri}}.Encode())
	}
	uri := w.pushed(shared)
	for name, a := range map[string]answer{
		"another client":     open(shared, "second-app", uri),
		"another issuer":     open(realm, "agent-app", uri),
		"unknown client":     open(shared, "nobody", uri),
		"no client":          w.browser().get(shared.authorize + "?request_uri=" + url.QueryEscape(uri)),
		"two request_uris":   w.browser().get(shared.authorize + "?client_id=agent-app&request_uri=" + url.QueryEscape(uri) + "&request_uri=x"),
		"never issued":       open(shared, "agent-app", "urn:ietf:params:oauth:request_uri:guessed"),
		"longer than issued": open(shared, "agent-app", uri+"A"),
	} {
		if a.status != 400 || a.header.Get("Location") != "" {
			t.Errorf("%s: %d %s", name, a.status, a.header.Get("Location"))
		}
	}
	// None of them has used it up; a form that brings it does so once, on its second leg.
	b := w.browser()
	if a := b.do(http.MethodPost, shared.authorize, url.Values{"client_id": {"agent-app"}, "request_uri": {uri}}); a.status != 200 || !strings.Contains(a.url.Path, "/login/attempt/") {
		t.Errorf("positive control: %d %s", a.status, a.url)
	}
	late := w.pushed(shared)
	w.pass(90 * time.Second)
	if a := open(shared, "agent-app", late); a.status != 400 {
		t.Errorf("after 90 s: %d", a.status)
	}
	foreign := w.browser().get(authorizeURL(shared, "request_uri", "https://client.example/request.jwt")).location(t).Query()
	if foreign.Get("error") != "request_uri_not_supported" || foreign.Get("state") != "s-1" {
		t.Errorf("a request_uri that is not ours: %v", foreign)
	}
}

func TestPushRefuses(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		w.pushed(l) // positive control
		for _, test := range []struct {
			name  string
			pairs []string
			code  string
		}{
			{"redirect_uri not registered", []string{"redirect_uri", "https://evil.example/"}, "invalid_request"},
			{"no redirect_uri", []string{"redirect_uri", ""}, "invalid_request"},
			{"request_uri inside", []string{"request_uri", "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"},
			{"request object", []string{"request", "e30.e30."}, "request_not_supported"},
			{"no response_type", []string{"response_type", ""}, "invalid_request"},
			{"unknown response_type", []string{"response_type", "magic"}, "unsupported_response_type"},
			{"plain challenge", []string{"code_challenge_method", "plain"}, "invalid_request"},
			{"another client's name", []string{"client_id", "second-app"}, "invalid_request"},
			{"prompt nobody knows", []string{"prompt", "dance"}, "invalid_request"},
		} {
			refusedAs(t, test.name, w.post(l.push(), "agent-app", pushedRequest(t, l, test.pairs...)), 400, test.code)
		}
		twice := pushedRequest(t, l)
		twice.Add("state", "other")
		refusedAs(t, "state twice", w.post(l.push(), "agent-app", twice), 400, "invalid_request")
		if a := w.post(l.push(), "", pushedRequest(t, l)); a.status != 401 {
			t.Errorf("without a secret: %d %s", a.status, a.body)
		}
		if a := w.browser().get(l.push()); a.status != 405 {
			t.Errorf("GET: %d", a.status)
		}
	})
}

func TestPushedRequestKeepsNoSecret(t *testing.T) {
	w := newWorld(t)
	l := w.layouts()[0]
	form := pushedRequest(t, l)
	form.Set("client_secret", strong("agent-app"))
	a := w.post(l.push(), "", form)
	if a.status != http.StatusCreated {
		t.Fatalf("push: %d %s", a.status, a.body)
	}
	secret := strings.TrimPrefix(text(a.json(t), "request_uri"), "urn:ietf:params:oauth:request_uri:")
	kept, err := w.store.FindPushed(t.Context(), grant.HashOf(secret))
	w.must(err)
	if !strings.Contains(kept.Parameters, "s-1") {
		t.Fatalf("positive control: %q", kept.Parameters)
	}
	if strings.Contains(kept.Parameters, "secret") {
		t.Errorf("kept %q", kept.Parameters)
	}
}
