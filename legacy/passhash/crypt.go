package passhash

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/zitadel/passwap/drupal7"
	"github.com/zitadel/passwap/md5"
	"github.com/zitadel/passwap/phpass"
	"github.com/zitadel/passwap/sha2"
	"github.com/zitadel/passwap/verifier"
)

const (
	maxSHACryptRounds = 2_000_000
	// maxCryptLog2 bounds the iterations of phpass and Drupal 7, which store their logarithm.
	maxCryptLog2 = 20
	cryptDigits  = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// The shapes are exact because the library is generous: it would compare as little of a truncated
// hash as there is.
var (
	sha256CryptShape = regexp.MustCompile(`^\$5\$(?:rounds=(\d{1,9})\$)?[^$\s]{1,16}\$[./A-Za-z0-9]{43}$`)
	sha512CryptShape = regexp.MustCompile(`^\$6\$(?:rounds=(\d{1,9})\$)?[^$\s]{1,16}\$[./A-Za-z0-9]{86}$`)
	md5CryptShape    = regexp.MustCompile(`^\$1\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22}$`)
	phpassShape      = regexp.MustCompile(`^\$[PH]\$([./A-Za-z0-9])[./A-Za-z0-9]{30}$`)
	drupalShape      = regexp.MustCompile(`^\$S\$([./A-Za-z0-9])[./A-Za-z0-9]{51}$`)
)

func parseSHACrypt(stored string) (*Hash, error) {
	scheme := "sha256-crypt"
	m := sha256CryptShape.FindStringSubmatch(stored)
	if m == nil {
		scheme, m = "sha512-crypt", sha512CryptShape.FindStringSubmatch(stored)
	}
	if m == nil {
		return nil, nil
	}
	if m[1] != "" {
		rounds, err := strconv.ParseInt(m[1], 10, 64)
		if err != nil {
			return nil, err
		}
		if err := atMost(scheme, "rounds", rounds, maxSHACryptRounds); err != nil {
			return nil, err
		}
	}
	return withLibrary(scheme, sha2.NewVerifier(nil), stored), nil
}

func parseMD5Crypt(stored string) (*Hash, error) {
	if !md5CryptShape.MatchString(stored) {
		return nil, nil
	}
	return withLibrary("md5-crypt", md5.NewVerifier(), stored), nil
}

func parsePhpass(stored string) (*Hash, error) {
	m := phpassShape.FindStringSubmatch(stored)
	if m == nil {
		return nil, nil
	}
	if err := atMost("phpass", "log2 iterations", int64(strings.Index(cryptDigits, m[1])), maxCryptLog2); err != nil {
		return nil, err
	}
	return withLibrary("phpass", phpass.NewVerifier(nil), stored), nil
}

func parseDrupal(stored string) (*Hash, error) {
	m := drupalShape.FindStringSubmatch(stored)
	if m == nil {
		return nil, nil
	}
	if err := atMost("drupal7", "log2 iterations", int64(strings.Index(cryptDigits, m[1])), maxCryptLog2); err != nil {
		return nil, err
	}
	return withLibrary("drupal7", drupal7.NewVerifier(nil), stored), nil
}

func withLibrary(scheme string, v verifier.Verifier, stored string) *Hash {
	return &Hash{Scheme: scheme, matches: func(password string) bool {
		result, err := v.Verify(stored, password)
		return err == nil && (result == verifier.OK || result == verifier.NeedUpdate)
	}}
}
