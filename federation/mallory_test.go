package federation_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// A mallory has a key of its own, which is as good as the IdP's.
type mallory struct {
	t   *testing.T
	key *rsa.PrivateKey
}

func newMallory(t *testing.T) mallory {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return mallory{t, key}
}

func (m mallory) public() jose.JSONWebKey {
	return jose.JSONWebKey{Key: &m.key.PublicKey, KeyID: "k1", Use: "sig"}
}

// sign makes a forgery a properly signed one, by another key.
func (m mallory) sign(f *forgery) {
	f.sign = func(text string) []byte {
		sum := sha256.Sum256([]byte(text))
		signature, err := rsa.SignPKCS1v15(rand.Reader, m.key, crypto.SHA256, sum[:])
		if err != nil {
			m.t.Error(err)
		}
		return signature
	}
}
