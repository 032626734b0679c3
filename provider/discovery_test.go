package provider_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/broker/keyring"
)

func TestDiscovery(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		path := strings.TrimPrefix(l.issuer, w.base)
		want := w.browser().get(l.issuer + "/.well-known/openid-configuration")
		doc := want.json(t)
		for name, address := range map[string]string{
			"issuer": l.issuer, "authorization_endpoint": l.authorize, "token_endpoint": l.token, "userinfo_endpoint": l.userinfo,
			"introspection_endpoint": l.introspect, "revocation_endpoint": l.revoke, "end_session_endpoint": l.logout, "jwks_uri": l.jwks,
		} {
			if doc[name] != address {
				t.Errorf("%s is %v, want %s", name, doc[name], address)
			}
		}
		for name, value := range map[string]any{
			"request_parameter_supported": false, "request_uri_parameter_supported": false, "claims_parameter_supported": false,
			"authorization_response_iss_parameter_supported": true,
		} {
			if doc[name] != value {
				t.Errorf("%s is %v", name, doc[name])
			}
		}
		for _, other := range []string{
			l.issuer + "/.well-known/oauth-authorization-server",
			w.base + "/.well-known/oauth-authorization-server" + path,
		} {
			if a := w.browser().get(other); a.status != http.StatusOK || a.body != want.body {
				t.Errorf("%s: %d", other, a.status)
			}
		}
		if keys, _ := w.browser().get(l.jwks).json(t)["keys"].([]any); len(keys) != len(keyring.Algorithms()) {
			t.Errorf("%d keys at %s", len(keys), l.jwks)
		}
	})
}

// TestHostileHeaders: an issuer is configuration, whatever a request pretends.
func TestHostileHeaders(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		address := l.issuer + "/.well-known/openid-configuration"
		want := w.browser().get(address)
		if want.json(t)["issuer"] != l.issuer {
			t.Fatalf("control: %s", want.body)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		w.must(err)
		r.Host = "evil.example"
		for _, name := range []string{"X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "Forwarded", "X-Original-URL"} {
			r.Header.Set(name, "evil.example")
		}
		if a := read(t, w.server.Client(), r); a.body != want.body {
			t.Errorf("the document changed: %s", a.body)
		}
		if a := w.send(address, call{method: http.MethodPost}); a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") != "GET, HEAD" {
			t.Errorf("POST: %d, Allow %q", a.status, a.header.Get("Allow"))
		}
	})
}

// TestDiscoveryTellsTheTruth: every grant type that is not listed answers as unsupported, and every
// one that is listed gets past that.
func TestDiscoveryTellsTheTruth(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		doc := w.browser().get(l.issuer + "/.well-known/openid-configuration").json(t)
		listed, _ := doc["grant_types_supported"].([]any)
		for _, grant := range []string{
			"authorization_code", "refresh_token", "client_credentials", "password",
			"urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:token-exchange",
			"urn:ietf:params:oauth:grant-type:device_code",
		} {
			a := w.post(l.token, "agent-app", map[string][]string{"grant_type": {grant}})
			unsupported := text(a.json(t), "error") == "unsupported_grant_type"
			if unsupported == slices.Contains(listed, any(grant)) {
				t.Errorf("%s: listed %v, answered %s", grant, slices.Contains(listed, any(grant)), a.body)
			}
		}
	})
}
