package passhash

import (
	"crypto/subtle"
	"encoding/base64"
	"math/bits"
	"regexp"
	"strconv"

	"github.com/zitadel/passwap/argon2"
	"github.com/zitadel/passwap/verifier"
	"golang.org/x/crypto/scrypt"
)

const (
	maxArgon2Time    = 64
	maxArgon2Threads = 64
	// maxArgon2Work bounds passes × memory: 32 passes over MaxMemory, some seconds of one core.
	maxArgon2Work = 32 * MaxMemory
	maxScryptN    = 1 << 17
	// maxScryptWork bounds N·r·p: four times N = 2^17, r = 8, p = 1.
	maxScryptWork = 4 * maxScryptN * 8
)

var (
	// Digests under 16 bytes are nobody's, and an empty one would match every password.
	argon2Shape       = regexp.MustCompile(`^\$argon2id?\$v=19\$m=(\d{1,9}),t=(\d{1,9}),p=(\d{1,3})\$[A-Za-z0-9+/]{8,128}\$[A-Za-z0-9+/]{22,128}$`)
	scryptShape       = regexp.MustCompile(`^\$scrypt\$ln=(\d{1,9}),r=(\d{1,4}),p=(\d{1,4})\$([A-Za-z0-9+/]{1,128})\$([A-Za-z0-9+/]{22,128})$`)
	springScryptShape = regexp.MustCompile(`^\$([0-9a-f]{5,6})\$([A-Za-z0-9+/]{8,172}={0,2})\$([A-Za-z0-9+/]{22,172}={0,2})$`)
)

func parseArgon2(stored string) (*Hash, error) {
	m := argon2Shape.FindStringSubmatch(stored)
	if m == nil {
		return nil, nil
	}
	n, err := numbers(m[1:])
	if err != nil {
		return nil, err
	}
	memory, time, threads := n[0]<<10, n[1], n[2]
	if time < 1 || threads < 1 {
		return nil, ErrUnknown // the library panics on these
	}
	for _, limit := range []error{
		atMost("argon2", "memory", memory, MaxMemory), atMost("argon2", "time", time, maxArgon2Time),
		atMost("argon2", "threads", threads, maxArgon2Threads), atMost("argon2", "memory × time", memory*time, maxArgon2Work),
	} {
		if limit != nil {
			return nil, limit
		}
	}
	v := argon2.NewVerifier(&argon2.ValidationOpts{
		MinMemory: 1, MaxMemory: MaxMemory >> 10, MinTime: 1, MaxTime: maxArgon2Time, MinThreads: 1, MaxThreads: maxArgon2Threads,
	})
	if result, err := v.Validate(stored); err != nil || result != verifier.OK {
		return nil, ErrUnknown // base64 with stray bits, for one
	}
	return &Hash{Scheme: "argon2", Memory: memory, matches: func(password string) bool {
		result, err := v.Verify(stored, password)
		return err == nil && result == verifier.OK
	}}, nil
}

func parseScrypt(stored string) (*Hash, error) {
	m := scryptShape.FindStringSubmatch(stored)
	if m == nil {
		return nil, nil
	}
	n, err := numbers(m[1:4])
	if err != nil {
		return nil, err
	}
	ln := n[0]
	if ln >= 64 { // some writers store N here, not log2 N
		if bits.OnesCount64(uint64(ln)) != 1 {
			return nil, ErrUnknown
		}
		ln = int64(bits.TrailingZeros64(uint64(ln)))
	}
	salt, err := base64.RawStdEncoding.DecodeString(m[4])
	if err != nil {
		return nil, ErrUnknown
	}
	key, err := base64.RawStdEncoding.DecodeString(m[5])
	if err != nil {
		return nil, ErrUnknown
	}
	return newScrypt(ln, n[1], n[2], salt, key)
}

// parseSpringScrypt reads $params$salt$key, where params is hex: log2 N, r and p in one byte each.
func parseSpringScrypt(stored string) (*Hash, error) {
	m := springScryptShape.FindStringSubmatch(stored)
	if m == nil {
		return nil, nil
	}
	params, err := strconv.ParseInt(m[1], 16, 64)
	if err != nil {
		return nil, err
	}
	salt, err := base64.StdEncoding.DecodeString(m[2])
	if err != nil {
		return nil, ErrUnknown
	}
	key, err := base64.StdEncoding.DecodeString(m[3])
	if err != nil {
		return nil, ErrUnknown
	}
	return newScrypt(params>>16, params>>8&0xff, params&0xff, salt, key)
}

func newScrypt(ln, r, p int64, salt, key []byte) (*Hash, error) {
	if ln < 1 || r < 1 || p < 1 || len(key) < 16 {
		return nil, ErrUnknown
	}
	if err := atMost("scrypt", "log2 N", ln, 17); err != nil {
		return nil, err
	}
	memory := 128 * r << ln
	for _, limit := range []error{
		atMost("scrypt", "memory", memory, MaxMemory), atMost("scrypt", "N·r·p", r*p<<ln, maxScryptWork),
	} {
		if limit != nil {
			return nil, limit
		}
	}
	return &Hash{Scheme: "scrypt", Memory: memory, matches: func(password string) bool {
		got, err := scrypt.Key([]byte(password), salt, 1<<ln, int(r), int(p), len(key))
		return err == nil && subtle.ConstantTimeCompare(got, key) == 1
	}}, nil
}

func numbers(texts []string) ([]int64, error) {
	list := make([]int64, len(texts))
	for i, text := range texts {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, err
		}
		list[i] = n
	}
	return list, nil
}
