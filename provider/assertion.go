package provider

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	// maxAssertion bounds an assertion, in bytes, and maxAssertionID its jti.
	maxAssertion   = 16 << 10
	maxAssertionID = 255
	// assertionLife is the longest an assertion may be good for, from now: for as long its jti is
	// remembered. Clients sign one for each request, and most let it live for a minute.
	assertionLife = 10 * time.Minute
	// assertionSkew is how far ahead of ours the clock of an assertion's maker may be. A clock that is
	// behind makes assertions that expire early, which is its own loss: exp is taken at its word.
	assertionSkew = 30 * time.Second
)

// assertionAlgorithms are those by which others sign what they assert to us.
func assertionAlgorithms() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{
		jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512,
		jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
	}
}

// An assertion is a JWT that somebody made for us (RFC 7523 §3). Until verify has succeeded it is
// what a stranger says.
type assertion struct {
	parsed *jwt.JSONWebToken

	Issuer    string           `json:"iss"`
	Subject   string           `json:"sub"`
	Audience  jwt.Audience     `json:"aud"`
	Expires   *jwt.NumericDate `json:"exp"`
	NotBefore *jwt.NumericDate `json:"nbf"`
	IssuedAt  *jwt.NumericDate `json:"iat"`
	ID        string           `json:"jti"`
}

// parseAssertion takes an assertion apart. typ is what the header may say instead of JWT (RFC 8725
// §3.11): a token that was made for something else is none. No error quotes the assertion.
func parseAssertion(raw, typ string) (*assertion, error) {
	if len(raw) > maxAssertion || strings.Count(raw, ".") != 2 {
		return nil, errors.New("it is not a JWT of reasonable size")
	}
	parsed, err := jwt.ParseSigned(raw, assertionAlgorithms())
	if err != nil {
		return nil, errors.New("it is not a JWT that is signed by an algorithm we accept")
	}
	if err := judgeHeader(parsed.Headers[0], typ); err != nil {
		return nil, err
	}
	a := &assertion{parsed: parsed}
	if err := parsed.UnsafeClaimsWithoutVerification(a); err != nil {
		return nil, errors.New("its payload is not what RFC 7523 wants")
	}
	return a, nil
}

// judgeHeader refuses a header that wants to be understood, or that brings a key of its own: keys come
// from the configuration.
func judgeHeader(h jose.Header, typ string) error {
	if h.JSONWebKey != nil {
		return errors.New("its header brings a jwk")
	}
	for _, name := range []jose.HeaderKey{"crit", "jku", "x5u"} {
		if _, ok := h.ExtraHeaders[name]; ok {
			return fmt.Errorf("its header has %s", name)
		}
	}
	if said, ok := h.ExtraHeaders[jose.HeaderType]; ok {
		text, _ := said.(string)
		if !strings.EqualFold(text, "JWT") && !strings.EqualFold(text, typ) {
			return errors.New("its typ is another's")
		}
	}
	return nil
}

// verify judges an assertion: it is signed by one of the keys, and made for one of the audiences, for
// now, for a short time, and by a maker who can tell it from its others.
func (a *assertion) verify(keys []jose.JSONWebKey, audiences []string, now time.Time) error {
	if !slices.ContainsFunc(keys, a.signedBy) {
		return errors.New("no key of its maker verifies it")
	}
	switch {
	case a.ID == "" || len(a.ID) > maxAssertionID:
		return fmt.Errorf("its jti is not 1 to %d bytes long", maxAssertionID)
	case len(a.Audience) == 0:
		return errors.New("it has no aud")
	case a.Expires == nil:
		return errors.New("it has no exp")
	case !now.Before(a.Expires.Time()):
		return errors.New("it has expired")
	case a.Expires.Time().After(now.Add(assertionLife + assertionSkew)):
		return fmt.Errorf("its exp is more than %s ahead", assertionLife)
	case a.NotBefore != nil && a.NotBefore.Time().After(now.Add(assertionSkew)):
		return errors.New("it is not good yet")
	case a.IssuedAt != nil && a.IssuedAt.Time().After(now.Add(assertionSkew)):
		return errors.New("it was issued in the future")
	case a.IssuedAt != nil && a.IssuedAt.Time().Before(now.Add(-assertionLife-assertionSkew)):
		return fmt.Errorf("it was issued more than %s ago", assertionLife)
	}
	for _, aud := range a.Audience {
		// One that is good elsewhere, too, could have been taken from there.
		if !slices.Contains(audiences, aud) {
			return errors.New("its aud names somebody else")
		}
	}
	return nil
}

// signedBy reports whether a key verifies the assertion. The key says which algorithms it is for; the
// header can only choose among those.
func (a *assertion) signedBy(key jose.JSONWebKey) bool {
	header := a.parsed.Headers[0]
	algorithm := jose.SignatureAlgorithm(header.Algorithm)
	switch {
	case key.Algorithm != "" && key.Algorithm != header.Algorithm,
		key.KeyID != "" && header.KeyID != "" && key.KeyID != header.KeyID,
		!slices.Contains(algorithmsOf(key.Key), algorithm):
		return false
	}
	return a.parsed.Claims(key.Key) == nil
}

func algorithmsOf(key any) []jose.SignatureAlgorithm {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512}
	case *ecdsa.PublicKey:
		// RFC 7518 §3.4: each curve has one.
		switch key.Curve.Params().BitSize {
		case 256:
			return []jose.SignatureAlgorithm{jose.ES256}
		case 384:
			return []jose.SignatureAlgorithm{jose.ES384}
		case 521:
			return []jose.SignatureAlgorithm{jose.ES512}
		}
	case ed25519.PublicKey:
		return []jose.SignatureAlgorithm{jose.EdDSA}
	}
	return nil
}
