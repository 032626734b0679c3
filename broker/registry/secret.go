package registry

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/zitadel/passwap/argon2"
	"github.com/zitadel/passwap/verifier"

	"github.com/patchbay-auth/patchbay/internal/secret"
)

const (
	// strongSecret is the length from which a secret is taken for generated: 32 characters of
	// [A-Za-z0-9_-] carry 192 bits, which no slow hash makes any harder to guess.
	strongSecret = 32
	// weakSecret is the least length of one that a person chose.
	weakSecret = 8
	// maxSecret bounds what is hashed for somebody who is not authenticated yet.
	maxSecret = 512
	// maxWeakMemory bounds, in KiB, what one verification may take.
	maxWeakMemory = 64 * 1024
)

// weakParams are OWASP's second recommendation for argon2id: 19 MiB, so that a burst of requests
// cannot exhaust the memory.
func weakParams() argon2.Params {
	return argon2.Params{Time: 2, Memory: 19 * 1024, Threads: 1, KeyLen: 32, SaltLen: 16}
}

// VerifySecret reports whether presented is one of the client's generated secrets that has not expired
// at now. It compares with all of them, in constant time. Those a person chose are WeakSecrets.
func (c *Client) VerifySecret(now time.Time, presented string) bool {
	if presented == "" || len(presented) > maxSecret {
		return false
	}
	digest := sha256.Sum256([]byte(presented))
	matches := 0
	for _, s := range c.Secrets {
		if s.Usable(now) && len(s.SHA256) > 0 {
			matches |= subtle.ConstantTimeCompare(digest[:], s.SHA256)
		}
	}
	return matches == 1
}

// WeakSecrets returns the client's secrets that a person chose and that have not expired at now. Each
// takes argon2id to verify, some 20 ms and 19 MiB, so that whoever calls Holds bounds how often.
func (c *Client) WeakSecrets(now time.Time) []ClientSecret {
	var weak []ClientSecret
	for _, s := range c.Secrets {
		if s.Argon2id != "" && s.Usable(now) {
			weak = append(weak, s)
		}
	}
	return weak
}

// Usable reports whether the secret has not expired at now.
func (s ClientSecret) Usable(now time.Time) bool {
	return s.Expires.IsZero() || now.Before(s.Expires)
}

// Holds reports whether value is the secret, expired or not.
func (s ClientSecret) Holds(value string) bool {
	if value == "" || len(value) > maxSecret {
		return false
	}
	if s.Argon2id == "" {
		digest := sha256.Sum256([]byte(value))
		return subtle.ConstantTimeCompare(digest[:], s.SHA256) == 1
	}
	result, err := argon2.NewVerifier(nil).Verify(s.Argon2id, value)
	return err == nil && (result == verifier.OK || result == verifier.NeedUpdate)
}

func (s ClientSecret) check() error {
	switch given := count(len(s.SHA256) > 0, s.Argon2id != "", len(s.PublicKey) > 0); {
	case given != 1:
		return errors.New("needs exactly one hash or public key")
	case len(s.PublicKey) > 0:
		_, err := parseKey(s.PublicKey)
		return err
	case s.Argon2id == "" && len(s.SHA256) != sha256.Size:
		return fmt.Errorf("sha256 has %d bytes, want %d", len(s.SHA256), sha256.Size)
	case s.Argon2id == "":
		return nil
	}
	if !strings.HasPrefix(s.Argon2id, "$argon2id$") {
		return errors.New("argon2id is not an encoded argon2id hash")
	}
	result, err := argon2.NewVerifier(&argon2.ValidationOpts{MaxMemory: maxWeakMemory}).Validate(s.Argon2id)
	if err != nil || result == verifier.Fail || result == verifier.Skip {
		return errors.New("argon2id is not an encoded argon2id hash within the accepted cost")
	}
	return nil
}

// count returns how many of the conditions hold.
func count(conditions ...bool) (n int) {
	for _, holds := range conditions {
		if holds {
			n++
		}
	}
	return n
}

// checkStrength judges the text of a client secret. weak is the operator's word that a person chose it.
func checkStrength(value secret.Text, weak bool) error {
	length := len(value.Reveal())
	switch {
	case length > maxSecret:
		return fmt.Errorf("has %d characters, more than %d", length, maxSecret)
	case weak && length < weakSecret:
		return fmt.Errorf("has %d characters, fewer than %d", length, weakSecret)
	case !weak && length < strongSecret:
		return fmt.Errorf("has %d characters: generate one of at least %d, or say weak: true", length, strongSecret)
	}
	return nil
}

func hashSecret(value secret.Text, weak bool) (ClientSecret, error) {
	if weak {
		encoded, err := argon2.NewArgon2id(weakParams(), nil).Hash(value.Reveal())
		if err != nil {
			return ClientSecret{}, fmt.Errorf("hash a weak secret: %w", err)
		}
		return ClientSecret{Argon2id: encoded}, nil
	}
	digest := sha256.Sum256([]byte(value.Reveal()))
	return ClientSecret{SHA256: digest[:]}, nil
}
