package passhash

import (
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // what old databases hold
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"regexp"
	"strconv"
	"strings"
)

const maxPBKDF2Iterations = 10_000_000

var (
	passlibShape = regexp.MustCompile(`^\$pbkdf2(|-sha256|-sha512)\$(\d{1,9})\$([A-Za-z0-9./]{1,128})\$([A-Za-z0-9./]{22,128})$`)
	djangoShape  = regexp.MustCompile(`^pbkdf2_(sha1|sha256|sha512)\$(\d{1,9})\$([^$]{1,128})\$([A-Za-z0-9+/]{22,128}={0,2})$`)
)

// parsePasslibPBKDF2 reads passlib's $pbkdf2-sha256$…, base64 with . for +.
func parsePasslibPBKDF2(stored string) (*Hash, error) {
	m := passlibShape.FindStringSubmatch(stored)
	if m == nil {
		return nil, nil
	}
	salt, err := base64.RawStdEncoding.DecodeString(strings.ReplaceAll(m[3], ".", "+"))
	if err != nil {
		return nil, ErrUnknown
	}
	key, err := base64.RawStdEncoding.DecodeString(strings.ReplaceAll(m[4], ".", "+"))
	if err != nil {
		return nil, ErrUnknown
	}
	digest := strings.TrimPrefix(m[1], "-")
	if digest == "" {
		digest = "sha1"
	}
	return newPBKDF2(digest, m[2], salt, key)
}

// parseDjango reads Django's pbkdf2_sha256$iterations$salt$base64; the salt is text.
func parseDjango(stored string) (*Hash, error) {
	m := djangoShape.FindStringSubmatch(stored)
	if m == nil {
		return nil, nil
	}
	key, err := base64.StdEncoding.DecodeString(m[4])
	if err != nil {
		return nil, ErrUnknown
	}
	return newPBKDF2(m[1], m[2], []byte(m[3]), key)
}

// parseSpringPBKDF2 reads Pbkdf2PasswordEncoder's defaults before Spring Security 5.8: hex of an
// 8-byte salt and a 256-bit key, HMAC-SHA1, 185000 iterations.
func parseSpringPBKDF2(stored string) (*Hash, error) {
	text, ours := strings.CutPrefix(stored, "{pbkdf2}")
	if !ours {
		return nil, nil
	}
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != 8+32 {
		return nil, ErrUnknown
	}
	return newPBKDF2("sha1", "185000", raw[:8], raw[8:])
}

// parseASPNet reads ASP.NET Identity's two formats, base64 of
//
//	00 salt[16] key[32]                                 HMAC-SHA1, 1000 iterations
//	01 prf[4] iterations[4] salt length[4] salt key     big-endian; prf 0 SHA-1, 1 SHA-256, 2 SHA-512
func parseASPNet(stored string) (*Hash, error) {
	if len(stored) < 60 || len(stored) > 400 {
		return nil, nil
	}
	raw, err := base64.StdEncoding.DecodeString(stored)
	if err != nil {
		return nil, nil //nolint:nilerr // not base64, so not one of these
	}
	switch {
	case raw[0] == 0 && len(raw) == 1+16+32:
		return newPBKDF2("sha1", "1000", raw[1:17], raw[17:])
	case raw[0] == 1 && len(raw) > 13:
		prf, iterations, saltLen := binary.BigEndian.Uint32(raw[1:]), binary.BigEndian.Uint32(raw[5:]), int64(binary.BigEndian.Uint32(raw[9:]))
		digest, known := map[uint32]string{0: "sha1", 1: "sha256", 2: "sha512"}[prf]
		body := raw[13:]
		if !known || saltLen < 8 || saltLen > int64(len(body)) {
			return nil, nil
		}
		return newPBKDF2(digest, strconv.FormatUint(uint64(iterations), 10), body[:saltLen], body[saltLen:])
	}
	return nil, nil
}

func newPBKDF2(digest, iterations string, salt, key []byte) (*Hash, error) {
	n, err := strconv.ParseInt(iterations, 10, 64)
	if err != nil || n < 1 || len(key) < 16 {
		return nil, ErrUnknown
	}
	if err := atMost("pbkdf2", "iterations", n, maxPBKDF2Iterations); err != nil {
		return nil, err
	}
	h := map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}[digest]
	return &Hash{Scheme: "pbkdf2-" + digest, matches: func(password string) bool {
		got, err := pbkdf2.Key(h, password, salt, int(n), len(key))
		return err == nil && subtle.ConstantTimeCompare(got, key) == 1
	}}, nil
}
