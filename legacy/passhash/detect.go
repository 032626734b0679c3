package passhash

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"strings"
)

// A parser reads the values of one family of schemes. It returns nil, nil for anybody else's.
type parser func(stored string) (*Hash, error)

// detect tries the families in turn; their shapes do not overlap.
func (v *Verifier) detect(stored string) (*Hash, error) {
	for _, label := range []string{"{PLAIN}", "{noop}"} {
		if password, labelled := strings.CutPrefix(stored, label); labelled {
			return v.parsePlaintext(password)
		}
	}
	// Labels of Spring Security and of LDAP before a value that says by itself what it is.
	for _, label := range []string{"{bcrypt}", "{argon2}", "{scrypt}", "{CRYPT}"} {
		if rest, labelled := strings.CutPrefix(stored, label); labelled {
			stored = rest
			break
		}
	}
	for _, parse := range []parser{
		parseBcrypt, parseWordPress, parseArgon2, parseScrypt, parseSpringScrypt,
		parsePasslibPBKDF2, parseDjango, parseSpringPBKDF2, parseASPNet,
		parseSHACrypt, parseMD5Crypt, parsePhpass, parseDrupal,
		parseLDAP, parseSpringStandard, parseSpringDigest,
		parseMySQL, parseMySQLOld, parseMD5,
	} {
		if h, err := parse(stored); h != nil || err != nil {
			return h, err
		}
	}
	return nil, ErrUnknown
}

// equal compares in constant time. Hashing first hides the lengths too, which tell something where
// the value is a plain password.
func equal(a, b []byte) bool {
	x, y := sha256.Sum256(a), sha256.Sum256(b)
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// atMost returns ErrTooCostly, naming the scheme and the parameter, if n exceeds limit.
func atMost(scheme, parameter string, n, limit int64) error {
	if n > limit {
		return fmt.Errorf("%w: %s %s %d, at most %d", ErrTooCostly, scheme, parameter, n, limit)
	}
	return nil
}
