package saml

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// A Key is a key pair of the service provider, with the certificate by which IdPs know it.
type Key struct {
	Private     *rsa.PrivateKey
	Certificate *x509.Certificate
	// UseFrom is when we begin to sign with it. Its certificate is in our metadata before that, and it
	// decrypts before, and until three later ones exist.
	UseFrom time.Time
}

const (
	keyBits = 3072
	// certificateLifetime is long, because nobody verifies it and an administrator at the IdP would have
	// to replace it by hand: a key is replaced when somebody wants to.
	certificateLifetime = 10 * 365 * 24 * time.Hour
)

// NewKey makes a key pair, which takes a good part of a second.
func NewKey(commonName string, now time.Time) (Key, error) {
	private, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return Key{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return Key{}, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: commonName},
		NotBefore: now.Add(-time.Hour).UTC(), NotAfter: now.Add(certificateLifetime).UTC(),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return Key{}, err
	}
	certificate, err := x509.ParseCertificate(der)
	return Key{Private: private, Certificate: certificate, UseFrom: now}, err
}

// MarshalKey returns the private key in PKCS #8 form, to be sealed.
func MarshalKey(k Key) ([]byte, error) { return x509.MarshalPKCS8PrivateKey(k.Private) }

// ParseKey is the reverse of MarshalKey and Key.Certificate.Raw.
func ParseKey(private, certificate []byte, useFrom time.Time) (Key, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(private)
	if err != nil {
		return Key{}, errors.New("private key is not PKCS #8") // the parser's error might quote it
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return Key{}, fmt.Errorf("private key is a %T, not RSA", parsed)
	}
	c, err := x509.ParseCertificate(certificate)
	return Key{Private: key, Certificate: c, UseFrom: useFrom}, err
}

// signing returns the key to sign with: the latest whose time has come, or else the first that comes.
func signing(keys []Key, now time.Time) (Key, error) {
	if len(keys) == 0 {
		return Key{}, errors.New("the connection has no key")
	}
	best := keys[0]
	for _, k := range keys[1:] {
		come, better := !k.UseFrom.After(now), !best.UseFrom.After(now)
		if come && (!better || k.UseFrom.After(best.UseFrom)) || !come && !better && k.UseFrom.Before(best.UseFrom) {
			best = k
		}
	}
	return best, nil
}

// maxOpening is how many keys are tried on what is encrypted: the one in use, the next, and the two before.
// Each costs a decryption, which anybody can ask for.
const maxOpening = 4

// opening returns the keys that decrypt, the latest first.
func opening(keys []Key) []Key {
	latest := slices.SortedFunc(slices.Values(keys), func(a, b Key) int { return b.UseFrom.Compare(a.UseFrom) })
	return latest[:min(len(latest), maxOpening)]
}

// published returns the keys that our metadata names: the one in use, then those that will be.
func published(keys []Key, now time.Time) ([]Key, error) {
	current, err := signing(keys, now)
	list := []Key{current}
	for _, k := range keys {
		if k.UseFrom.After(now) && k.Private != current.Private {
			list = append(list, k)
		}
	}
	return list, err
}
