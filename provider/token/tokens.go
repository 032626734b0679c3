package token

import (
	"time"

	"github.com/patchbay-auth/patchbay/broker/keyring"
)

const (
	// maxSize bounds a token, in bytes. Most servers refuse a header of that size.
	maxSize = 16 << 10
	// leeway is how far the clock of the replica that minted a token may be ahead of ours. Replicas
	// must agree within 10 s, and a token must work at every replica at once. It does not prolong
	// a token's life.
	leeway = 10 * time.Second
)

// Config is what Tokens need.
type Config struct {
	Keys *keyring.Keyring
	// Issuer returns the scope whose keys sign for an issuer, and false for an issuer that is not
	// ours. A token whose key is of another scope than its issuer is refused.
	Issuer func(iss string) (keyring.Scope, bool)
	// Now reports the time; nil means time.Now.
	Now func() time.Time
}

// Tokens mints and verifies. It is safe for concurrent use.
type Tokens struct {
	keys   *keyring.Keyring
	issuer func(string) (keyring.Scope, bool)
	now    func() time.Time
}

// New returns Tokens for the issuers and keys of c.
func New(c Config) *Tokens {
	t := &Tokens{keys: c.Keys, issuer: c.Issuer, now: c.Now}
	if t.now == nil {
		t.now = time.Now
	}
	return t
}
