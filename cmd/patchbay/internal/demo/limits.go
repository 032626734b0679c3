package demo

import (
	"github.com/patchbay-auth/patchbay/internal/ratelimit"
	"github.com/patchbay-auth/patchbay/provider"
)

// limits are wider than those of a server: everything comes from one address here, and whoever measures
// the demo wants to meet its speed. Strangers are still slowed down, so that this can be seen too.
func limits() provider.Limits {
	open := ratelimit.Rate{PerSecond: ratelimit.MaxPerSecond, Burst: ratelimit.MaxBurst}
	return provider.Limits{Tenant: open, Introspection: open, Address: ratelimit.Rate{PerSecond: 500, Burst: 5000}}
}
