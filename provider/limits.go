package provider

import (
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/patchbay-auth/patchbay/internal/ratelimit"
)

// Limits say how many requests may come. What is zero takes its default.
type Limits struct {
	// Tenant is shared by all endpoints but introspection and by all clients of a tenant that have
	// authenticated; each client of the platform has its own. Zero means 200 a second, 400 at once.
	Tenant ratelimit.Rate
	// Introspection is the same for introspection alone: a switch asks at every call. Zero means
	// 2000 a second, 4000 at once.
	Introspection ratelimit.Rate
	// Address is for everything else, by IPv4 address or IPv6 /64: pages, public clients, access
	// tokens, and whoever fails to authenticate. Zero means 100 a second, 1000 at once: a call centre
	// begins its shift behind one address.
	Address ratelimit.Rate
}

func (l Limits) withDefaults() Limits {
	setRate(&l.Tenant, ratelimit.Rate{PerSecond: 200, Burst: 400})
	setRate(&l.Introspection, ratelimit.Rate{PerSecond: 2000, Burst: 4000})
	setRate(&l.Address, ratelimit.Rate{PerSecond: 100, Burst: 1000})
	return l
}

func setRate(r *ratelimit.Rate, value ratelimit.Rate) {
	if *r == (ratelimit.Rate{}) {
		*r = value
	}
}

// How many budgets are counted at once: every tenant there may be, and about 10 MB of addresses.
const (
	maxTenants   = 100_000
	maxAddresses = 50_000
)

// A limiter keeps the budgets. Discovery documents and key sets cost nobody anything.
type limiter struct {
	tenant, introspection budget[string]
	address               budget[netip.Prefix]
}

// A budget is Buckets with the names they have in the headers of an answer.
type budget[K comparable] struct {
	*ratelimit.Buckets[K]
	name   string
	policy string
}

func newLimiter(l Limits, now func() time.Time) (*limiter, error) {
	l = l.withDefaults()
	var out limiter
	var err error
	if out.tenant, err = newBudget[string]("tenant", l.Tenant, maxTenants, now); err != nil {
		return nil, err
	}
	if out.introspection, err = newBudget[string]("introspection", l.Introspection, maxTenants, now); err != nil {
		return nil, err
	}
	out.address, err = newBudget[netip.Prefix]("address", l.Address, maxAddresses, now)
	return &out, err
}

func newBudget[K comparable](name string, rate ratelimit.Rate, keys int, now func() time.Time) (budget[K], error) {
	buckets, err := ratelimit.New[K](rate, keys, now)
	if err != nil {
		return budget[K]{}, fmt.Errorf("limit for %s: %w", name, err)
	}
	policy := `"` + name + `";q=` + strconv.Itoa(rate.Burst) + `;w=` + strconv.FormatInt(seconds(rate.Window()), 10)
	return budget[K]{buckets, name, policy}, nil
}

// A charge is what one request spent, or could not spend.
type charge struct {
	ratelimit.Level
	name, policy string // empty: nothing was asked for yet
}

func (b budget[K]) charge(key K, n int) charge { return charge{b.Spend(key, n), b.name, b.policy} }

// fault refuses what could not be spent.
func (c charge) fault() *Fault {
	if c.Spent {
		return nil
	}
	return tooMany(c.Retry, fmt.Errorf("the budget of the %s is spent", c.name))
}

// announce tells the caller about its budget (draft-ietf-httpapi-ratelimit-headers-10).
func (c charge) announce(h http.Header) {
	if c.name == "" {
		return
	}
	h.Set("Ratelimit-Policy", c.policy)
	h.Set("Ratelimit", `"`+c.name+`";r=`+strconv.Itoa(c.Left)+`;t=`+strconv.FormatInt(seconds(c.Full), 10))
}

// seconds rounds up.
func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// spend charges a request to whoever it is known to be from. Only a client that has authenticated
// spends its tenant's budget: names alone, which anybody can send, do not.
func (l *limiter) spend(x *exchange) *Fault {
	switch {
	case x.client == nil || x.client.Public() || !x.endpoint.authenticates():
		if x.charged.name != "" {
			return x.charged.fault()
		}
		return l.spendAddress(x, 1)
	case x.endpoint == introspection:
		x.charged = l.introspection.charge(purse(x), 1)
	default:
		x.charged = l.tenant.charge(purse(x), 1)
	}
	return x.charged.fault()
}

func (l *limiter) spendAddress(x *exchange, n int) *Fault {
	x.charged = l.address.charge(x.network, n)
	return x.charged.fault()
}

// refundAddress takes back what was spent before it was known who asks.
func (l *limiter) refundAddress(x *exchange, n int) {
	l.address.Refund(x.network, n)
	x.charged = charge{}
}

// purse is whose budget a client spends. No account has a colon in its name.
func purse(x *exchange) string {
	if x.client.Platform() {
		return "client:" + x.client.ID
	}
	return string(x.client.Account)
}
