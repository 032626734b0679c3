package interop

import (
	"fmt"
	"slices"
	"testing"
)

// What the tests' confidential clients prove themselves with.
const clientSecret = "interop-secret-0123456789-abcdefghijklmnop"

// The addresses of a client whose browser stops before it opens them.
const (
	redirectURI   = "http://127.0.0.1:9/callback"
	postLogoutURI = "http://127.0.0.1:9/bye"
)

func TestOpenIDClient(t *testing.T) {
	needNode(t)
	p := run(t, fmt.Sprintf(`
  - id: interop-rp
    grant_types: [authorization_code, refresh_token, client_credentials, "urn:ietf:params:oauth:grant-type:device_code"]
    response_types: [code, code id_token]
    redirect_uris: [%q]
    post_logout_redirect_uris: [%q]
    scopes: [openid, profile, email, offline_access, contact-centre]
    secrets: [{ description: test, value: %q }]
    introspection: { allow: own }
`, redirectURI, postLogoutURI, clientSecret))

	want := []string{
		"discovery", "code + PKCE + nonce", "userinfo", "refresh", "introspection", "signed introspection", "client_secret_post",
		"revocation", "hybrid", "pushed authorization request", "device", "client_credentials", "end session",
	}
	for layout, issuer := range map[string]string{"shared": p.Issuer, "realm": p.RealmIssuer} {
		t.Run(layout, func(t *testing.T) {
			t.Parallel() // most of it waits for the device's turn to ask
			someone := p.Users[0]
			steps := talk(t, newPerson(t, someone), "openid-client.mjs", map[string]any{
				"issuer": issuer, "user_id": someone.UserID,
				"client": map[string]string{
					"id": "interop-rp", "secret": clientSecret,
					"redirect_uri": redirectURI, "post_logout_redirect_uri": postLogoutURI,
				},
			})
			if !slices.Equal(steps, want) {
				t.Errorf("passed %q, want %q", steps, want)
			}
		})
	}
}
