package shadow

import (
	"context"
	"time"

	"github.com/patchbay-auth/patchbay/mapping"
)

// An Outcome is what became of a comparison.
type Outcome string

// The outcomes; the package says what each means.
const (
	Agreed     Outcome = "agreed"
	Differed   Outcome = "differed"
	Unanswered Outcome = "unanswered"
	Dropped    Outcome = "dropped"
	Spared     Outcome = "spared"
)

// Outcomes are all of them.
func Outcomes() []Outcome { return []Outcome{Agreed, Differed, Unanswered, Dropped, Spared} }

// A Difference is one thing that differs about a user.
type Difference struct {
	Code Code
	// By says how somebody was looked for, where the code is about finding them: login, email, user_id,
	// external_id and the connection, or the name of a statement.
	By string
}

// A Comparison is what was found out about one user.
type Comparison struct {
	At     time.Time
	Tenant mapping.TenantKey
	// User is whom the legacy database found; where that found nobody, whom the shadow did.
	User mapping.UserID
	// Proven says that both accepted the password.
	Proven      bool
	Differences []Difference
	// Settled are those that were looked for and are not there.
	Settled []Difference
}

// A Tally counts the outcomes of a tenant's comparisons on a day.
type Tally struct {
	Day     time.Time // midnight UTC
	Tenant  mapping.TenantKey
	Outcome Outcome
	N       int
}

// A Batch is what a node has found out since the last one.
type Batch struct {
	Comparisons []Comparison
	Tallies     []Tally
}

// People counts users of a tenant.
type People struct {
	Tenant mapping.TenantKey
	// Compared are those who were compared at least once, Proven those whose password both accepted.
	Compared, Proven int
	// Differing are those about whom something differs that is neither a Note nor UserExtra.
	Differing int
	// First is when the first of them was compared for the first time.
	First time.Time
}

// A Group is the users of a tenant who have a difference in common.
type Group struct {
	Tenant mapping.TenantKey
	Difference
	Users int
	// Times is how often it was met.
	Times       int
	First, Last time.Time
}

// Store keeps what was found out. A reading "since" a time leaves out what was not met after it, and what
// was settled by then or later.
type Store interface {
	// RecordComparisons adds a batch. After a lost reply tallies may be counted twice; nothing else may.
	RecordComparisons(context.Context, Batch) error
	// ComparedPeople, ShadowGroups and ShadowTallies are in the order of tenants; the latter count whole
	// days, and have no Day.
	ComparedPeople(ctx context.Context, since time.Time) ([]People, error)
	ShadowGroups(ctx context.Context, since time.Time) ([]Group, error)
	ShadowTallies(ctx context.Context, since time.Time) ([]Tally, error)
	// ShadowSamples returns users of a group, those met last first, at most limit.
	ShadowSamples(ctx context.Context, g Group, since time.Time, limit int) ([]mapping.UserID, error)
}
