package interop

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/go-jose/go-jose/v4"
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
	public, private := signingKey(t)
	p := run(t, fmt.Sprintf(`
  - id: interop-rp
    grant_types: [authorization_code, refresh_token, client_credentials, "urn:ietf:params:oauth:grant-type:device_code"]
    response_types: [code, code id_token]
    redirect_uris: [%q]
    post_logout_redirect_uris: [%q]
    scopes: [openid, profile, email, offline_access, contact-centre]
    secrets: [{ description: test, value: %q }]
    introspection: { allow: own }
  - id: interop-signer
    grant_types: [client_credentials]
    scopes: [contact-centre]
    default_scopes: [contact-centre]
    secrets: [{ description: test, private_key_jwt: { jwk: %s } }]
    introspection: { allow: own }
`, redirectURI, postLogoutURI, clientSecret, public))

	want := []string{
		"discovery", "code + PKCE + nonce", "userinfo", "refresh", "introspection", "signed introspection", "client_secret_post",
		"revocation", "hybrid", "pushed authorization request", "device", "client_credentials", "private_key_jwt",
		"end session",
	}
	for layout, issuer := range map[string]string{"shared": p.Issuer, "realm": p.RealmIssuer} {
		t.Run(layout, func(t *testing.T) {
			t.Parallel() // most of it waits for the device's turn to ask
			someone := p.Users[0]
			steps := talk(t, newPerson(t, someone), "openid-client.mjs", map[string]any{
				"issuer": issuer, "user_id": someone.UserID,
				"client": map[string]string{
					"id": rp, "secret": clientSecret,
					"redirect_uri": redirectURI, "post_logout_redirect_uri": postLogoutURI,
				},
				"signer": map[string]any{"id": "interop-signer", "key": json.RawMessage(private)},
			})
			if !slices.Equal(steps, want) {
				t.Errorf("passed %q, want %q", steps, want)
			}
		})
	}
}

// signingKey returns the halves of a new key as JWKs.
func signingKey(t *testing.T) (public, private []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	jwk := jose.JSONWebKey{Key: key, KeyID: "interop", Algorithm: string(jose.ES256), Use: "sig"}
	if private, err = jwk.MarshalJSON(); err != nil {
		t.Fatal(err)
	}
	half := jwk.Public()
	if public, err = half.MarshalJSON(); err != nil {
		t.Fatal(err)
	}
	return public, private
}
