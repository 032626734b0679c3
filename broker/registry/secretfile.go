package registry

import (
	"encoding/hex"
	"time"

	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/internal/yamlfault"
)

// secretYAML is a way for a client to prove itself as the tenant file writes it: exactly one of
// value, sha256, argon2id and private_key_jwt.
type secretYAML struct {
	Description   string      `yaml:"description"`
	Value         secret.Text `yaml:"value"`
	Weak          bool        `yaml:"weak"`
	SHA256        string      `yaml:"sha256"`
	Argon2id      string      `yaml:"argon2id"`
	PrivateKeyJWT *keyYAML    `yaml:"private_key_jwt"`
	Expires       time.Time   `yaml:"expires"`
}

// keyYAML is the public half of the key that signs a client's assertions.
type keyYAML struct {
	Certificate string         `yaml:"certificate,file"`
	JWK         yamlfault.JSON `yaml:"jwk,file"`
}

// secret returns the secret with its hash or key. The hash of a weak one is made by Plan, which may
// find that it is stored already.
func (y secretYAML) secret(report report) fileSecret {
	s := fileSecret{
		ClientSecret: ClientSecret{Description: y.Description, Argon2id: y.Argon2id, Expires: y.Expires},
		value:        y.Value, weak: y.Weak,
	}
	if count(!y.Value.Empty(), y.SHA256 != "", y.Argon2id != "", y.PrivateKeyJWT != nil) != 1 {
		report("value", "give exactly one of value, value_file, sha256, argon2id and private_key_jwt")
		return s
	}
	if y.Weak && y.Value.Empty() {
		report("weak", "belongs to a secret given as value")
	}
	switch {
	case !y.Value.Empty():
		if err := checkStrength(y.Value, y.Weak); err != nil {
			report("value", "%w", err)
		}
	case y.SHA256 != "":
		digest, err := hex.DecodeString(y.SHA256)
		if err != nil {
			report("sha256", "want 64 hex digits")
			break
		}
		s.SHA256 = digest
		s.judge("sha256", report)
	case y.Argon2id != "":
		s.judge("argon2id", report)
	default:
		y.PrivateKeyJWT.read(&s.ClientSecret, report)
	}
	return s
}

func (s fileSecret) judge(key string, report report) {
	if err := s.check(); err != nil {
		report(key, "%w", err)
	}
}

// read sets the public key. A certificate's end is the secret's, unless that is earlier.
func (y *keyYAML) read(s *ClientSecret, report report) {
	var err error
	switch {
	case (y.Certificate != "") == (len(y.JWK) > 0):
		report("private_key_jwt", "give exactly one of certificate, certificate_file, jwk and jwk_file")
	case y.Certificate != "":
		var ends time.Time
		if s.PublicKey, ends, err = parseCertificate(y.Certificate); err != nil {
			report("private_key_jwt.certificate", "%w", err)
			return
		}
		if s.Expires.After(ends) {
			report("expires", "is after the certificate ends, %s", date(ends))
		}
		if s.Expires.IsZero() {
			s.Expires = ends
		}
	default:
		if s.PublicKey, err = parseKey(y.JWK); err != nil {
			report("private_key_jwt.jwk", "%w", err)
		}
	}
}

type trustedIssuerYAML struct {
	Issuer    string         `yaml:"issuer"`
	JWKS      yamlfault.JSON `yaml:"jwks,file"`
	SubjectIs string         `yaml:"subject_is"`
}

// trust returns the issuer. What is wrong with it is found by checkClient.
func (y trustedIssuerYAML) trust() TrustedIssuer {
	return TrustedIssuer{Issuer: y.Issuer, Keys: storedKeySet(y.JWKS), SubjectIs: y.SubjectIs}
}
