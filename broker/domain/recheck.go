package domain

import (
	"context"
	"errors"
	"time"

	"github.com/patchbay-auth/patchbay/broker/registry"
)

// When proofs by DNS are looked at again.
const (
	runEvery     = 10 * time.Minute
	checkEvery   = 24 * time.Hour
	checkMissing = time.Hour
	// grace is how long a record may be gone before its domain is: a weekend, and a mistake in a zone.
	grace = 72 * time.Hour
	// silence is how long the DNS may say nothing before that counts as an answer.
	silence = 14 * 24 * time.Hour
)

// Run looks at due proofs until ctx ends. Any number of nodes may do so.
func (p *Prover) Run(ctx context.Context) {
	ticker := time.NewTicker(runEvery)
	defer ticker.Stop()
	for {
		if err := p.Recheck(ctx); err != nil && ctx.Err() == nil {
			p.Logger.ErrorContext(ctx, "proofs of domains could not be checked", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Counts are how many proofs by DNS there are, by what the last look at each has found.
type Counts struct{ Found, Missing, Silent int }

// Counts returns those of the latest Recheck of this node.
func (p *Prover) Counts() Counts {
	if c := p.counts.Load(); c != nil {
		return *c
	}
	return Counts{}
}

// Recheck looks for the records of all proofs that are due.
func (p *Prover) Recheck(ctx context.Context) error {
	all, err := p.Store.ProvenDomains(ctx)
	if err != nil {
		return err
	}
	var failed []error
	var counts Counts
	for _, d := range all {
		if d.Proof.Method != registry.ProofDNS {
			continue
		}
		if !p.Now().Before(due(d.Proof)) {
			var err error
			d, err = p.recheck(ctx, d)
			failed = append(failed, err)
		}
		counts.add(d.Proof)
	}
	p.counts.Store(&counts)
	return errors.Join(failed...)
}

func (c *Counts) add(p registry.Proof) {
	switch {
	case p.Method == "": // it has just lapsed
	case !p.MissingSince.IsZero():
		c.Missing++
	case !p.SilentSince.IsZero():
		c.Silent++
	default:
		c.Found++
	}
}

func due(p registry.Proof) time.Time {
	if p.MissingSince.IsZero() && p.SilentSince.IsZero() {
		return p.CheckedAt.Add(checkEvery)
	}
	return p.CheckedAt.Add(checkMissing)
}

// recheck returns the proof as it is afterwards, without a method if it has lapsed.
func (p *Prover) recheck(ctx context.Context, before registry.ProvenDomain) (registry.ProvenDomain, error) {
	cause := p.look(ctx, before.Account, before.Name)
	if ctx.Err() != nil {
		return before, ctx.Err()
	}
	after := before
	after.Proof.CheckedAt, after.Proof.By = p.Now(), "patchbay"
	log := p.Logger.With("account", before.Account, "domain", before.Name)
	switch {
	case cause == nil:
		after.Proof.MissingSince, after.Proof.SilentSince = time.Time{}, time.Time{}
	case errors.Is(cause, ErrNoRecord):
		after.Proof.SilentSince = time.Time{}
		begin(&after.Proof.MissingSince, after.Proof.CheckedAt)
		log.WarnContext(ctx, "a domain's proof is missing", "since", after.Proof.MissingSince, "error", cause)
	default:
		begin(&after.Proof.SilentSince, after.Proof.CheckedAt)
		log.WarnContext(ctx, "nobody tells whether a domain's proof is there", "since", after.Proof.SilentSince, "error", cause)
	}
	if !lapsed(after.Proof, cause) {
		return after, p.Store.DomainChecked(ctx, before, after)
	}
	log.ErrorContext(ctx, "a domain's proof has lapsed", "error", cause)
	err := p.Store.LapseDomain(ctx, before, after)
	if errors.Is(err, ErrNotProven) { // another node was first
		err = nil
	}
	if err == nil {
		after.Proof = registry.Proof{}
	}
	return after, err
}

// begin sets since to now, if it is not under way already.
func begin(since *time.Time, now time.Time) {
	if since.IsZero() {
		*since = now
	}
}

// lapsed judges a proof by the last look at it: the word that the record is gone ends it sooner than no word
// at all, and counts from when it was first given.
func lapsed(p registry.Proof, cause error) bool {
	switch {
	case cause == nil:
		return false
	case errors.Is(cause, ErrNoRecord):
		return p.CheckedAt.Sub(p.MissingSince) >= grace
	default:
		return p.CheckedAt.Sub(p.SilentSince) >= silence
	}
}
