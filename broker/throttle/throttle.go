package throttle

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/patchbay-auth/patchbay/internal/id"
)

// Config sets the limits. The zero value is a good one.
type Config struct {
	// Failures is how many an account may have in a window; zero means 10. A browser that knows the
	// account has as many of its own.
	Failures int
	// AccountsPerAddress is how many accounts may fail from one address in a window; zero means 100.
	AccountsPerAddress int
	// Window is how long a failure counts. Zero means 10 minutes.
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
func New(c Config) (*Throttle, error) {
	if c.Failures == 0 {
		c.Failures = 10
	}
	if c.AccountsPerAddress == 0 {
		c.AccountsPerAddress = 100
	}
	if c.Window == 0 {
		c.Window = 10 * time.Minute
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Failures < 0 || c.AccountsPerAddress < 0 || c.Window < 0 {
		return nil, fmt.Errorf("login throttle: a limit is negative: %d failures, %d accounts, %s", c.Failures, c.AccountsPerAddress, c.Window)
	}
	t := &Throttle{Config: c}
	var err error
	if t.accounts, err = newMemory[counted, *failures](maxAccounts, c.Window); err != nil {
		return nil, err
	}
	t.addresses, err = newMemory[netip.Prefix, *accountList](maxAddresses, c.Window)
	return t, err
}

// newMemory returns a cache that forgets what was not touched for two windows. Only memory depends on
// that: whether a failure still counts is judged by our clock.
func newMemory[K comparable, V any](size int, window time.Duration) (*otter.Cache[K, V], error) {
	c, err := otter.New(&otter.Options[K, V]{MaximumSize: size, ExpiryCalculator: otter.ExpiryAccessing[K, V](2 * window)})
	if err != nil {
		return nil, fmt.Errorf("login throttle: %w", err)
	}
	return c, nil
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
