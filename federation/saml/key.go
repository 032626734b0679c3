package saml

import (
	"slices"

	"github.com/patchbay-auth/patchbay/federation"
)

// A Key is a key pair of the service provider. It decrypts from before its time until three later ones exist.
type Key = federation.KeyPair

// maxOpening is how many keys are tried on what is encrypted: the one in use, the next, and the two before.
// Each costs a decryption, which anybody can ask for.
const maxOpening = 4

// opening returns the keys that decrypt, the latest first.
func opening(keys []Key) []Key {
	latest := slices.SortedFunc(slices.Values(keys), func(a, b Key) int { return b.UseFrom.Compare(a.UseFrom) })
	return latest[:min(len(latest), maxOpening)]
}
