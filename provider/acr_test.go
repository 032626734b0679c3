package provider_test

import (
	"net/http"
	"testing"

	"github.com/patchbay-auth/patchbay/broker"
)

// TestLocalLoginsHaveAnACR: a password is what discovery says it is, whatever else a client would have
// liked: acr_values are a wish (OpenID Connect Core §3.1.2.1).
func TestLocalLoginsHaveAnACR(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		listed, _ := w.browser().get(l.issuer + "/.well-known/openid-configuration").json(t)["acr_values_supported"].([]any)
		if len(listed) != 1 || listed[0] != broker.LocalACR {
			t.Fatalf("discovery lists %v", listed)
		}
		for name, wish := range map[string]string{
			"none": "", "the one there is": broker.LocalACR, "the second best": "urn:acme:mfa " + broker.LocalACR, "unknown ones": "1 2",
		} {
			t.Run(name, func(t *testing.T) {
				tokens := w.issue(l, "ana", "acr_values", wish)
				for _, kind := range []string{"id_token", "access_token"} {
					if got := part(t, text(tokens, kind), 1)["acr"]; got != broker.LocalACR {
						t.Errorf("acr of the %s is %v", kind, got)
					}
				}
				refreshed := w.post(l.token, "agent-app", form("grant_type", "refresh_token", "refresh_token", text(tokens, "refresh_token"))).json(t)
				if got := part(t, text(refreshed, "id_token"), 1)["acr"]; got != broker.LocalACR {
					t.Errorf("acr of the refreshed ID token is %v", got)
				}
			})
		}
		direct := w.post(l.token, "legacy-app", credentials("ana"))
		if got := part(t, text(direct.json(t), "access_token"), 1)["acr"]; direct.status != http.StatusOK || got != broker.LocalACR {
			t.Errorf("password grant: %d, acr %v", direct.status, got)
		}
		machine := w.post(l.token, "reporting", form("grant_type", "client_credentials"))
		if got := part(t, text(machine.json(t), "access_token"), 1)["acr"]; machine.status != http.StatusOK || got != nil {
			t.Errorf("nobody logged in: %d, acr %v", machine.status, got)
		}
	})
}
