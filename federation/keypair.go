package federation

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// A KeyPair is a key of patchbay's at one IdP, with the self-signed certificate by which the IdP knows it: by
// our metadata (SAML), or because an administrator uploaded it there.
type KeyPair struct {
	Private     *rsa.PrivateKey
	Certificate *x509.Certificate
	// UseFrom is when we begin to sign with it. The IdP can know its certificate before that.
	UseFrom time.Time
}

const (
	keyPairBits = 3072
	// certificateLifetime is long, because nobody verifies it and an administrator at the IdP would have
	// to replace it by hand: a key is replaced when somebody wants to.
	certificateLifetime = 10 * 365 * 24 * time.Hour
)

// NewKeyPair makes a key pair, which takes a good part of a second.
func NewKeyPair(commonName string, now time.Time) (KeyPair, error) {
	private, err := rsa.GenerateKey(rand.Reader, keyPairBits)
	if err != nil {
		return KeyPair{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return KeyPair{}, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: commonName},
		NotBefore: now.Add(-time.Hour).UTC(), NotAfter: now.Add(certificateLifetime).UTC(),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return KeyPair{}, err
	}
	certificate, err := x509.ParseCertificate(der)
	return KeyPair{Private: private, Certificate: certificate, UseFrom: now}, err
}

// Marshal returns the private key in PKCS #8 form, to be sealed.
func (k KeyPair) Marshal() ([]byte, error) { return x509.MarshalPKCS8PrivateKey(k.Private) }

// ParseKeyPair is the reverse of Marshal and Certificate.Raw.
func ParseKeyPair(private, certificate []byte, useFrom time.Time) (KeyPair, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(private)
	if err != nil {
		return KeyPair{}, errors.New("private key is not PKCS #8") // the parser's error might quote it
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return KeyPair{}, fmt.Errorf("private key is a %T, not RSA", parsed)
	}
	c, err := x509.ParseCertificate(certificate)
	return KeyPair{Private: key, Certificate: c, UseFrom: useFrom}, err
}

// Signing returns the key to sign with: the latest whose time has come, or else the first that comes.
func Signing(keys []KeyPair, now time.Time) (KeyPair, error) {
	if len(keys) == 0 {
		return KeyPair{}, errors.New("the connection has no key")
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

// Published returns the keys that an IdP should know: the one in use, then those that will be.
func Published(keys []KeyPair, now time.Time) ([]KeyPair, error) {
	current, err := Signing(keys, now)
	list := []KeyPair{current}
	for _, k := range keys {
		if k.UseFrom.After(now) && k.Private != current.Private {
			list = append(list, k)
		}
	}
	return list, err
}

// Signer signs client assertions as Entra ID documents it, which finds the key by the certificate's
// thumbprint and wants PSS.
func (k KeyPair) Signer() Signer {
	return Signer{Algorithm: "PS256", Certificate: k.Certificate.Raw, Sign: func(input []byte) ([]byte, error) {
		digest := sha256.Sum256(input)
		return rsa.SignPSS(rand.Reader, k.Private, crypto.SHA256, digest[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) // RFC 7518 §3.5
	}}
}
