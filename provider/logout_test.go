package provider_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
)

const bye = "http://127.0.0.1:9/bye"

// loggedIn is a browser with a session, and the tokens it led to.
func (w *world) loggedIn(l layout, login string) (*browser, map[string]any) {
	w.t.Helper()
	b := w.browser()
	q := b.logIn(authorizeURL(l), login)
	return b, w.post(l.token, "agent-app", redemption(q.Get("code"))).json(w.t)
}

func (b *browser) hasSession(l layout) bool {
	b.t.Helper()
	return b.get(authorizeURL(l, "prompt", "none")).location(b.t).Query().Has("code")
}

func logoutURL(l layout, pairs ...string) string {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return l.logout + "?" + q.Encode()
}

func TestLogoutWithHint(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			b, tokens := w.loggedIn(l, "ana")
			if !b.hasSession(l) {
				t.Fatal("control: no session to end")
			}
			w.pass(time.Hour) // the ID token has expired, which is fine
			form := url.Values{"id_token_hint": {text(tokens, "id_token")}, "post_logout_redirect_uri": {bye}, "state": {"s & t"}}
			a := answer{}
			if method == http.MethodGet {
				a = b.get(l.logout + "?" + form.Encode())
			} else {
				a = b.do(http.MethodPost, l.logout, form)
			}
			if to := a.location(t); to.String() != bye+"?state=s+%26+t" {
				t.Errorf("%s: sent to %s", method, to)
			}
			if b.hasSession(l) {
				t.Errorf("%s: the session lives on", method)
			}
			if a := w.post(l.token, "agent-app", refreshForm(text(tokens, "refresh_token"))); a.status != http.StatusBadRequest {
				t.Errorf("%s: the refresh token lives on: %d", method, a.status)
			}
		}
		if got := w.recorded(broker.SessionEnded); len(got) != 2 || got[0].UserID != "4711" {
			t.Errorf("audit log has %v", got)
		}
	})
}

// TestLogoutAsks: nobody else's link or image may log a person out.
func TestLogoutAsks(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		_, others := w.loggedIn(l, "hege")
		b, _ := w.loggedIn(l, "ana")
		for name, address := range map[string]string{
			"no hint":              logoutURL(l, "client_id", "agent-app", "post_logout_redirect_uri", bye, "state", "x"),
			"another user's hint":  logoutURL(l, "id_token_hint", text(others, "id_token"), "post_logout_redirect_uri", bye),
			"nothing but the page": l.logout,
		} {
			a := b.get(address)
			if a.status != http.StatusOK || formAction.FindString(a.body) == "" || !b.hasSession(l) {
				t.Errorf("%s: %d, session lives %v", name, a.status, b.hasSession(l))
			}
		}
		page := b.get(logoutURL(l, "client_id", "agent-app", "post_logout_redirect_uri", bye, "state", "x"))
		if a := b.submit(page, url.Values{"form_token": {"forged"}}); a.status != http.StatusForbidden || !b.hasSession(l) {
			t.Errorf("forged answer: %d", a.status)
		}
		if to := b.submit(page, nil).location(t); to.String() != bye+"?state=x" || b.hasSession(l) {
			t.Errorf("after the answer: %s", to)
		}
	})
}

func TestLogoutRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		b, tokens := w.loggedIn(l, "ana")
		hint := text(tokens, "id_token")
		tampered := hint[:len(hint)-4] + "AAAA"
		for name, address := range map[string]string{
			"unregistered address":           logoutURL(l, "id_token_hint", hint, "post_logout_redirect_uri", bye+"/"),
			"address without a client":       logoutURL(l, "post_logout_redirect_uri", bye),
			"address of javascript":          logoutURL(l, "id_token_hint", hint, "post_logout_redirect_uri", "javascript:alert(1)"),
			"tampered hint":                  logoutURL(l, "id_token_hint", tampered, "post_logout_redirect_uri", bye),
			"access token as hint":           logoutURL(l, "id_token_hint", text(tokens, "access_token")),
			"hint of another client":         logoutURL(l, "id_token_hint", hint, "client_id", "second-app"),
			"unknown client":                 logoutURL(l, "client_id", "nobody"),
			"duplicate":                      logoutURL(l, "id_token_hint", hint) + "&id_token_hint=" + hint,
			"redirect_uri is not for logout": logoutURL(l, "id_token_hint", hint, "post_logout_redirect_uri", redirectURI),
		} {
			a := b.get(address)
			if a.status != http.StatusBadRequest || a.header.Get("Location") != "" || !b.hasSession(l) {
				t.Errorf("%s: %d, Location %q, session lives %v", name, a.status, a.header.Get("Location"), b.hasSession(l))
			}
		}
		other := w.layouts()[0]
		if !l.realm() {
			other = w.layouts()[1]
		}
		if a := b.get(logoutURL(other, "id_token_hint", hint)); a.status != http.StatusBadRequest {
			t.Errorf("hint of the other issuer: %d", a.status)
		}
		if a := b.get(logoutURL(l, "id_token_hint", hint)); a.status != http.StatusOK || b.hasSession(l) || !strings.Contains(a.body, "<html") {
			t.Errorf("control: %d, session lives %v", a.status, b.hasSession(l))
		}
		if to := b.get(logoutURL(l, "id_token_hint", hint, "post_logout_redirect_uri", bye)).location(t); to.String() != bye {
			t.Errorf("logging out twice: %s", to)
		}
	})
}
