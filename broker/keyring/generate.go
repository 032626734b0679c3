package keyring

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"time"
)

// rsaBits is what RS256 asks for at least (RFC 7518 §3.3), and what hardware of 2030 is trusted to
// withstand; more would only slow each ID token down.
const rsaBits = 2048

// generate makes the key with a number, to sign from activeAt on. RSA takes 100 ms and more.
func (k *Keyring) generate(scope Scope, alg Algorithm, sequence int64, activeAt time.Time) (Record, error) {
	record := Record{
		Scope: scope, Algorithm: alg, Sequence: sequence,
		CreatedAt: k.now().UTC().Truncate(time.Microsecond), ActiveAt: activeAt.UTC().Truncate(time.Microsecond),
	}
	key, err := newPrivateKey(alg)
	if err != nil {
		return Record{}, fmt.Errorf("generate a key for %s: %w", scope, err)
	}
	if record.ID, err = thumbprint(key.Public()); err != nil {
		return Record{}, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Record{}, fmt.Errorf("%v: %w", record, err)
	}
	if record.Sealed, err = k.sealer.Seal(pkcs8, record.row()); err != nil {
		return Record{}, fmt.Errorf("seal %v: %w", record, err)
	}
	return record, nil
}

func newPrivateKey(alg Algorithm) (crypto.Signer, error) {
	switch alg {
	case ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case RS256:
		return rsa.GenerateKey(rand.Reader, rsaBits)
	case EdDSA:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	}
	return nil, fmt.Errorf("algorithm %q is not one of %v", alg, Algorithms())
}
