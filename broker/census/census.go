package census

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

// A Day is a calendar day in UTC, as 2026-11-21. Days compare as text.
type Day string

// DayOf returns the day of a time.
func DayOf(t time.Time) Day { return Day(t.UTC().Format(time.DateOnly)) }

// A Census is what was counted on a day.
type Census struct {
	Day Day
	// TakenAt is when the counting began.
	TakenAt time.Time
	// Counts are in the order of tenant and scheme.
	Counts []Count
}

// A Count is how many users of a tenant have a password of a scheme.
type Count struct {
	// Tenant is empty for the users of all tenants that patchbay does not serve, together.
	Tenant mapping.TenantKey
	// Scheme is a name of package passhash, or one of those of package legacy for what nobody can verify.
	Scheme string
	Users  int
	// Able are those of them who are let in with the password: active, and not bound to an identity provider.
	Able int
}

// Errors of a Store.
var (
	// ErrDone means that the day was counted before.
	ErrDone = errors.New("the day is counted")
	// ErrTaken means that another node is counting.
	ErrTaken = errors.New("another node is counting")
)

// A Claim makes the census of a day one caller's.
type Claim struct {
	Day Day
	// By is random, and the caller's alone.
	By id.ID
	At time.Time
}

// Lease is how long a claim holds. Whoever has not come to the end by then is taken for lost.
const Lease = time.Hour

// Store keeps censuses.
type Store interface {
	// ClaimCensus fails with ErrDone, or with ErrTaken while another claim holds. A repetition is no other.
	ClaimCensus(context.Context, Claim) error
	// SaveCensus stores what the holder of a claim has counted, once. It fails with ErrTaken if somebody
	// else has claimed the day meanwhile.
	SaveCensus(context.Context, Claim, Census) error
	// Censuses returns those from a day up to another, that one included, oldest first.
	Censuses(ctx context.Context, from, to Day) ([]Census, error)
}

// A Source is the legacy database. ScanSchemes calls each for every user of all tenants, and ends with its
// first error.
type Source interface {
	ScanSchemes(ctx context.Context, each func(tenant mapping.TenantKey, scheme string, able bool) error) error
}

const (
	// page is after how many users the reading pauses.
	page = 1000
	// shortestPause and longestPause bound a pause; between them it is as long as the reading took.
	shortestPause = 10 * time.Millisecond
	longestPause  = 5 * time.Second
	// patience bounds a census. It ends before its claim does.
	patience = 50 * time.Minute
)

// Take counts today's census, stores it and returns it. It fails with ErrDone, with ErrTaken, or because a
// database did not answer; then nothing is stored, and the next try is an hour away.
func (t *Taker) Take(ctx context.Context) (Census, error) {
	claim := Claim{By: id.New(), At: t.Now()}
	claim.Day = DayOf(claim.At)
	if err := t.Store.ClaimCensus(ctx, claim); err != nil {
		return Census{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c := Census{Day: claim.Day, TakenAt: claim.At}
	var err error
	if c.Counts, err = t.count(ctx); err != nil {
		return Census{}, err
	}
	return c, t.Store.SaveCensus(ctx, claim, c)
}

// count reads everybody.
func (t *Taker) count(ctx context.Context) ([]Count, error) {
	served := map[mapping.TenantKey]bool{}
	for _, tenant := range t.Tenants() {
		served[tenant] = true
	}
	type kind struct {
		tenant mapping.TenantKey
		scheme string
	}
	counts := map[kind]*Count{}
	seen, since := 0, t.Now()
	err := t.Source.ScanSchemes(ctx, func(tenant mapping.TenantKey, scheme string, able bool) error {
		if !served[tenant] {
			tenant = ""
		}
		c := counts[kind{tenant, scheme}]
		if c == nil {
			c = &Count{Tenant: tenant, Scheme: scheme}
			counts[kind{tenant, scheme}] = c
		}
		c.Users++
		if able {
			c.Able++
		}
		if seen++; seen%page > 0 {
			return nil
		}
		err := pause(ctx, min(max(t.Now().Sub(since), shortestPause), longestPause))
		since = t.Now()
		return err
	})
	if err != nil {
		return nil, err
	}
	list := make([]Count, 0, len(counts))
	for _, c := range counts {
		list = append(list, *c)
	}
	slices.SortFunc(list, func(a, b Count) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Scheme, b.Scheme))
	})
	return list, nil
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
