package registry

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	// minRSA is what RFC 7518 §3.3 asks for at least, maxRSA what a stranger may make us compute with.
	minRSA = 2048
	maxRSA = 8192
	// maxIssuerKeys bounds the keys of one trusted issuer.
	maxIssuerKeys = 16
)

// JWK returns the key that verifies the client's assertions, and whether the secret is of that kind
// (private_key_jwt). Its KeyID is empty unless the configuration gave one.
func (s ClientSecret) JWK() (jose.JSONWebKey, bool) {
	var key jose.JSONWebKey
	if len(s.PublicKey) == 0 || json.Unmarshal(s.PublicKey, &key) != nil {
		return jose.JSONWebKey{}, false
	}
	return key, true
}

// JWKS returns the issuer's keys.
func (t TrustedIssuer) JWKS() (jose.JSONWebKeySet, error) { return parseKeySet(t.Keys) }

// parseKey returns a JWK as it is stored: public, for signatures, with its kid and alg and nothing
// else. The errors quote nothing of a private key.
func parseKey(text []byte) ([]byte, error) {
	var key jose.JSONWebKey
	if err := key.UnmarshalJSON(text); err != nil {
		return nil, errors.New("is not a JSON Web Key (RFC 7517) of a kind that is known here")
	}
	return storedKey(key)
}

func storedKey(key jose.JSONWebKey) ([]byte, error) {
	if err := checkPublicKey(key.Key); err != nil {
		return nil, err
	}
	if key.Use != "" && key.Use != "sig" {
		return nil, fmt.Errorf("is for use %q, not for sig", key.Use)
	}
	stored, err := json.Marshal(jose.JSONWebKey{Key: key.Key, KeyID: key.KeyID, Algorithm: key.Algorithm, Use: "sig"})
	if err != nil {
		return nil, fmt.Errorf("is not a public key: %w", err)
	}
	return stored, nil
}

func parseKeySet(text []byte) (jose.JSONWebKeySet, error) {
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(text, &set); err != nil {
		return set, errors.New("is not a JSON Web Key Set (RFC 7517 §5)")
	}
	if len(set.Keys) == 0 || len(set.Keys) > maxIssuerKeys {
		return set, fmt.Errorf("holds %d keys, not 1 to %d", len(set.Keys), maxIssuerKeys)
	}
	for i, key := range set.Keys {
		if _, err := storedKey(key); err != nil {
			return set, fmt.Errorf("keys[%d] %w", i, err)
		}
	}
	return set, nil
}

// storedKeySet returns a key set as it is stored, or as it is where that is not possible.
func storedKeySet(text []byte) []byte {
	set, err := parseKeySet(text)
	if err != nil {
		return text
	}
	list := struct {
		Keys []json.RawMessage `json:"keys"`
	}{}
	for _, key := range set.Keys {
		stored, err := storedKey(key)
		if err != nil {
			return text
		}
		list.Keys = append(list.Keys, stored)
	}
	if stored, err := json.Marshal(list); err == nil {
		return stored
	}
	return text
}

// checkPublicKey accepts what may verify assertions: RSA of at least 2048 bits, ECDSA on P-256, P-384
// and P-521, and Ed25519.
func checkPublicKey(key crypto.PublicKey) error {
	switch key := key.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < minRSA || bits > maxRSA {
			return fmt.Errorf("is an RSA key of %d bits, not of %d to %d", bits, minRSA, maxRSA)
		}
		return nil
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256(), elliptic.P384(), elliptic.P521():
			return nil
		}
		return fmt.Errorf("is on the curve %s, not on P-256, P-384 or P-521", key.Params().Name)
	case ed25519.PublicKey:
		return nil
	case *rsa.PrivateKey, *ecdsa.PrivateKey, ed25519.PrivateKey:
		return errors.New("is a private key: it stays with the client, give its public half")
	case []byte:
		return errors.New("is a symmetric key: give the public half of a key pair")
	}
	return fmt.Errorf("is a %T; want RSA, ECDSA or Ed25519", key)
}

// parseCertificate returns the public key of an X.509 certificate, in PEM or as base64 of its DER
// form, and when the certificate ends. Nothing else in it is looked at: the configuration vouches for
// the key, not an authority.
func parseCertificate(text string) (stored []byte, ends time.Time, err error) {
	der, err := certificateDER(text)
	if err != nil {
		return nil, time.Time{}, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("is not an X.509 certificate: %w", err)
	}
	stored, err = storedKey(jose.JSONWebKey{Key: certificate.PublicKey})
	return stored, certificate.NotAfter.UTC(), err
}

func certificateDER(text string) ([]byte, error) {
	if strings.Contains(text, "-----BEGIN") {
		block, rest := pem.Decode([]byte(text))
		switch {
		case block == nil:
			return nil, errors.New("is not PEM")
		case strings.Contains(text, "PRIVATE KEY-----"):
			return nil, errors.New("holds a private key: it stays with the client, give the certificate alone")
		case block.Type != "CERTIFICATE":
			return nil, fmt.Errorf("holds a %s, not a CERTIFICATE", block.Type)
		case strings.Contains(string(rest), "-----BEGIN"):
			return nil, errors.New("holds more than one certificate: give the client's own alone")
		}
		return block.Bytes, nil
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil, errors.New("is neither PEM nor base64 of a DER certificate")
	}
	return der, nil
}
