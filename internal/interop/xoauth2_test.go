package interop

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/patchbay-auth/patchbay/internal/id"
)

// A keyHolder is a Go program that proves itself by its key. golang.org/x/oauth2 knows no private_key_jwt:
// the program signs the assertion, and the library sends it along.
type keyHolder struct {
	t   *testing.T
	key *ecdsa.PrivateKey
}

func (k keyHolder) assertion(client, audience string) url.Values {
	k.t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: k.key}, nil)
	if err != nil {
		k.t.Fatal(err)
	}
	now := time.Now()
	raw, err := jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: client, Subject: client, Audience: jwt.Audience{audience}, ID: id.New().String(),
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(time.Minute)),
	}).Serialize()
	if err != nil {
		k.t.Fatal(err)
	}
	return url.Values{
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {raw},
	}
}

// exchangeOptions hands values on to the token endpoint.
func exchangeOptions(values url.Values) []oauth2.AuthCodeOption {
	var list []oauth2.AuthCodeOption
	for name := range values {
		list = append(list, oauth2.SetAuthURLParam(name, values.Get(name)))
	}
	return list
}

func TestXOAuth2WithPrivateKey(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := json.Marshal(jose.JSONWebKey{Key: key.Public()})
	if err != nil {
		t.Fatal(err)
	}
	p := run(t, fmt.Sprintf(`
  - id: interop-machine
    grant_types: [client_credentials]
    scopes: [roles]
    secrets: [{ private_key_jwt: { jwk: %[1]s } }]
  - id: interop-key
    grant_types: [authorization_code]
    redirect_uris: [%[2]q]
    scopes: [openid, email]
    secrets: [{ private_key_jwt: { jwk: %[1]s } }]
`, public, redirectURI))
	holder := keyHolder{t, key}
	for layout, issuer := range map[string]string{"shared": p.Issuer, "realm": p.RealmIssuer} {
		t.Run(layout, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			op, err := oidc.NewProvider(ctx, issuer)
			if err != nil {
				t.Fatal(err)
			}
			endpoint := op.Endpoint()
			endpoint.AuthStyle = oauth2.AuthStyleInParams // client_id in the form, and no secret

			machine := clientcredentials.Config{
				ClientID: "interop-machine", TokenURL: endpoint.TokenURL, Scopes: []string{"roles"}, AuthStyle: oauth2.AuthStyleInParams,
				EndpointParams: holder.assertion("interop-machine", endpoint.TokenURL),
			}
			token, err := machine.Token(ctx)
			if err != nil || !token.Valid() || token.Extra("scope") != "roles" {
				t.Fatalf("client credentials: %+v, %v", token, err)
			}
			var refused *oauth2.RetrieveError
			if _, err := machine.Token(ctx); !errors.As(err, &refused) || refused.Response.StatusCode != http.StatusUnauthorized {
				t.Errorf("the same assertion again: %v", err)
			}

			app := oauth2.Config{ClientID: "interop-key", Endpoint: endpoint, RedirectURL: redirectURI, Scopes: []string{oidc.ScopeOpenID, "email"}}
			pkce := oauth2.GenerateVerifier()
			back, err := newPerson(t, p.Users[0]).visit(ctx, app.AuthCodeURL("s", oauth2.S256ChallengeOption(pkce)), redirectURI)
			if err != nil {
				t.Fatal(err)
			}
			at, err := url.Parse(back)
			if err != nil {
				t.Fatal(err)
			}
			with := append(exchangeOptions(holder.assertion("interop-key", issuer)), oauth2.VerifierOption(pkce))
			token, err = app.Exchange(ctx, at.Query().Get("code"), with...)
			if err != nil {
				t.Fatalf("code: %v", err)
			}
			raw, _ := token.Extra("id_token").(string)
			identity, err := op.Verifier(&oidc.Config{ClientID: "interop-key"}).Verify(ctx, raw)
			if err != nil || identity.Subject != p.Users[0].UserID {
				t.Errorf("ID token: %+v, %v", identity, err)
			}
		})
	}
}
