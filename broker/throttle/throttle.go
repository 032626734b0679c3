package throttle

import (
	"net/netip"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/patchbay-auth/patchbay/internal/id"
)

// Config sets the limits. The zero value is a good one.
type Config struct {
	// Failures is how many an account may have in a window; 0 means 10. A browser that knows the
	// account has as many of its own.
	Failures int
	// AccountsPerAddress is how many accounts may fail from one address in a window; 0 means 100.
	AccountsPerAddress int
	// Window is how long a failure counts; 0 means 10 minutes.
	Window time.Duration
	// Now reports the time; nil means time.Now.
	Now func() time.Time
}

// What is remembered at most: about 10 MB of accounts and browsers, 16 MB of addresses if each is
// full. Of more than that, those that fail most often are remembered.
const (
	maxAccounts  = 50_000
	maxAddresses = 10_000
)

// A Throttle counts failed logins. It is safe for concurrent use.
type Throttle struct {
	Config
	accounts  *otter.Cache[counted, *failures]
	addresses *otter.Cache[netip.Prefix, *accountList]
}

// counted is what has an allowance of its own: an account, or an account in a browser that knows it.
type counted struct {
	account Account
	device  id.ID
}

// New returns a Throttle that has seen nothing yet.
func New(c Config) *Throttle {
	if c.Failures <= 0 {
		c.Failures = 10
	}
	if c.AccountsPerAddress <= 0 {
		c.AccountsPerAddress = 100
	}
	if c.Window <= 0 {
		c.Window = 10 * time.Minute
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Throttle{
		Config:    c,
		accounts:  newMemory[counted, *failures](maxAccounts, c.Window),
		addresses: newMemory[netip.Prefix, *accountList](maxAddresses, c.Window),
	}
}

// newMemory returns a cache that forgets what was not touched for two windows. Only memory depends on
// that: whether a failure still counts is judged by our clock. Its options are always valid.
func newMemory[K comparable, V any](size int, window time.Duration) *otter.Cache[K, V] {
	return otter.Must(&otter.Options[K, V]{MaximumSize: size, ExpiryCalculator: otter.ExpiryAccessing[K, V](2 * window)})
}

func remembered[K comparable, V any](c *otter.Cache[K, V], key K, fresh func() V) V {
	if v, ok := c.GetIfPresent(key); ok {
		return v
	}
	v, _ := c.SetIfAbsent(key, fresh())
	return v
}

// Remembered returns how many accounts and addresses are counted at the moment, for metrics.
func (t *Throttle) Remembered() (accounts, addresses int) {
	t.accounts.CleanUp()
	t.addresses.CleanUp()
	return t.accounts.EstimatedSize(), t.addresses.EstimatedSize()
}
