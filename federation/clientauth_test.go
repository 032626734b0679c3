package federation_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/internal/secret"
)

// signing makes patchbay a client with the test's key, under the id "c1".
func (h *hostile) signing(c *federation.Config) {
	c.ClientAuth = "private_key_jwt"
	c.Signer = func(context.Context) (federation.Signer, error) {
		return federation.Signer{KeyID: "c1", Algorithm: "RS256", Sign: func(input []byte) ([]byte, error) {
			return h.rs256(string(input)), nil
		}}, nil
	}
}

// assertionClaims verifies a client assertion as an authorization server has to (RFC 7523 §3).
func (h *hostile) assertionClaims(raw string) (jwt.Claims, error) {
	token, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return jwt.Claims{}, err
	}
	var claims jwt.Claims
	if err := token.Claims(&h.key.PublicKey, &claims); err != nil {
		return jwt.Claims{}, err
	}
	if token.Headers[0].KeyID != "c1" || claims.ID == "" || claims.Expiry == nil || claims.IssuedAt == nil {
		return jwt.Claims{}, errors.New("kid, jti, exp or iat is not as it has to be")
	}
	return claims, claims.ValidateWithLeeway(jwt.Expected{
		Issuer: "patchbay", Subject: "patchbay", AnyAudience: jwt.Audience{h.URL + "/token"}, Time: h.now,
	}, 0)
}

// TestPrivateKeyJWT: the assertion is good for this token endpoint, for a minute, and one of a kind.
func TestPrivateKeyJWT(t *testing.T) {
	h := newHostile(t)
	h.doc["token_endpoint_auth_methods_supported"] = []string{"client_secret_basic", "private_key_jwt"}
	o := h.open(h.signing)
	used := map[string]bool{}
	for range 2 {
		if _, err := h.run(o, attempt{}); err != nil {
			t.Fatal("positive control:", err)
		}
		claims, err := h.assertionClaims(h.form.Get("client_assertion"))
		if err != nil {
			t.Fatalf("the assertion: %v", err)
		}
		if life := claims.Expiry.Time().Sub(h.now); len(claims.Audience) != 1 || life != time.Minute || used[claims.ID] {
			t.Errorf("for %q, %s, jti %q", claims.Audience, life, claims.ID)
		}
		used[claims.ID] = true
		if got := h.form.Get("client_assertion_type"); got != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
			t.Errorf("client_assertion_type is %q", got)
		}
		if h.form.Has("client_secret") || h.form.Get("client_id") != "patchbay" || h.form.Get("code_verifier") == "" {
			t.Errorf("form is %v", h.form)
		}
	}
	if n := h.count("/token"); n != 2 {
		t.Errorf("two logins asked the token endpoint %d times", n)
	}
}

// TestAKeyThatCannotSign sends nothing, and shows no code.
func TestAKeyThatCannotSign(t *testing.T) {
	broken := errors.New("the key file is sealed")
	for name, signer := range map[string]func(context.Context) (federation.Signer, error){
		"no key": func(context.Context) (federation.Signer, error) { return federation.Signer{}, broken },
		"no signature": func(context.Context) (federation.Signer, error) {
			return federation.Signer{KeyID: "c1", Algorithm: "RS256", Sign: func([]byte) ([]byte, error) { return nil, broken }}, nil
		},
	} {
		h := newHostile(t)
		h.doc["token_endpoint_auth_methods_supported"] = []string{"private_key_jwt"}
		_, err := h.run(h.open(func(c *federation.Config) { h.signing(c); c.Signer = signer }), attempt{})
		if !errors.Is(err, broken) || !errors.Is(err, federation.ErrOurs) || strings.Contains(err.Error(), "the-code") || h.count("/token") != 0 {
			t.Errorf("%s: %v, after %d requests", name, err, h.count("/token"))
		}
	}
}

// TestClientAuthIsWhatIsConfigured: the metadata may refuse a method, and never choose a weaker one.
func TestClientAuthIsWhatIsConfigured(t *testing.T) {
	password := func(method string) func(*hostile, *federation.Config) {
		return func(_ *hostile, c *federation.Config) { c.ClientAuth, c.ClientSecret = method, secret.New("s&cret") }
	}
	key := func(h *hostile, c *federation.Config) { h.signing(c) }
	for i, tc := range []struct {
		name    string
		config  func(*hostile, *federation.Config)
		offered []string
		where   string // of the secret: header or form
		want    string
	}{
		{"positive control", password("client_secret_post"), []string{"client_secret_basic", "client_secret_post"}, "form", ""},
		{"basic, though both are offered", password("client_secret_basic"), []string{"client_secret_post", "client_secret_basic"}, "header", ""},
		{"nothing is configured", password(""), []string{"client_secret_post", "client_secret_basic"}, "header", ""},
		{"nothing is configured or offered", password(""), nil, "header", ""},
		{"post is not offered", password("client_secret_post"), []string{"client_secret_basic"}, "", "lacks the configured client_secret_post"},
		{"nothing is offered: basic is", password("client_secret_post"), nil, "", "lacks the configured client_secret_post"},
		{"keys are not offered", key, []string{"client_secret_basic"}, "", "lacks the configured private_key_jwt"},
		{"offered in another case", key, []string{"Private_Key_JWT"}, "", "lacks the configured private_key_jwt"},
	} {
		h := newHostile(t)
		if tc.offered != nil {
			h.doc["token_endpoint_auth_methods_supported"] = tc.offered
		}
		var header string
		var form url.Values
		h.replace("/token", func(w http.ResponseWriter, r *http.Request) {
			header, form = r.Header.Get("Authorization"), url.Values{}
			if r.ParseForm() == nil {
				form = r.PostForm
			}
			http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
		})
		_, err := h.run(h.open(func(c *federation.Config) { tc.config(h, c) }), attempt{})
		inHeader, inForm := header != "", form.Get("client_secret") == "s&cret"
		switch {
		case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want) || h.count("/token") != 0):
			t.Errorf("%s: %v, want %q", tc.name, err, tc.want)
		case tc.want == "" && (inHeader != (tc.where == "header") || inForm != (tc.where == "form")):
			t.Errorf("%s: header %t, form %t, want it in the %s; %v", tc.name, inHeader, inForm, tc.where, err)
		}
		if t.Failed() && i == 0 {
			t.FailNow()
		}
	}
}

func TestClientAuthFaults(t *testing.T) {
	h := newHostile(t)
	for _, tc := range []struct {
		name   string
		config func(*federation.Config)
		want   string
	}{
		{"positive control", h.signing, ""},
		{"a method that is none", func(c *federation.Config) { c.ClientAuth = "client_secret_jwt" }, `client_auth: "client_secret_jwt" is not one of`},
		{"a key without a key", func(c *federation.Config) { c.ClientAuth = "private_key_jwt" }, "client_auth: private_key_jwt needs a key"},
		{"basic without a secret", func(c *federation.Config) { c.ClientAuth = "client_secret_basic" }, "client_auth: client_secret_basic needs a client_secret"},
		{"post without a secret", func(c *federation.Config) { c.ClientAuth = "client_secret_post" }, "client_auth: client_secret_post needs a client_secret"},
	} {
		cfg := federation.Config{Connection: "corp", Issuer: "https://idp.example", ClientID: "patchbay"}
		tc.config(&cfg)
		_, err := federation.Open(cfg)
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Fatalf("%s: %v, want %q", tc.name, err, tc.want)
		}
	}
}
