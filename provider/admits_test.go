package provider_test

import (
	"testing"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
)

// throughCorp returns the tokens of somebody who logged in through the connection corp.
func (w *world) throughCorp(l layout) map[string]any {
	w.t.Helper()
	secret, code := w.grants.NewCode(grant.Grant{
		ID: id.New(), Issuer: l.issuer, Account: "acme", ClientID: "agent-app", RequestedClientID: "agent-app", UserID: "4711",
		Scope: []string{"openid", "offline_access"}, AuthTime: w.clock.Now(), IDP: "corp", CreatedAt: w.clock.Now(),
	}, redirectURI, challenge)
	w.must(w.store.Settle(w.t.Context(), broker.Settlement{Nonce: id.New(), Code: &code}))
	return w.post(l.token, "agent-app", redemption(secret)).json(w.t)
}

// TestRefreshThroughADisabledConnection: the token is refused as long as its connection is not trusted,
// and is as good as before afterwards.
func TestRefreshThroughADisabledConnection(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		w.exchangers()
		token := text(w.throughCorp(l), "refresh_token")
		for _, step := range []struct {
			name   string
			before func()
			status int
		}{
			{"control", func() {}, 200},
			{"disabled", func() { w.connection("corp", func(c *registry.Connection) { c.Enabled = false }) }, 400},
			{"enabled again", func() { w.connection("corp", func(c *registry.Connection) { c.Enabled = true }) }, 200},
			{"removed", func() {
				w.must(w.store.ChangeRegistry(t.Context(), registry.Change{
					DeleteConnections: []registry.ConnectionKey{{Account: "acme", ID: "corp"}}, By: "test", At: w.clock.Now(),
				}))
				w.must(w.registry.Invalidate(t.Context(), registry.ChangeKind, ""))
			}, 400},
		} {
			step.before()
			a := w.post(l.token, "agent-app", refreshForm(token))
			if a.status != step.status || step.status != 200 && a.json(t)["error"] != "invalid_grant" {
				t.Fatalf("%s: %d %s, want %d", step.name, a.status, a.body, step.status)
			}
			if a.status == 200 {
				token = text(a.json(t), "refresh_token")
			}
		}
	})
}
