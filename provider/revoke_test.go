package provider_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/patchbay-auth/patchbay/broker"
)

func TestRevocation(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		tokens := w.issue(l, "ana")
		access, refresh := text(tokens, "access_token"), text(tokens, "refresh_token")
		active := func() bool {
			t.Helper()
			return w.introspect(l, "api", access).json(t)["active"] == true
		}
		if !active() {
			t.Fatal("control: the token is not active")
		}
		for _, c := range []struct{ name, client, token string }{
			{"another client's access token", "second-app", access},
			{"another client's refresh token", "second-app", refresh},
			{"garbage", "agent-app", "garbage"},
			{"ID token", "agent-app", text(tokens, "id_token")},
		} {
			if a := w.post(l.revoke, c.client, url.Values{"token": {c.token}}); a.status != http.StatusOK || !active() {
				t.Errorf("%s: %d, token active %v", c.name, a.status, active())
			}
		}
		// A wrong hint is a hint, no more (RFC 7009 §2.1).
		a := w.post(l.revoke, "agent-app", url.Values{"token": {refresh}, "token_type_hint": {"access_token"}})
		if a.status != http.StatusOK || active() {
			t.Errorf("refresh token: %d, its access token active %v", a.status, active())
		}
		if a := w.post(l.token, "agent-app", refreshForm(refresh)); a.status != http.StatusBadRequest {
			t.Errorf("the refresh token lives on: %d", a.status)
		}
		if got := w.recorded(broker.Revoked); len(got) != 1 || got[0].UserID != "4711" {
			t.Errorf("audit log has %v", got)
		}
	})
}

// TestRevocationFails: a storage failure must not look like success.
func TestRevocationFails(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		tokens := w.issue(l, "ana")
		if a := w.post(l.revoke, "agent-app", url.Values{"token": {text(w.issue(l, "ana"), "access_token")}}); a.status != http.StatusOK {
			t.Fatalf("control: %d %s", a.status, a.body)
		}
		w.must(w.store.Close())
		for _, name := range []string{"access_token", "refresh_token"} {
			a := w.post(l.revoke, "agent-app", url.Values{"token": {text(tokens, name)}})
			if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
				t.Errorf("%s with the state down: %d %s", name, a.status, a.body)
			}
		}
	})
}

// TestPublicClientRevokes: it has no secret, and its tokens are still its own.
func TestPublicClientRevokes(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		form := redemption(w.code(l, "ana", "client_id", "spa"))
		form.Set("client_id", "spa")
		tokens := w.post(l.token, "", form).json(t)
		if tokens["access_token"] == nil {
			t.Fatalf("control: %v", tokens)
		}
		a := w.post(l.revoke, "", url.Values{"token": {text(tokens, "access_token")}, "client_id": {"spa"}})
		if a.status != http.StatusOK || w.introspect(l, "api", text(tokens, "access_token")).json(t)["active"] != false {
			t.Errorf("revocation by a public client: %d %s", a.status, a.body)
		}
	})
}
