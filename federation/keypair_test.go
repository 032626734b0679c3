package federation_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/patchbay-auth/patchbay/federation"
)

// own is a key of patchbay's; making one takes long.
var own = sync.OnceValues(func() (federation.KeyPair, error) {
	return federation.NewKeyPair("acme/corp", time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC))
})

func ownKey(t *testing.T) federation.KeyPair {
	t.Helper()
	k, err := own()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// certified makes patchbay a client that is known by a certificate.
func certified(k federation.KeyPair) func(*federation.Config) {
	return func(c *federation.Config) {
		c.ClientAuth = "private_key_jwt"
		c.Signer = func(context.Context) (federation.Signer, error) { return k.Signer(), nil }
	}
}

// TestCertificateCredentials: the assertion is what Entra ID documents (PS256, x5t#S256), and names its key in
// no other way.
func TestCertificateCredentials(t *testing.T) {
	h, key := newHostile(t), ownKey(t)
	h.doc["token_endpoint_auth_methods_supported"] = []string{"private_key_jwt"}
	if _, err := h.run(h.open(certified(key)), attempt{}); err != nil {
		t.Fatal("positive control:", err)
	}
	raw := h.form.Get("client_assertion")
	if _, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.RS256}); err == nil {
		t.Error("it is signed with RS256, too")
	}
	token, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.PS256})
	if err != nil {
		t.Fatal(err)
	}
	var claims jwt.Claims
	if err := token.Claims(key.Certificate.PublicKey, &claims); err != nil {
		t.Fatalf("the certificate's key did not sign it: %v", err)
	}
	if claims.Subject != "patchbay" || claims.ID == "" || len(claims.Audience) != 1 || claims.Audience[0] != h.URL+"/token" {
		t.Errorf("claims are %+v", claims)
	}
	encoded, _, _ := strings.Cut(raw, ".")
	text, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	var header map[string]any
	if err := json.Unmarshal(text, &header); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(key.Certificate.Raw)
	if header["x5t#S256"] != base64.RawURLEncoding.EncodeToString(sum[:]) || header["typ"] != "JWT" || len(header) != 3 {
		t.Errorf("header is %v", header)
	}
}

// TestExamineCertificate: whoever runs the identity provider is told which certificate it lacks.
func TestExamineCertificate(t *testing.T) {
	h, key := newHostile(t), ownKey(t)
	h.doc["token_endpoint_auth_methods_supported"] = []string{"private_key_jwt"}
	h.replace("/token", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, `{"error":"invalid_client"}`, http.StatusUnauthorized)
	})
	some := found(h.open(certified(key)).Examine(t.Context(), federation.Addresses{RedirectURI: callback, Keys: "http://127.0.0.1:9/jwks"}), "client")
	want := fmt.Sprintf("%X", sha256.Sum256(key.Certificate.Raw))
	if len(some) != 1 || some[0].Grade != federation.Fault || some[0].Side != federation.There || !strings.Contains(some[0].Fix, want) || strings.Contains(some[0].Fix, "/jwks") {
		t.Errorf("found %+v", some)
	}
}

func TestKeyPairIsStoredAndReadBack(t *testing.T) {
	key := ownKey(t)
	private, err := key.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	back, err := federation.ParseKeyPair(private, key.Certificate.Raw, key.UseFrom)
	if err != nil || !back.Private.Equal(key.Private) || !back.Certificate.Equal(key.Certificate) || !back.UseFrom.Equal(key.UseFrom) {
		t.Fatalf("positive control: %+v, %v", back.Certificate, err)
	}
	for name, args := range map[string][2][]byte{
		"no key":         {nil, key.Certificate.Raw},
		"cut key":        {private[:100], key.Certificate.Raw},
		"no certificate": {private, nil},
	} {
		if _, err := federation.ParseKeyPair(args[0], args[1], key.UseFrom); err == nil || strings.Contains(err.Error(), string(private[:20])) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSigningKey: the latest whose time has come signs; who is told of keys learns of later ones, too.
func TestSigningKey(t *testing.T) {
	now := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	at := func(name string, days int) federation.KeyPair {
		k, err := federation.ParseKeyPair(mustMarshal(t), ownKey(t).Certificate.Raw, now.AddDate(0, 0, days))
		if err != nil {
			t.Fatal(err)
		}
		k.Certificate.Subject.CommonName = name
		return k
	}
	for _, tc := range []struct {
		name string
		keys []federation.KeyPair
		want string
	}{
		{"the only one", []federation.KeyPair{at("a", 0)}, "a"},
		{"the next one waits", []federation.KeyPair{at("a", -9), at("b", 1)}, "a b"},
		{"the next one's time has come", []federation.KeyPair{at("a", -9), at("b", 0)}, "b"},
		{"in any order", []federation.KeyPair{at("b", 1), at("c", -1), at("a", -9)}, "c b"},
		{"a clock that lags", []federation.KeyPair{at("b", 2), at("a", 1)}, "a b"},
	} {
		list, err := federation.Published(tc.keys, now)
		var names []string
		for _, k := range list {
			names = append(names, k.Certificate.Subject.CommonName)
		}
		if got := strings.Join(names, " "); err != nil || got != tc.want {
			t.Errorf("%s: %q, %v, want %q", tc.name, got, err, tc.want)
		}
	}
	if _, err := federation.Signing(nil, now); err == nil {
		t.Error("no key signs")
	}
}

func mustMarshal(t *testing.T) []byte {
	t.Helper()
	private, err := ownKey(t).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return private
}
