package proof

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/mapping"
)

// Config says what to examine.
type Config struct {
	DB *legacy.DB
	// Tenants are the tenants that are configured, with their SIP domains; nil if that is not known.
	Tenants map[mapping.TenantKey][]string
	// Progress, if set, is told now and then how many rows of a stage have been read; total is zero where
	// nobody knows.
	Progress func(stage string, done, total int)
}

const (
	// probes is how many users are read as a login would read them, spread over all.
	probes = 200
	// linkProbes is how many links are followed to their user.
	linkProbes = 2000
	// progressEvery is after how many rows Progress is told.
	progressEvery = 5000
)

// A run is one examination.
type run struct {
	Config
	tally    tally
	report   Report
	seen     *seen
	sample   []legacy.Scanned
	random   *rand.Rand
	readable int
	// multiplied are the links that one row makes several users of.
	multiplied map[key]bool
}

// Run examines the database. An error means that it did not come to its end, and says nothing about the
// rows.
func Run(ctx context.Context, c Config) (Report, error) {
	if c.Progress == nil {
		c.Progress = func(string, int, int) {}
	}
	r := &run{
		Config: c, tally: tally{}, seen: newSeen(), multiplied: map[key]bool{},
		report: Report{Tenants: map[string]int{}, Schemes: map[string]int{}, UnknownShapes: map[string]int{}},
		random: rand.New(rand.NewPCG(1, 2)), //nolint:gosec // the same users each time, so that a repair can be seen
	}
	for _, stage := range []struct {
		needs legacy.Statement
		run   func(context.Context) error
	}{
		{legacy.ScanUsers, r.users},
		{legacy.ScanSoftphones, r.softphones},
		{legacy.ScanExternalIDs, r.links},
		{"", r.repetitions},
		{"", r.probe},
		{"", r.plans},
	} {
		if stage.needs != "" && !c.DB.Has(stage.needs) {
			if stage.needs != legacy.ScanExternalIDs || c.DB.KeepsLinks() {
				r.tally.add(NoScan, string(stage.needs))
			}
			continue
		}
		if err := stage.run(ctx); err != nil {
			return Report{}, err
		}
	}
	if c.DB.AllowsPlaintext() && r.tally[PlainAllowed] == nil {
		r.tally.add(PlainAllowed, "passwords.allow_plaintext") // of nobody's use
	}
	r.report.Findings = r.tally.list()
	return r.report, nil
}

// repetitions asks the database about what was probably seen before, as a login would.
func (r *run) repetitions(ctx context.Context) error {
	if r.seen.overflow {
		r.tally.add(CandidatesAreUp, "all")
	}
	done := 0
	for k := range r.seen.repeated {
		done++
		r.told("repeated", done, len(r.seen.repeated))
		if k.kind == PhoneShared || r.multiplied[k] {
			continue // the softphones were read twice instead, and the link was counted
		}
		q := mapping.Query{Value: k.value, Connection: k.via, By: map[Code]mapping.By{
			IDAmbiguous: mapping.ByID, LoginAmbiguous: mapping.ByLogin, EmailAmbiguous: mapping.ByEmail, LinkAmbiguous: mapping.ByExternalID,
		}[k.kind]}
		found, err := r.DB.Find(ctx, mapping.TenantKey(k.tenant), q)
		switch {
		case errors.Is(err, legacy.ErrTooManyRows):
			r.tally.add(k.kind, redact(k.tenant)+"/…")
		case err != nil && legacy.AboutRows(err):
			r.tally.add(UserUnreadable, redact(k.tenant)+"/…")
		case err != nil: // which says nothing about the rows
			return err
		case len(found) > 1:
			r.tally.add(k.kind, place(found[0].Tenant, found[0].ID))
		}
	}
	return nil
}

func (r *run) plans(ctx context.Context) error {
	u := r.somebody()
	scans, unknown, err := r.DB.FullScans(ctx, map[string]string{
		"tenant": string(u.Tenant), "user_id": string(u.ID), "login": u.Username, "email": u.Email + "x", "connection": "x", "external_id": "x",
		"query": u.Username, "limit": "10", "value": "1",
	})
	for _, statement := range unknown {
		r.tally.add(PlansUnknown, string(statement))
	}
	for statement, tables := range scans {
		for _, table := range tables {
			r.tally.add(FullScan, string(statement)+" on "+table)
		}
	}
	return err
}

// somebody returns a user to ask for plans with: where nobody could be read, one that there need not be.
func (r *run) somebody() legacy.Scanned {
	if len(r.sample) > 0 {
		return r.sample[0]
	}
	u := legacy.Scanned{User: mapping.User{Tenant: "1", ID: "1", Username: "x", Email: "x"}}
	if tenants := slices.Sorted(maps.Keys(r.Tenants)); len(tenants) > 0 {
		u.Tenant = tenants[0]
	}
	return u
}

func (r *run) told(stage string, done, total int) {
	if done%progressEvery == 0 || done == total {
		r.Progress(stage, done, total)
	}
}

// place names a user in a finding.
func place(tenant mapping.TenantKey, id mapping.UserID) string {
	return redact(string(tenant)) + "/" + redact(string(id))
}
