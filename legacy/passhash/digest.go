package passhash

import (
	"crypto/md5"  //nolint:gosec // what old databases hold
	"crypto/sha1" //nolint:gosec // likewise
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"regexp"
	"strings"
)

var (
	ldapShape         = regexp.MustCompile(`^\{(S?)(MD5|SHA|SHA256|SHA384|SHA512)\}([A-Za-z0-9+/]{22,260}={0,2})$`)
	springDigestShape = regexp.MustCompile(`^\{(MD5|SHA-1|SHA-256|SHA-512)\}(\{[^}]{0,128}\})?([0-9a-f]{32,128})$`)
	mysqlShape        = regexp.MustCompile(`^\*[0-9A-F]{40}$`)
	mysqlOldShape     = regexp.MustCompile(`^[0-9a-f]{16}$`)
	md5Shape          = regexp.MustCompile(`^[0-9A-Fa-f]{32}$`)
)

func newDigest(name string) func() hash.Hash {
	switch strings.ReplaceAll(strings.ToUpper(name), "-", "") {
	case "MD5":
		return md5.New
	case "SHA", "SHA1":
		return sha1.New
	case "SHA256":
		return sha256.New
	case "SHA384":
		return sha512.New384
	case "SHA512":
		return sha512.New
	}
	return nil
}

func sum(h func() hash.Hash, parts ...[]byte) []byte {
	d := h()
	for _, p := range parts {
		d.Write(p)
	}
	return d.Sum(nil)
}

// parseLDAP reads RFC 2307 values and their salted forms: {SSHA} and base64(SHA1(password‖salt)‖salt).
func parseLDAP(stored string) (*Hash, error) {
	m := ldapShape.FindStringSubmatch(stored)
	if m == nil {
		return nil, nil
	}
	// Without its S, SMD5 is MD5, and SSHA is SHA.
	h, salted := newDigest(m[2]), m[1] == "S"
	raw, err := base64.StdEncoding.DecodeString(m[3])
	size := h().Size()
	if err != nil || len(raw) < size || salted != (len(raw) > size) {
		return nil, nil //nolint:nilerr // {MD5} followed by hex is Spring's
	}
	return &Hash{Scheme: "ldap-" + strings.ToLower(m[1]+m[2]), matches: func(password string) bool {
		return subtle.ConstantTimeCompare(sum(h, []byte(password), raw[size:]), raw[:size]) == 1
	}}, nil
}

// parseSpringStandard reads StandardPasswordEncoder's {sha256}: hex of an 8-byte salt and
// SHA-256(salt‖password), hashed 1024 times in all.
func parseSpringStandard(stored string) (*Hash, error) {
	text, ours := strings.CutPrefix(stored, "{sha256}")
	if !ours {
		return nil, nil
	}
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != 8+sha256.Size {
		return nil, ErrUnknown
	}
	return &Hash{Scheme: "spring-sha256", matches: func(password string) bool {
		d := sum(sha256.New, raw[:8], []byte(password))
		for range 1023 {
			d = sum(sha256.New, d)
		}
		return subtle.ConstantTimeCompare(d, raw[8:]) == 1
	}}, nil
}

// parseSpringDigest reads MessageDigestPasswordEncoder's {SHA-1}{salt}hex, the digest of the
// password followed by the salt with its braces.
func parseSpringDigest(stored string) (*Hash, error) {
	m := springDigestShape.FindStringSubmatch(stored)
	if m == nil {
		return nil, nil
	}
	h := newDigest(m[1])
	want, err := hex.DecodeString(m[3])
	if err != nil || len(want) != h().Size() {
		return nil, ErrUnknown
	}
	return &Hash{Scheme: "spring-" + strings.ToLower(m[1]), matches: func(password string) bool {
		return subtle.ConstantTimeCompare(sum(h, []byte(password+m[2])), want) == 1
	}}, nil
}

// parseMySQL reads MySQL's PASSWORD(): SHA1(SHA1(password)).
func parseMySQL(stored string) (*Hash, error) {
	if !mysqlShape.MatchString(stored) {
		return nil, nil
	}
	want, err := hex.DecodeString(stored[1:])
	if err != nil {
		return nil, err
	}
	return &Hash{Scheme: "mysql", matches: func(password string) bool {
		return subtle.ConstantTimeCompare(sum(sha1.New, sum(sha1.New, []byte(password))), want) == 1
	}}, nil
}

// parseMySQLOld reads MySQL's OLD_PASSWORD(), 62 bits that are no hash by any standard.
func parseMySQLOld(stored string) (*Hash, error) {
	if !mysqlOldShape.MatchString(stored) {
		return nil, nil
	}
	return &Hash{Scheme: "mysql-old", matches: func(password string) bool {
		a, b, add := uint32(1345345333), uint32(0x12345671), uint32(7)
		for _, c := range []byte(password) {
			if c == ' ' || c == '\t' {
				continue
			}
			a ^= ((a&63)+add)*uint32(c) + a<<8
			b += b<<8 ^ a
			add += uint32(c)
		}
		const low31 = 1<<31 - 1
		got := fmt.Sprintf("%08x%08x", a&low31, b&low31)
		return subtle.ConstantTimeCompare([]byte(got), []byte(stored)) == 1
	}}, nil
}

// parseMD5 reads a bare MD5 in hex.
func parseMD5(stored string) (*Hash, error) {
	if !md5Shape.MatchString(stored) {
		return nil, nil
	}
	want, err := hex.DecodeString(stored)
	if err != nil {
		return nil, err
	}
	return &Hash{Scheme: "md5", matches: func(password string) bool {
		return subtle.ConstantTimeCompare(sum(md5.New, []byte(password)), want) == 1
	}}, nil
}
