package provider_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
)

// TestUpstreamAccessTokenExchange: an access token of a connection counts where the connection says for
// which APIs; what comes of it is mapped like a login and ends with it.
func TestUpstreamAccessTokenExchange(t *testing.T) {
	const api = "https://api.acme.example"
	each(t, func(t *testing.T, w *world, l layout) {
		w.exchangers()
		w.connection("corp", func(c *registry.Connection) {
			oidc := *c.OIDC
			oidc.AccessTokens = registry.AccessTokens{Audiences: []string{api}, Type: "at+jwt"}
			c.OIDC = &oidc
		})
		w.idp.expires = w.clock.Now().Add(5 * time.Minute)
		a := w.post(l.token, "gateway", exchanged(w.upstream(api, "ana"), "scope", "openid contact-centre offline_access"))
		if a.status != http.StatusOK {
			t.Fatalf("positive control: %d %s", a.status, a.body)
		}
		said := a.json(t)
		claims := part(t, text(said, "access_token"), 1)
		if said["expires_in"] != 300.0 || said["scope"] != "openid contact-centre" || said["refresh_token"] != nil || said["id_token"] != nil {
			t.Errorf("answer is %v", said)
		}
		if claims["sub"] != "4711" || claims["idp"] != "corp" || claims["acr"] != "2" || claims["sid"] != nil || claims["act"] != nil {
			t.Errorf("claims are %v", claims)
		}
		if logins := w.recorded(broker.LoginSucceeded); len(logins) != 1 || logins[0].UserID != "4711" {
			t.Errorf("logins are %+v", logins)
		}
		for _, c := range []struct{ name, client, audience, login string }{
			{"for an API that does not count", "gateway", "https://elsewhere.example", "ana"},
			{"an ID token by another name", "gateway", "patchbay", "ana"},
			{"of a connection that takes none", "gateway", "patchbay-2", "ana"},
			{"by a client without connections", "second-gateway", api, "ana"},
			{"about nobody here", "gateway", api, "nobody"},
		} {
			t.Run(c.name, func(t *testing.T) {
				a := w.post(l.token, c.client, exchanged(w.upstream(c.audience, c.login)))
				refusedAs(t, "the token", a, http.StatusBadRequest, "invalid_request")
			})
		}
		opaque := w.post(l.token, "gateway", exchanged("3b7c1d20-opaque"))
		refusedAs(t, "an opaque token", opaque, http.StatusBadRequest, "invalid_request")
		if !strings.Contains(opaque.body, "opaque") {
			t.Errorf("an opaque token: %s", opaque.body)
		}
		w.idp.expires = w.clock.Now()
		refusedAs(t, "at its end", w.post(l.token, "gateway", exchanged(w.upstream(api, "ana"))), http.StatusBadRequest, "invalid_request")
		w.idp.down = true
		if a := w.post(l.token, "gateway", exchanged(w.upstream(api, "ana"))); a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
			t.Errorf("the IdP is down: %d %s", a.status, a.body)
		}
	})
}
