package provider_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/broker/registry"
)

// TestWhatATokenRestsOn: whoever takes an entry off a list, or revokes what a token was made of, ends the
// token, wherever somebody asks for it.
func TestWhatATokenRestsOn(t *testing.T) {
	swap := func(w *world, by, token string, pairs ...string) string {
		w.t.Helper()
		a := w.post(w.layouts()[0].token, by, exchanged(token, pairs...))
		if a.status != http.StatusOK {
			w.t.Fatalf("no exchange: %d %s", a.status, a.body)
		}
		return text(a.json(w.t), "access_token")
	}
	login := func(w *world) string { return text(w.issue(w.layouts()[0], "ana"), "access_token") }
	revoke := func(w *world, by, token string) {
		w.t.Helper()
		if a := w.post(w.layouts()[0].revoke, by, form("token", token)); a.status != http.StatusOK {
			w.t.Fatalf("revocation: %d %s", a.status, a.body)
		}
	}
	disable := func(c *registry.Client) { c.Enabled = false }
	for _, c := range []struct {
		name string
		// obtain returns the token, and what is revoked of what it was made of.
		obtain func(w *world) (token, parent string)
		end    func(w *world, parent string)
	}{
		{
			"the token it was made of", func(w *world) (string, string) { first := login(w); return swap(w, "gateway", first), first },
			func(w *world, parent string) { revoke(w, "agent-app", parent) },
		},
		{
			"the first of a chain", func(w *world) (string, string) {
				first := login(w)
				return swap(w, "second-gateway", swap(w, "gateway", first)), first
			},
			func(w *world, parent string) { revoke(w, "agent-app", parent) },
		},
		{
			"the middle of a chain", func(w *world) (string, string) {
				middle := swap(w, "gateway", login(w))
				return swap(w, "second-gateway", middle), middle
			},
			func(w *world, parent string) { revoke(w, "gateway", parent) },
		},
		{
			"a client that passed it on", func(w *world) (string, string) { return swap(w, "second-gateway", swap(w, "gateway", login(w))), "" },
			func(w *world, _ string) { w.change("gateway", disable) },
		},
		{
			"the tokens of a client that passed it on", func(w *world) (string, string) { return swap(w, "second-gateway", swap(w, "gateway", login(w))), "" },
			func(w *world, _ string) { w.must(w.grants.Revoke(w.t.Context(), "client", "gateway")) },
		},
		{
			"the client that it was first issued to", func(w *world) (string, string) { return swap(w, "gateway", login(w)), "" },
			func(w *world, _ string) { w.change("agent-app", disable) },
		},
		{
			"an audience that its client had", func(w *world) (string, string) { return swap(w, "gateway", login(w), "audience", crm), "" },
			func(w *world, _ string) {
				w.change("gateway", func(c *registry.Client) { c.TokenExchange.Audiences = []string{"https://wiki.example"} })
			},
		},
		{
			"a connection that its client had", func(w *world) (string, string) {
				return swap(w, "gateway", w.upstream("patchbay", "ana"), "subject_token_type", idType), ""
			},
			func(w *world, _ string) {
				w.change("gateway", func(c *registry.Client) { c.TokenExchange.Connections = nil })
			},
		},
		{
			"the connection itself", func(w *world) (string, string) {
				return swap(w, "gateway", w.upstream("patchbay", "ana"), "subject_token_type", idType), ""
			},
			func(w *world, _ string) { w.connection("corp", func(c *registry.Connection) { c.Enabled = false }) },
		},
		{
			"the connection behind a chain", func(w *world) (string, string) {
				return swap(w, "second-gateway", swap(w, "gateway", w.upstream("patchbay", "ana"), "subject_token_type", idType)), ""
			},
			func(w *world, _ string) {
				w.change("gateway", func(c *registry.Client) { c.TokenExchange.Connections = nil })
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.exchangers()
			token, parent := c.obtain(w)
			bystander := swap(w, "second-gateway", login(w))
			for _, l := range w.layouts() {
				if a := w.introspect(l, "api", token); a.json(t)["active"] != true || strings.Contains(a.body, "exchanged_from") {
					t.Fatalf("control, %s: %s", l.name, a.body)
				}
			}
			c.end(w, parent)
			for _, l := range w.layouts() {
				if a := w.introspect(l, "api", token); a.body != inactive {
					t.Errorf("%s: introspection says %s", l.name, a.body)
				}
			}
			if a := w.post(w.layouts()[0].token, "second-gateway", exchanged(token)); a.status != http.StatusBadRequest {
				t.Errorf("exchanged once more: %d %s", a.status, a.body)
			}
			first, _ := w.registry.Snapshot().Client("agent-app")
			if a := w.introspect(w.layouts()[0], "api", bystander); first.Enabled && a.json(t)["active"] != true {
				t.Errorf("it took a bystander along: %s", a.body)
			}
		})
	}
}

// TestTrustedIssuerIsDropped: what was issued on the word of an issuer ends with the trust in it, and with
// that what was made of it.
func TestTrustedIssuerIsDropped(t *testing.T) {
	w := newWorld(t)
	w.exchangers()
	l := w.layouts()[0]
	w.trusting()
	token := text(w.post(l.token, "portal", vouched(w.jwt(makers()["ES256"], w.about(hr, "ana", l.issuer), nil))).json(t), "access_token")
	swapped := text(w.post(l.token, "gateway", exchanged(token)).json(t), "access_token")
	for name, raw := range map[string]string{"the token": token, "what it was exchanged for": swapped} {
		if a := w.introspect(l, "api", raw); a.json(t)["active"] != true {
			t.Fatalf("control, %s: %s", name, a.body)
		}
	}
	w.change("portal", func(c *registry.Client) {
		c.TrustedIssuers = slices.Clone(c.TrustedIssuers)
		for i := range c.TrustedIssuers {
			c.TrustedIssuers[i].Issuer += "/other"
		}
	})
	for name, raw := range map[string]string{"the token": token, "what it was exchanged for": swapped} {
		if a := w.introspect(l, "api", raw); a.body != inactive {
			t.Errorf("%s: introspection says %s", name, a.body)
		}
	}
}

// TestExchangesAreBounded: also those that a client makes of its own token, which name nobody new.
func TestExchangesAreBounded(t *testing.T) {
	w := newWorld(t)
	w.exchangers()
	l := w.layouts()[0]
	token := text(w.issue(l, "ana"), "access_token")
	for i := range 8 {
		a := w.post(l.token, "gateway", exchanged(token))
		if a.status != http.StatusOK {
			t.Fatalf("exchange %d: %d %s", i+1, a.status, a.body)
		}
		token = text(a.json(t), "access_token")
	}
	call{status: http.StatusBadRequest, code: "invalid_request"}.check(t, l, w.post(l.token, "gateway", exchanged(token)))
}
