package provider_test

import (
	"net/http"
	"testing"

	"github.com/patchbay-auth/patchbay/broker/registry"
)

// TestExchangedTokenEnds: what a token was exchanged for belongs to its grant. A client that passed its
// token on and then revokes ends both, also where no session stands behind them.
func TestExchangedTokenEnds(t *testing.T) {
	const accessType = "urn:ietf:params:oauth:token-type:access_token"
	for name, obtain := range map[string]func(*world, layout) (client string, tokens map[string]any){
		"login page": func(w *world, l layout) (string, map[string]any) { return "agent-app", w.issue(l, "ana") },
		"password grant": func(w *world, l layout) (string, map[string]any) {
			return "legacy-app", w.post(l.token, "legacy-app", credentials("ana")).json(w.t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			l := w.layouts()[0]
			between := client("go-between", "acme")
			between.GrantTypes, between.Scopes = []string{registry.GrantTokenExchange}, []string{"openid", "contact-centre"}
			between.TokenExchange = registry.TokenExchange{Audiences: []string{"https://crm.acme.example"}}
			w.save(registry.Records{Clients: []registry.Client{between}})
			origin, tokens := obtain(w, l)
			exchange := func() answer {
				return w.post(l.token, "go-between", form("grant_type", registry.GrantTokenExchange,
					"subject_token", text(tokens, "access_token"), "subject_token_type", accessType))
			}
			exchanged := exchange()
			if exchanged.status != http.StatusOK {
				t.Fatalf("%d %s", exchanged.status, exchanged.body)
			}
			access := text(exchanged.json(t), "access_token")
			if got, want := part(t, access, 1)["gid"], part(t, text(tokens, "access_token"), 1)["gid"]; got != want {
				t.Errorf("gid is %v, and was %v", got, want)
			}
			if a := w.introspect(l, "api", access); a.json(t)["active"] != true {
				t.Fatalf("control: %s", a.body)
			}
			if a := w.post(l.revoke, origin, form("token", text(tokens, "refresh_token"))); a.status != http.StatusOK {
				t.Fatalf("revocation: %d %s", a.status, a.body)
			}
			if a := w.introspect(l, "api", access); a.body != inactive {
				t.Errorf("introspection says %s", a.body)
			}
			if a := exchange(); a.status != http.StatusBadRequest || text(a.json(t), "error") != "invalid_request" {
				t.Errorf("a revoked token was exchanged: %d %s", a.status, a.body)
			}
		})
	}
}
