package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/patchbay-auth/patchbay/broker/census"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

const (
	insertCensus query = `/* insert_census */ INSERT INTO pb_censuses (day, claimed_by, claimed_at) VALUES (?, ?, ?)`

	claimCensus query = `/* claim_census */ UPDATE pb_censuses SET claimed_by = ?, claimed_at = ?
		WHERE day = ? AND done_at IS NULL AND (claimed_at < ? OR claimed_by = ?)`

	finishCensus query = `/* finish_census */ UPDATE pb_censuses SET done_at = ?
		WHERE day = ? AND claimed_by = ? AND done_at IS NULL`

	findCensus query = `/* find_census */ SELECT claimed_by, done_at FROM pb_censuses WHERE day = ?`

	insertSchemeCount query = `/* insert_scheme_count */ INSERT INTO pb_scheme_counts
		(id, day, taken_at, tenant, scheme, users, able) VALUES (?, ?, ?, ?, ?, ?, ?)`

	schemeCounts query = `/* scheme_counts */ SELECT day, taken_at, tenant, scheme, users, able FROM pb_scheme_counts
		WHERE day >= ? AND day <= ? ORDER BY day, tenant, scheme`
)

// countsAtOnce is how many counts one INSERT holds.
const countsAtOnce = 200

// ClaimCensus implements census.Store.
func (s *Store) ClaimCensus(ctx context.Context, c census.Claim) error {
	err := s.inDurableTx(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.exec(ctx, claimCensus, c.By[:], micros(c.At), key(c.Day), micros(c.At.Add(-census.Lease)), c.By[:])
		if err != nil || n > 0 {
			return err
		}
		if err = t.run(ctx, insertCensus, key(c.Day), c.By[:], micros(c.At)); !isDuplicate(err) {
			return err
		}
		return t.whoseCensus(ctx, c)
	})
	return wrap(err, "claim the census of %s", c.Day)
}

// whoseCensus says why a day cannot be claimed; nil if it is the claim's own.
func (t *tx) whoseCensus(ctx context.Context, c census.Claim) error {
	var by id.ID
	var done time.Time
	err := t.one(ctx, findCensus, []any{key(c.Day)}, toBytes{by[:]}, toTime{&done})
	switch {
	case err != nil:
		return err
	case by == c.By:
		return nil
	case done.IsZero():
		return census.ErrTaken
	}
	return census.ErrDone
}

// SaveCensus implements census.Store.
func (s *Store) SaveCensus(ctx context.Context, by census.Claim, c census.Census) error {
	ids := make([]id.ID, len(c.Counts))
	for i := range ids {
		ids[i] = id.New()
	}
	err := s.inDurableTx(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.exec(ctx, finishCensus, micros(t.now), key(by.Day), by.By[:])
		if err != nil {
			return err
		}
		if n == 0 { // done before, by this call before its reply was lost, or claimed by another
			err := t.whoseCensus(ctx, by)
			if errors.Is(err, census.ErrDone) {
				return census.ErrTaken
			}
			return err
		}
		for first := 0; first < len(c.Counts); first += countsAtOnce {
			batch := c.Counts[first:min(first+countsAtOnce, len(c.Counts))]
			var args []any
			for i, n := range batch {
				args = append(args, ids[first+i][:], key(c.Day), micros(c.TakenAt), key(n.Tenant), clip(n.Scheme, 255), n.Users, n.Able)
			}
			if err := t.run(ctx, insertSchemeCount.rows(len(batch)), args...); err != nil {
				return err
			}
		}
		return nil
	})
	return wrap(err, "save the census of %s", c.Day)
}

// Censuses implements census.Store.
func (s *Store) Censuses(ctx context.Context, from, to census.Day) ([]census.Census, error) {
	var all []census.Census
	err := s.read(ctx, func(ctx context.Context, c conn) error {
		all = nil
		return c.each(ctx, schemeCounts, []any{key(from), key(to)}, func(rows *sql.Rows) error {
			var of census.Census
			var n census.Count
			err := rows.Scan(toText[census.Day]{&of.Day}, toTime{&of.TakenAt}, toText[mapping.TenantKey]{&n.Tenant}, toText[string]{&n.Scheme}, &n.Users, &n.Able)
			if len(all) == 0 || all[len(all)-1].Day != of.Day {
				all = append(all, of)
			}
			last := &all[len(all)-1]
			last.Counts = append(last.Counts, n)
			return err
		})
	})
	return all, wrap(err, "read the censuses from %s to %s", from, to)
}
