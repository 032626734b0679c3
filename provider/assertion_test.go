package provider_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"maps"
	"sync"

	"github.com/go-jose/go-jose/v4"

	"github.com/patchbay-auth/patchbay/internal/id"
)

// A maker signs assertions with a key of its own.
type maker struct {
	kid       string
	algorithm jose.SignatureAlgorithm
	key       crypto.Signer
	public    []byte // as a JWK
}

// makers are made once: RSA takes its time.
var makers = sync.OnceValue(func() map[string]maker {
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	other, err2 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p384, err3 := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	p521, err6 := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	rsaKey, err4 := rsa.GenerateKey(rand.Reader, 2048)
	_, edKey, err5 := ed25519.GenerateKey(rand.Reader)
	for _, err := range []error{err, err2, err3, err4, err5, err6} {
		if err != nil {
			panic(err)
		}
	}
	made := map[string]maker{
		"ES256":    {"ec", jose.ES256, p256, nil},
		"ES384":    {"ec-384", jose.ES384, p384, nil},
		"ES512":    {"ec-521", jose.ES512, p521, nil},
		"RS256":    {"rsa", jose.RS256, rsaKey, nil},
		"PS256":    {"rsa", jose.PS256, rsaKey, nil},
		"EdDSA":    {"ed", jose.EdDSA, edKey, nil},
		"stranger": {"ec", jose.ES256, other, nil},
	}
	for name, m := range made {
		if m.public, err = json.Marshal(jose.JSONWebKey{Key: m.key.Public(), KeyID: m.kid, Use: "sig"}); err != nil {
			panic(err)
		}
		made[name] = m
	}
	return made
})

// jwkOf returns the maker's public key as a header would bring it along.
func jwkOf(m maker) any { return json.RawMessage(m.public) }

// jwt signs claims; header members beside alg and kid may be given.
func (w *world) jwt(m maker, claims map[string]any, header map[jose.HeaderKey]any) string {
	w.t.Helper()
	options := &jose.SignerOptions{ExtraHeaders: map[jose.HeaderKey]any{}}
	if m.kid != "" {
		options.ExtraHeaders["kid"] = m.kid
	}
	maps.Copy(options.ExtraHeaders, header)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: m.algorithm, Key: m.key}, options)
	w.must(err)
	payload, err := json.Marshal(claims)
	w.must(err)
	signed, err := signer.Sign(payload)
	w.must(err)
	raw, err := signed.CompactSerialize()
	w.must(err)
	return raw
}

// about returns the claims of an assertion that is good for a minute.
func (w *world) about(issuer, subject, audience string) map[string]any {
	now := w.clock.Now().Unix()
	return map[string]any{
		"iss": issuer, "sub": subject, "aud": audience, "exp": now + 60, "iat": now, "jti": id.New().String(),
	}
}
