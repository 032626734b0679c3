package provider

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io"
	"runtime"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/patchbay-auth/patchbay/broker/registry"
)

// weakCost is what a guess at a weak secret takes from the budget of the address, in requests: it
// costs more than a hundred times what they do.
const weakCost = 10

// verifiedSecrets bounds how many weak secrets are remembered as verified.
const verifiedSecrets = 1000

// A weakVerifier verifies client secrets that a person chose. What takes argon2id runs a few at a time,
// so that guesses at one client's secret leave the processors to everybody else. A secret that was
// right is remembered, as a message authentication code under a key that never leaves this process:
// its client pays for argon2id once, and not with every request.
type weakVerifier struct {
	key     []byte
	known   *otter.Cache[[sha256.Size]byte, struct{}]
	workers chan struct{}
}

func newWeakVerifier() *weakVerifier {
	v := &weakVerifier{
		key:     make([]byte, sha256.Size),
		known:   otter.Must(&otter.Options[[sha256.Size]byte, struct{}]{MaximumSize: verifiedSecrets}),
		workers: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)),
	}
	_, _ = rand.Read(v.key) // never fails: crypto/rand ends the program instead
	return v
}

// mac names a secret that was verified by a hash. Whoever changes the secret changes the hash.
func (v *weakVerifier) mac(s registry.ClientSecret, presented string) [sha256.Size]byte {
	mac := hmac.New(sha256.New, v.key)
	_, _ = io.WriteString(mac, s.Argon2id) // holds no NUL
	_, _ = mac.Write([]byte{0})
	_, _ = io.WriteString(mac, presented)
	return [sha256.Size]byte(mac.Sum(nil))
}

func (v *weakVerifier) remembers(s registry.ClientSecret, presented string) bool {
	_, ok := v.known.GetIfPresent(v.mac(s, presented))
	return ok
}

var errHashing = errors.New("too many weak client secrets are being verified")

// verify runs argon2id, or returns errHashing when there is no place for it within patience.
func (v *weakVerifier) verify(s registry.ClientSecret, presented string, patience time.Duration) (bool, error) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case v.workers <- struct{}{}:
	case <-timer.C:
		return false, errHashing
	}
	defer func() { <-v.workers }()
	if !s.Holds(presented) {
		return false, nil
	}
	v.known.Set(v.mac(s, presented), struct{}{})
	return true, nil
}

// hashPatience is how long a request waits for its turn: an introspection must be answered within two
// seconds, verification included.
const hashPatience = 500 * time.Millisecond

// proveSecret checks a client's secret. Only what is cheap is free: before argon2id the address pays.
func (p *provider) proveSecret(x *exchange, c *registry.Client, now time.Time, presented string) error {
	if c.VerifySecret(now, presented) {
		return nil
	}
	weak := c.WeakSecrets(now)
	for _, s := range weak {
		if p.weak.remembers(s, presented) {
			return nil
		}
	}
	for _, s := range weak {
		if fault := p.limits.spendAddress(x, weakCost); fault != nil {
			return fault
		}
		switch ok, err := p.weak.verify(s, presented, hashPatience); {
		case err != nil:
			return unavailable(err)
		case ok:
			return nil
		}
	}
	return faultOf(wrongSecret)
}
