package demo

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

// nightlyClient signs what it proves itself with. Its key is made at each start, and only the public
// half is told to patchbay.
const nightlyClient = "nightly"

func newNightlyKey() (*jose.JSONWebKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("demo: make the key of %s: %w", nightlyClient, err)
	}
	return &jose.JSONWebKey{Key: key, KeyID: nightlyClient + "-1", Algorithm: string(jose.ES256), Use: "sig"}, nil
}

// publicJWK is the half of a key that belongs into a tenant file.
func publicJWK(key *jose.JSONWebKey) (string, error) {
	text, err := json.Marshal(key.Public())
	if err != nil {
		return "", fmt.Errorf("demo: key %q: %w", key.KeyID, err)
	}
	return string(text), nil
}
