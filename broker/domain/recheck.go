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

// Recheck looks for the records of all proofs that are due.
func (p *Prover) Recheck(ctx context.Context) error {
	all, err := p.Store.ProvenDomains(ctx)
	if err != nil {
		return err
	}
	var failed []error
	for _, d := range all {
		if d.Proof.Method == registry.ProofDNS && !p.Now().Before(due(d.Proof)) {
			failed = append(failed, p.recheck(ctx, d))
		}
	}
	return errors.Join(failed...)
}

func due(p registry.Proof) time.Time {
	if p.MissingSince.IsZero() {
		return p.CheckedAt.Add(checkEvery)
	}
	return p.CheckedAt.Add(checkMissing)
}

func (p *Prover) recheck(ctx context.Context, before registry.ProvenDomain) error {
	cause := p.look(ctx, before.Account, before.Name)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	after := before
	after.Proof.CheckedAt, after.Proof.By = p.Now(), "patchbay"
	if cause == nil {
		after.Proof.MissingSince = time.Time{}
		return p.Store.DomainChecked(ctx, before, after)
	}
	if before.Proof.MissingSince.IsZero() {
		after.Proof.MissingSince = after.Proof.CheckedAt
	}
	missing := after.Proof.CheckedAt.Sub(after.Proof.MissingSince)
	if missing < grace || !errors.Is(cause, ErrNoRecord) && missing < silence {
		p.Logger.WarnContext(ctx, "a domain's proof is missing", "account", before.Account, "domain", before.Name,
			"since", after.Proof.MissingSince, "error", cause)
		return p.Store.DomainChecked(ctx, before, after)
	}
	p.Logger.ErrorContext(ctx, "a domain's proof has lapsed", "account", before.Account, "domain", before.Name, "error", cause)
	err := p.Store.LapseDomain(ctx, before, after)
	if errors.Is(err, ErrNotProven) { // another node was first
		return nil
	}
	return err
}
