package keyring

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// es256Half is the length of r and of s in an ES256 signature (RFC 7518 §3.4).
const es256Half = 32

// ErrBadSignature means that a signature is not the key's.
var ErrBadSignature = errors.New("signature does not verify")

// A Signer is a private key that may sign now.
type Signer struct {
	ID        KeyID
	Algorithm Algorithm
	key       crypto.Signer
}

// Sign returns the JWS signature of input, which is header and payload in their compact form
// (RFC 7515 §5.1).
func (s *Signer) Sign(input []byte) ([]byte, error) {
	digest := sha256.Sum256(input)
	switch key := s.key.(type) {
	case ed25519.PrivateKey:
		return ed25519.Sign(key, input), nil
	case *ecdsa.PrivateKey:
		// No randomness: the nonce is then RFC 6979's, as RFC 8725 §3.2 would have it, and a quarter cheaper.
		der, err := key.Sign(nil, digest[:], crypto.SHA256)
		if err != nil {
			return nil, fmt.Errorf("sign with kid %s: %w", s.ID, err)
		}
		return fixedWidth(der)
	case *rsa.PrivateKey:
		signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
		if err != nil {
			return nil, fmt.Errorf("sign with kid %s: %w", s.ID, err)
		}
		return signature, nil
	}
	return nil, fmt.Errorf("sign with kid %s: no signatures with %T", s.ID, s.key)
}

// fixedWidth rewrites an ASN.1 ECDSA signature as JWS has it: r and s, 32 bytes each (RFC 7518 §3.4).
func fixedWidth(der []byte) ([]byte, error) {
	var r, s big.Int
	input := cryptobyte.String(der)
	if !input.ReadASN1(&input, asn1.SEQUENCE) || !input.ReadASN1Integer(&r) || !input.ReadASN1Integer(&s) {
		return nil, errors.New("an ECDSA signature is not a pair of integers")
	}
	signature := make([]byte, 2*es256Half)
	r.FillBytes(signature[:es256Half])
	s.FillBytes(signature[es256Half:])
	return signature, nil
}

// A PublicKey verifies what one key of the keyring signed.
type PublicKey struct {
	ID        KeyID
	Scope     Scope
	Algorithm Algorithm
	// ExpiresAt is when the key leaves the JWKS; zero means that this is not scheduled.
	ExpiresAt time.Time
	key       crypto.PublicKey
}

// Published reports whether the key is in the JWKS at now. A token signed by a key that is not has
// outlived every client's limit.
func (p PublicKey) Published(now time.Time) bool {
	return p.ExpiresAt.IsZero() || now.Before(p.ExpiresAt)
}

// Verify returns ErrBadSignature unless signature is the key's over input.
func (p PublicKey) Verify(input, signature []byte) error {
	digest := sha256.Sum256(input)
	switch key := p.key.(type) {
	case ed25519.PublicKey:
		if !ed25519.Verify(key, input, signature) {
			return ErrBadSignature
		}
		return nil
	case *ecdsa.PublicKey:
		if len(signature) != 2*es256Half {
			return ErrBadSignature
		}
		r := new(big.Int).SetBytes(signature[:es256Half])
		s := new(big.Int).SetBytes(signature[es256Half:])
		if !ecdsa.Verify(key, digest[:], r, s) {
			return ErrBadSignature
		}
		return nil
	case *rsa.PublicKey:
		if rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) != nil {
			return ErrBadSignature
		}
		return nil
	}
	return ErrBadSignature
}

// parseSigner reads a private key of the record's algorithm.
func parseSigner(record Record, pkcs8 []byte) (*Signer, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(pkcs8)
	if err != nil {
		return nil, fmt.Errorf("%v: %w", record, err)
	}
	key, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("%v: %T does not sign", record, parsed)
	}
	kid, err := thumbprint(key.Public())
	if err != nil {
		return nil, fmt.Errorf("%v: %w", record, err)
	}
	if kid != record.ID {
		return nil, fmt.Errorf("%v: the key's thumbprint is %s", record, kid)
	}
	switch key.(type) {
	case *ecdsa.PrivateKey:
		ok = record.Algorithm == ES256
	case *rsa.PrivateKey:
		ok = record.Algorithm == RS256
	case ed25519.PrivateKey:
		ok = record.Algorithm == EdDSA
	default:
		ok = false
	}
	if !ok {
		return nil, fmt.Errorf("%v: a %T does not sign %s", record, key, record.Algorithm)
	}
	return &Signer{ID: record.ID, Algorithm: record.Algorithm, key: key}, nil
}

func thumbprint(public crypto.PublicKey) (KeyID, error) {
	sum, err := (&jose.JSONWebKey{Key: public}).Thumbprint(crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("thumbprint: %w", err)
	}
	return KeyID(base64.RawURLEncoding.EncodeToString(sum)), nil
}
