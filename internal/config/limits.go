package config

import (
	"time"

	"github.com/patchbay-auth/patchbay/internal/ratelimit"
)

// Limits say how often callers may ask and guess. What is zero was not given, and takes the default of
// whoever counts it.
type Limits struct {
	// Tenant, Introspection and Address are requests.
	Tenant, Introspection, Address ratelimit.Rate
	Login                          LoginLimits
}

// LoginLimits bound failed logins.
type LoginLimits struct {
	// Failures is how many an account may have in a window.
	Failures int
	// AccountsPerAddress is how many accounts may fail from one address in a window.
	AccountsPerAddress int
	// Window is how long a failure counts.
	Window time.Duration
}

type limitsYAML struct {
	Tenant        *rateYAML `yaml:"tenant"`
	Introspection *rateYAML `yaml:"introspection"`
	Address       *rateYAML `yaml:"address"`
	Login         struct {
		Failures           int           `yaml:"failures"`
		AccountsPerAddress int           `yaml:"accounts_per_address"`
		Window             time.Duration `yaml:"window"`
	} `yaml:"login"`
}

type rateYAML struct {
	PerSecond int `yaml:"per_second"`
	Burst     int `yaml:"burst"`
}

// Bounds of what may be configured. A window of days would remember more than memory is meant for.
const (
	maxLoginCount  = 10_000
	maxLoginWindow = 24 * time.Hour
)

func (p parser) limits(c *Config, y limitsYAML) {
	c.Limits = Limits{
		Tenant: p.rate("limits.tenant", y.Tenant), Introspection: p.rate("limits.introspection", y.Introspection),
		Address: p.rate("limits.address", y.Address), Login: LoginLimits(y.Login),
	}
	login := c.Limits.Login
	for key, count := range map[string]int{"failures": login.Failures, "accounts_per_address": login.AccountsPerAddress} {
		if key = "limits.login." + key; p.Has(key) && (count < 1 || count > maxLoginCount) {
			p.Fault(key, "%d is not between 1 and %d", count, maxLoginCount)
		}
	}
	if key := "limits.login.window"; p.Has(key) && (login.Window < time.Minute || login.Window > maxLoginWindow) {
		p.Fault(key, "%s is not between 1m and 24h", login.Window)
	}
}

func (p parser) rate(key string, y *rateYAML) ratelimit.Rate {
	if y == nil {
		return ratelimit.Rate{}
	}
	rate := ratelimit.Rate{PerSecond: y.PerSecond, Burst: y.Burst}
	if err := rate.Check(); err != nil {
		p.Fault(key, "%w", err)
	}
	return rate
}
