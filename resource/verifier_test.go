package resource_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/patchbay-auth/patchbay/resource"
)

func TestVerify(t *testing.T) {
	i := newIssuer(t)
	for _, kid := range []string{"ec", "rsa", "ed"} {
		token, err := i.verifier().Verify(t.Context(), i.sign(i.keys[kid], "at+jwt", i.claims()))
		if err != nil {
			t.Fatalf("%s: %v", kid, err)
		}
		if token.Subject != "4711" || token.SubjectType != "user" || token.ClientID != "agent-app" || token.Tenant != "acme" || token.ID != "1" ||
			token.Issuer != i.url || !token.IssuedAt.Equal(epoch) || !token.Expires.Equal(epoch.Add(15*time.Minute)) {
			t.Errorf("%s: %+v", kid, token)
		}
		if !token.HasScope("openid", "contact-centre") || token.HasScope("contact-centre", "email") ||
			!token.HasPermission("softphone") || token.HasPermission("users.edit") || token.Claims["gid"] != "2" {
			t.Errorf("%s: scope %v, permissions %v, claims %v", kid, token.Scope, token.Permissions, token.Claims)
		}
	}
}

// TestForgeries: each is a good token with one thing wrong.
func TestForgeries(t *testing.T) {
	i := newIssuer(t)
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := i.token()
	parts := strings.Split(good, ".")
	b64 := base64.RawURLEncoding.EncodeToString
	flipped := []byte(parts[1])
	flipped[10] ^= 1
	hmacKey := jose.JSONWebKey{Key: []byte(strings.Repeat("public", 8)), KeyID: "ec", Algorithm: "HS256"}
	for _, c := range []struct {
		name, raw, why string
	}{
		{"control", good, ""},
		{"one audience as text", i.token(with("aud", "contact-centre")), ""},
		{"typ as a media type", i.sign(i.keys["ec"], "application/AT+JWT", i.claims()), ""},
		{"clock a little behind", i.token(with("iat", epoch.Add(9*time.Second).Unix()), with("nbf", epoch.Add(9*time.Second).Unix())), ""},

		{"empty", "", "not a JWT"},
		{"garbage", "garbage", "not a JWT"},
		{"truncated", good[:len(good)-8], "signature"},
		{"bit flipped", parts[0] + "." + string(flipped) + "." + parts[2], ""},
		{"no signature", parts[0] + "." + parts[1] + ".", "signature"},
		{"alg none", b64([]byte(`{"alg":"none","typ":"at+jwt","kid":"ec"}`)) + "." + parts[1] + ".", "algorithm"},
		{"HS256", i.sign(hmacKey, "at+jwt", i.claims()), "algorithm"},
		{"another's key", i.sign(jose.JSONWebKey{Key: other, KeyID: "ec", Algorithm: "ES256"}, "at+jwt", i.claims()), "signature"},
		{"unknown kid", i.sign(jose.JSONWebKey{Key: other, KeyID: "x", Algorithm: "ES256"}, "at+jwt", i.claims()), "key is not one"},
		{"alg of another key", i.sign(jose.JSONWebKey{Key: i.keys["ec"].Key, KeyID: "rsa", Algorithm: "ES256"}, "at+jwt", i.claims()), "alg"},
		{"typ JWT", i.sign(i.keys["ec"], "JWT", i.claims()), "typ"},
		{"logout token", i.sign(i.keys["ec"], "logout+jwt", i.claims()), "typ"},
		{"signed introspection answer", i.sign(i.keys["ec"], "token-introspection+jwt", i.claims()), "typ"},
		{"ID token", i.token(with("nonce", "n")), "ID token"},
		{"without jti", i.token(with("jti", nil)), "lacks"},
		{"without client_id", i.token(with("client_id", nil)), "lacks"},
		{"without exp", i.token(with("exp", nil)), "lacks"},
		{"another issuer", i.token(with("iss", "https://evil.example")), "issuer"},
		{"issuer with a slash", i.token(with("iss", i.url+"/")), "issuer"},
		{"another audience", i.token(with("aud", []string{"masterdata"})), "audience"},
		{"audience of another kind", i.token(with("aud", 7)), "claims"},
		{"expired", i.token(with("exp", epoch.Unix())), "expired"},
		{"of the future", i.token(with("iat", epoch.Add(time.Minute).Unix())), "not good yet"},
		{"not good yet", i.token(with("nbf", epoch.Add(time.Minute).Unix())), "not good yet"},
		{"too long", i.token(with("sub", strings.Repeat("a", 20_000))), "bytes"},
		{"claim twice", i.signText(i.keys["ec"], "at+jwt", []byte(`{"iss":"`+i.url+`","iss":"x"}`)), "claims"},
	} {
		_, err := i.verifier().Verify(t.Context(), c.raw)
		switch {
		case c.why == "" && c.name != "bit flipped":
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
		case !errors.Is(err, resource.ErrInvalid) || !strings.Contains(err.Error(), c.why):
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestPlainType: tokens of typ JWT are for those who say so, and ID tokens for nobody.
func TestPlainType(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier(func(c *resource.Config) { c.AllowPlainType = true })
	if _, err := v.Verify(t.Context(), i.sign(i.keys["ec"], "JWT", i.claims())); err != nil {
		t.Fatalf("control: %v", err)
	}
	id := i.claims(with("client_id", nil), with("jti", nil), with("azp", "agent-app"))
	if _, err := v.Verify(t.Context(), i.sign(i.keys["ec"], "JWT", id)); !errors.Is(err, resource.ErrInvalid) {
		t.Errorf("ID token: %v", err)
	}
}

func TestConfigFaults(t *testing.T) {
	good := resource.Config{Issuers: []string{"https://login.example/id", "http://127.0.0.1:8080/id"}, Audience: "a"}
	if _, err := resource.New(good); err != nil {
		t.Fatalf("control: %v", err)
	}
	for name, c := range map[string]struct {
		edit func(*resource.Config)
		want string
	}{
		"no issuer":     {func(c *resource.Config) { c.Issuers = nil }, "Issuers is empty"},
		"no audience":   {func(c *resource.Config) { c.Audience = "" }, "Audience is empty"},
		"plain http":    {func(c *resource.Config) { c.Issuers = []string{"http://login.example"} }, `"http://login.example": must be https`},
		"issuer no URL": {func(c *resource.Config) { c.Issuers = []string{"login"} }, `issuer "login": is not an address`},
		"no secret":     {func(c *resource.Config) { c.Introspection = &resource.Introspection{ClientID: "api"} }, "ClientSecret"},
		"endpoint in http": {func(c *resource.Config) {
			c.Introspection = &resource.Introspection{Endpoint: "http://x.example", ClientID: "api", ClientSecret: "hunter2"}
		}, `Endpoint "http://x.example": must be https`},
	} {
		bad := good
		c.edit(&bad)
		if _, err := resource.New(bad); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
	in := resource.Introspection{ClientID: "api", ClientSecret: "hunter2"}
	if text := fmt.Sprintf("%v %+v %#v %s", in, in, in, &in); strings.Contains(text, "hunter2") {
		t.Errorf("the secret is printed: %s", text)
	}
}
