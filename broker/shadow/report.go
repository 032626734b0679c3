package shadow

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/patchbay-auth/patchbay/mapping"
)

// A Report tells, tenant by tenant, what comparing has found out since a time.
type Report struct {
	Since   time.Time      `json:"since"`
	Tenants []TenantReport `json:"tenants"`
}

// A TenantReport is about the users of a tenant.
type TenantReport struct {
	Tenant mapping.TenantKey `json:"tenant"`
	// First is when the first of its users was compared for the first time; zero if none was.
	First time.Time `json:"first"`
	// Compared are those who were compared, Proven those whose password both accepted, Differing those about
	// whom something differs that matters: an Error or a Warning, UserExtra excepted.
	Compared  int `json:"compared_users"`
	Proven    int `json:"proven_users"`
	Differing int `json:"differing_users"`
	// Agreement is the percentage of the compared about whom nothing differs, rounded down.
	Agreement int `json:"agreement_percent"`
	// Outcomes count comparisons on whole days, from that of Report.Since on.
	Outcomes map[Outcome]int `json:"comparisons"`
	Findings []Finding       `json:"differences"`
}

// A Finding is the users who have a difference in common.
type Finding struct {
	Code Code `json:"code"`
	// By says how they were looked for, where the code is about finding them.
	By       string    `json:"by,omitempty"`
	Severity Severity  `json:"severity"`
	Users    int       `json:"users"`
	Times    int       `json:"times"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	// Samples are at most five of the users, those met last first.
	Samples []mapping.UserID `json:"samples"`
	Meaning string           `json:"meaning"`
	Action  string           `json:"action"`
}

// maxSamples is how many users a finding names.
const maxSamples = 5

// NewReport reads what was found out since a time.
func NewReport(ctx context.Context, store Store, since time.Time) (Report, error) {
	r := Report{Since: since, Tenants: []TenantReport{}}
	tenants := map[mapping.TenantKey]*TenantReport{}
	of := func(tenant mapping.TenantKey) *TenantReport {
		if tenants[tenant] == nil {
			tenants[tenant] = &TenantReport{Tenant: tenant, Outcomes: map[Outcome]int{}, Findings: []Finding{}}
		}
		return tenants[tenant]
	}
	people, err := store.ComparedPeople(ctx, since)
	if err != nil {
		return Report{}, err
	}
	for _, p := range people {
		t := of(p.Tenant)
		t.First, t.Compared, t.Proven, t.Differing = p.First, p.Compared, p.Proven, p.Differing
		t.Agreement = 100 * max(0, p.Compared-p.Differing) / max(1, p.Compared)
	}
	tallies, err := store.ShadowTallies(ctx, since)
	if err != nil {
		return Report{}, err
	}
	for _, tally := range tallies {
		of(tally.Tenant).Outcomes[tally.Outcome] += tally.N
	}
	groups, err := store.ShadowGroups(ctx, since)
	if err != nil {
		return Report{}, err
	}
	kinds := Kinds()
	for _, g := range groups {
		kind := kinds[g.Code]
		f := Finding{
			Code: g.Code, By: g.By, Severity: kind.Severity, Users: g.Users, Times: g.Times, First: g.First, Last: g.Last,
			Meaning: kind.Meaning, Action: kind.Action,
		}
		if f.Samples, err = store.ShadowSamples(ctx, g, since, maxSamples); err != nil {
			return Report{}, err
		}
		t := of(g.Tenant)
		t.Findings = append(t.Findings, f)
	}
	for _, t := range tenants {
		t.sort()
		r.Tenants = append(r.Tenants, *t)
	}
	slices.SortFunc(r.Tenants, func(a, b TenantReport) int { return cmp.Compare(a.Tenant, b.Tenant) })
	return r, nil
}

// sort puts the gravest first, and among those what most have.
func (t *TenantReport) sort() {
	rank := map[Severity]int{Error: 0, Warning: 1, Note: 2}
	slices.SortStableFunc(t.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(rank[a.Severity], rank[b.Severity]), cmp.Compare(b.Users, a.Users), cmp.Compare(a.Code, b.Code))
	})
}

// Compared is how many users were compared.
func (r Report) Compared() (n int) {
	for _, t := range r.Tenants {
		n += t.Compared
	}
	return n
}

// Worst returns the gravest severity among the findings; empty if there is none.
func (r Report) Worst() Severity {
	for _, s := range []Severity{Error, Warning, Note} {
		for _, t := range r.Tenants {
			if slices.ContainsFunc(t.Findings, func(f Finding) bool { return f.Severity == s }) {
				return s
			}
		}
	}
	return ""
}
