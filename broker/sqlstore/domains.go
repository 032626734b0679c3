package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/domain"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
)

const (
	selectDomains query = `/* select_domains */ SELECT name, account, proven_by, proven_at, checked_at, missing_since, silent_since
		FROM pb_domains`

	updateDomain query = `/* update_domain */ UPDATE pb_domains
		SET proven_by = ?, proven_at = ?, checked_at = ?, missing_since = ?, silent_since = ? WHERE name = ? AND account = ?`

	insertDomain query = `/* insert_domain */ INSERT INTO pb_domains
		(proven_by, proven_at, checked_at, missing_since, silent_since, name, account) VALUES (?, ?, ?, ?, ?, ?, ?)`

	checkDomain query = `/* check_domain */ UPDATE pb_domains SET checked_at = ?, missing_since = ?, silent_since = ?
		WHERE name = ? AND account = ? AND checked_at = ?`

	deleteDomain query = `/* delete_domain */ DELETE FROM pb_domains WHERE name = ? AND account = ?`

	lapseDomain query = `/* lapse_domain */ DELETE FROM pb_domains WHERE name = ? AND account = ? AND checked_at = ?`

	domainsOf query = `/* domains_of */ SELECT name FROM pb_domains WHERE account = ?`

	domainToken       query = `/* domain_token */ SELECT token FROM pb_domain_tokens WHERE account = ?` //nolint:gosec // no secret
	insertDomainToken query = `/* insert_domain_token */ INSERT INTO pb_domain_tokens (account, token) VALUES (?, ?)`
)

// ProvenDomains implements domain.Store.
func (s *Store) ProvenDomains(ctx context.Context) ([]registry.ProvenDomain, error) {
	var all []registry.ProvenDomain
	err := s.read(ctx, func(ctx context.Context, c conn) (err error) {
		all, err = c.provenDomains(ctx)
		return err
	})
	return all, wrap(err, "read proven domains")
}

func (c conn) provenDomains(ctx context.Context) ([]registry.ProvenDomain, error) {
	var all []registry.ProvenDomain
	err := c.each(ctx, selectDomains, nil, func(rows *sql.Rows) error {
		var d registry.ProvenDomain
		err := rows.Scan(toText[string]{&d.Name}, toText[registry.Account]{&d.Account}, toText[string]{&d.Proof.By},
			toTime{&d.Proof.At}, toTime{&d.Proof.CheckedAt}, toTime{&d.Proof.MissingSince}, toTime{&d.Proof.SilentSince})
		d.Proof.Method = registry.ProofDNS
		if d.Proof.CheckedAt.IsZero() {
			d.Proof.Method = registry.ProofApproval
		}
		all = append(all, d)
		return err
	})
	return all, err
}

// ProveDomain implements domain.Store.
func (s *Store) ProveDomain(ctx context.Context, d registry.ProvenDomain) error {
	event := domainEvent(broker.DomainProven, d)
	err := s.inDurableTx(ctx, func(ctx context.Context, t *tx) error {
		err := t.upsert(ctx, updateDomain, insertDomain, clip(d.Proof.By, 255), micros(d.Proof.At),
			micros(d.Proof.CheckedAt), micros(d.Proof.MissingSince), micros(d.Proof.SilentSince), key(d.Name), key(d.Account))
		if errors.Is(err, errNotOurs) {
			return fmt.Errorf("domain %q: %w", d.Name, registry.ErrTaken)
		}
		if err != nil {
			return err
		}
		return t.tellOfDomain(ctx, event)
	})
	return wrap(err, "prove domain %s of %s", d.Name, d.Account)
}

// RevokeDomain implements domain.Store.
func (s *Store) RevokeDomain(ctx context.Context, d registry.ProvenDomain) error {
	return s.loseDomain(ctx, d, domainEvent(broker.DomainRevoked, d), deleteDomain, key(d.Name), key(d.Account))
}

// LapseDomain implements domain.Store.
func (s *Store) LapseDomain(ctx context.Context, before, after registry.ProvenDomain) error {
	return s.loseDomain(ctx, after, domainEvent(broker.DomainLapsed, after), lapseDomain,
		key(before.Name), key(before.Account), micros(before.Proof.CheckedAt))
}

func (s *Store) loseDomain(ctx context.Context, d registry.ProvenDomain, event broker.Event, q query, args ...any) error {
	err := s.inDurableTx(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.exec(ctx, q, args...)
		switch {
		case err != nil:
			return err
		case n == 0 && t.again: // the reply of our own COMMIT was lost
			return nil
		case n == 0:
			return domain.ErrNotProven
		}
		return t.tellOfDomain(ctx, event)
	})
	return wrap(err, "take domain %s from %s", d.Name, d.Account)
}

// DomainChecked implements domain.Store.
func (s *Store) DomainChecked(ctx context.Context, before, after registry.ProvenDomain) error {
	var events []broker.Event
	if before.Proof.MissingSince.IsZero() && !after.Proof.MissingSince.IsZero() {
		events = append(events, domainEvent(broker.DomainMissing, after))
	}
	if before.Proof.SilentSince.IsZero() && !after.Proof.SilentSince.IsZero() {
		events = append(events, domainEvent(broker.DomainSilent, after))
	}
	err := s.inTx(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.exec(ctx, checkDomain, micros(after.Proof.CheckedAt), micros(after.Proof.MissingSince), micros(after.Proof.SilentSince),
			key(before.Name), key(before.Account), micros(before.Proof.CheckedAt))
		if err != nil || n == 0 { // another node has looked meanwhile, or the proof is gone
			return err
		}
		return t.appendEvents(ctx, events)
	})
	return wrap(err, "note a look for domain %s of %s", before.Name, before.Account)
}

// DomainToken implements domain.Store.
func (s *Store) DomainToken(ctx context.Context, account registry.Account, fresh string) (string, error) {
	find := func(ctx context.Context, c conn) (token string, err error) {
		err = c.one(ctx, domainToken, []any{key(account)}, toText[string]{&token})
		return token, err
	}
	var token string
	err := s.inDurableTx(ctx, func(ctx context.Context, t *tx) (err error) {
		if token, err = find(ctx, t.conn); !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err = t.run(ctx, insertDomainToken, key(account), key(fresh)); !isDuplicate(err) {
			token = fresh
			return err
		}
		token, err = find(ctx, t.conn)
		return err
	})
	return token, wrap(err, "find the domain token of %s", account)
}

// tellOfDomain makes a domain's change known: to the audit log, and to whoever holds the registry.
func (t *tx) tellOfDomain(ctx context.Context, e broker.Event) error {
	if err := t.appendEvents(ctx, []broker.Event{e}); err != nil {
		return err
	}
	return t.change(ctx, registry.ChangeKind, string(e.Account))
}

func domainEvent(kind broker.EventKind, d registry.ProvenDomain) broker.Event {
	return broker.Event{
		ID: id.New(), At: lastTouched(d.Proof), Kind: kind, Account: d.Account, Actor: d.Proof.By,
		Detail: map[string]string{"domain": d.Name, "method": string(d.Proof.Method)},
	}
}

// lastTouched is when a proof was made, or last looked at.
func lastTouched(p registry.Proof) time.Time {
	if p.CheckedAt.After(p.At) {
		return p.CheckedAt
	}
	return p.At
}

// dropDomains gives up the proofs of what a tenant does not claim any more.
func (r *registryTx) dropDomains(ctx context.Context, tenant registry.Tenant) error {
	var gone []string
	err := r.each(ctx, domainsOf, []any{key(tenant.Account)}, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(toText[string]{&name})
		if !tenant.Claims(name) {
			gone = append(gone, name)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, name := range gone {
		if _, err := r.exec(ctx, deleteDomain, key(name), key(tenant.Account)); err != nil {
			return err
		}
	}
	return nil
}
