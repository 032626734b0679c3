package passhash_test

import (
	"errors"
	"testing"

	"github.com/patchbay-auth/patchbay/legacy/passhash"
)

// FuzzParse holds that any stored value is either recognised within the caps or refused with one
// of three errors, and that the empty password never matches.
func FuzzParse(f *testing.F) {
	for _, v := range vectors() {
		f.Add(v.stored.Hash, v.stored.Salt, v.stored.Scheme)
	}
	f.Fuzz(func(t *testing.T, hash, salt, scheme string) {
		h, err := newVerifier(t).Parse(passhash.Stored{Hash: hash, Salt: salt, Scheme: scheme})
		if err != nil {
			if !errors.Is(err, passhash.ErrUnknown) && !errors.Is(err, passhash.ErrTooCostly) && !errors.Is(err, passhash.ErrPlaintext) {
				t.Fatalf("%q: %v", hash, err)
			}
			return
		}
		if h.Scheme == "" || h.Memory < 0 || h.Memory > passhash.MaxMemory {
			t.Errorf("%q: scheme %q, memory %d", hash, h.Scheme, h.Memory)
		}
		if h.Verify("") {
			t.Errorf("%q matches the empty password", hash)
		}
	})
}
