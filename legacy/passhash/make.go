package passhash

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"

	"github.com/patchbay-auth/patchbay/mapping"
)

// A Scheme is how new hashes are made.
type Scheme string

// The schemes of new hashes.
const (
	// Bcrypt is bcrypt of cost 12, spelled $2y$, which the most systems read.
	Bcrypt Scheme = "bcrypt"
	// Argon2id is argon2id with 19 MiB and two passes, in the PHC string format.
	Argon2id Scheme = "argon2id"
)

const (
	bcryptCost    = 12
	argonMemory   = 19 << 10 // KiB
	argonPasses   = 2
	bcryptMaximum = 72 // bytes of a password
)

// Known reports whether hashes can be made in the scheme.
func (s Scheme) Known() bool { return s == Bcrypt || s == Argon2id }

// outdates reports whether a hash of the scheme is better than the stored one: which is of another
// scheme, or of a lower cost. Of argon2id hashes every one is good enough.
func (s Scheme) outdates(stored string) bool {
	_, unlabelled, found := strings.Cut(stored, "}") // Spring's {bcrypt}, LDAP's {CRYPT}
	if !found {
		unlabelled = stored
	}
	if s == Argon2id {
		return !strings.HasPrefix(unlabelled, "$argon2id$")
	}
	cost, err := bcrypt.Cost([]byte(unlabelled))
	return err != nil || cost < bcryptCost
}

// keeps reports whether the scheme covers all of the password: bcrypt would cut a long one.
func (s Scheme) keeps(password string) bool { return s != Bcrypt || len(password) <= bcryptMaximum }

func (s Scheme) memory() int64 {
	if s == Argon2id {
		return argonMemory << 10
	}
	return 0
}

func (s Scheme) hash(password string) (string, error) {
	switch s {
	case Bcrypt:
		made, err := bcrypt.GenerateFromPassword([]byte(password), bcryptCost)
		return strings.Replace(string(made), "$2a$", "$2y$", 1), err // the same algorithm by both names
	case Argon2id:
		salt := make([]byte, 16)
		if _, err := rand.Read(salt); err != nil {
			return "", err
		}
		key := argon2.IDKey([]byte(password), salt, argonPasses, argonMemory, 1, 32)
		return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, argonMemory, argonPasses,
			base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key)), nil
	}
	return "", fmt.Errorf("there is no scheme %q", s)
}

// Renew returns a new hash in the scheme for a password that has just been verified against the stored
// one, or nothing where that is good enough, or where the scheme cannot hold the password. It waits for
// its place as Verify does, and fails as Verify does.
func (p *Pool) Renew(ctx context.Context, tenant mapping.TenantKey, s Stored, password string, scheme Scheme) (string, error) {
	if !scheme.outdates(s.Hash) || !scheme.keeps(password) {
		return "", nil
	}
	t, err := p.line.enter(ctx, tenant, scheme.memory())
	if err != nil {
		return "", err
	}
	defer p.line.leave(t)
	return scheme.hash(password)
}
