package sqlstore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"time"

	"github.com/patchbay-auth/patchbay/broker/shadow"
	"github.com/patchbay-auth/patchbay/mapping"
)

const (
	updatePerson query = `/* update_shadow_person */ UPDATE pb_shadow_people
		SET compared_at = ?, proven_at = COALESCE(?, proven_at) WHERE id = ?`

	insertPerson query = `/* insert_shadow_person */ INSERT INTO pb_shadow_people
		(compared_at, proven_at, id, first_at, tenant, user_id) VALUES (?, ?, ?, ?, ?, ?)`

	updateDifference query = `/* update_shadow_difference */ UPDATE pb_shadow_differences
		SET last_at = ?, times = times + 1 WHERE id = ?`

	insertDifference query = `/* insert_shadow_difference */ INSERT INTO pb_shadow_differences
		(last_at, id, first_at, tenant, code, found_by, user_id, times) VALUES (?, ?, ?, ?, ?, ?, ?, 1)`

	settleDifferences query = `/* settle_shadow_differences */ DELETE FROM pb_shadow_differences WHERE id IN (?)`

	updateTally query = `/* update_shadow_tally */ UPDATE pb_shadow_tallies
		SET comparisons = comparisons + ? WHERE id = ?`

	insertTally query = `/* insert_shadow_tally */ INSERT INTO pb_shadow_tallies
		(comparisons, id, day, tenant, outcome) VALUES (?, ?, ?, ?, ?)`

	comparedPeople query = `/* compared_people */ SELECT tenant, COUNT(*), SUM(CASE WHEN proven_at >= ? THEN 1 ELSE 0 END), MIN(first_at)
		FROM pb_shadow_people WHERE compared_at >= ? GROUP BY tenant ORDER BY tenant`

	differingPeople query = `/* differing_people */ SELECT tenant, COUNT(DISTINCT user_id)
		FROM pb_shadow_differences WHERE last_at >= ? AND code <> ? AND code <> ? GROUP BY tenant`

	shadowGroups query = `/* shadow_groups */ SELECT tenant, code, found_by, COUNT(*), SUM(times), MIN(first_at), MAX(last_at)
		FROM pb_shadow_differences WHERE last_at >= ? GROUP BY tenant, code, found_by ORDER BY tenant, code, found_by`

	shadowSamples query = `/* shadow_samples */ SELECT user_id FROM pb_shadow_differences
		WHERE tenant = ? AND code = ? AND found_by = ? AND last_at >= ? ORDER BY last_at DESC LIMIT ?`

	shadowTallies query = `/* shadow_tallies */ SELECT tenant, outcome, SUM(comparisons)
		FROM pb_shadow_tallies WHERE day >= ? GROUP BY tenant, outcome ORDER BY tenant, outcome`
)

// maxUserID is what the columns hold of a user id. Rows are told apart by all of it.
const maxUserID = 255

// madeOf is the id of the row that is unique by what it is made of.
func madeOf(parts ...string) []byte {
	hash := sha256.New()
	for _, part := range parts {
		_, _ = fmt.Fprintf(hash, "%d:%s", len(part), part) // a hash takes everything
	}
	return hash.Sum(nil)[:16]
}

// RecordComparisons implements shadow.Store.
func (s *Store) RecordComparisons(ctx context.Context, b shadow.Batch) error {
	err := s.inTx(ctx, func(ctx context.Context, t *tx) error {
		for _, c := range b.Comparisons {
			if err := t.recordComparison(ctx, c); err != nil {
				return err
			}
		}
		for _, n := range b.Tallies {
			id := madeOf("tally", n.Day.UTC().Format(time.DateOnly), string(n.Tenant), string(n.Outcome))
			err := t.either(ctx, updateTally, insertTally, []any{n.N, id}, micros(n.Day), key(n.Tenant), key(n.Outcome))
			if err != nil {
				return err
			}
		}
		return nil
	})
	return wrap(err, "record %d comparisons with the shadow", len(b.Comparisons))
}

func (t *tx) recordComparison(ctx context.Context, c shadow.Comparison) error {
	proven := any(nil)
	if c.Proven {
		proven = micros(c.At)
	}
	err := t.either(ctx, updatePerson, insertPerson,
		[]any{micros(c.At), proven, madeOf("person", string(c.Tenant), string(c.User))}, micros(c.At), key(c.Tenant), clip(c.User, maxUserID))
	if err != nil {
		return err
	}
	for _, d := range c.Differences {
		err := t.either(ctx, updateDifference, insertDifference,
			[]any{micros(c.At), differenceID(c, d)}, micros(c.At), key(c.Tenant), key(d.Code), clip(d.By, 255), clip(c.User, maxUserID))
		if err != nil {
			return err
		}
	}
	if len(c.Settled) == 0 {
		return nil
	}
	ids := make([]any, len(c.Settled))
	for i, d := range c.Settled {
		ids[i] = differenceID(c, d)
	}
	return t.run(ctx, settleDifferences.list(len(ids)), ids...)
}

func differenceID(c shadow.Comparison, d shadow.Difference) []byte {
	return madeOf("difference", string(c.Tenant), string(c.User), string(d.Code), d.By)
}

// either updates a row, or inserts one that has further columns.
func (t *tx) either(ctx context.Context, update, insert query, args []any, further ...any) error {
	n, err := t.exec(ctx, update, args...)
	if err != nil || n > 0 {
		return err
	}
	if err = t.run(ctx, insert, append(args, further...)...); !isDuplicate(err) {
		return err
	}
	return t.run(ctx, update, args...) // another node was quicker
}

// ComparedPeople implements shadow.Store.
func (s *Store) ComparedPeople(ctx context.Context, since time.Time) ([]shadow.People, error) {
	var all []shadow.People
	differing := map[mapping.TenantKey]int{}
	err := s.read(ctx, func(ctx context.Context, c conn) error {
		all = nil
		err := c.each(ctx, comparedPeople, []any{since.UnixMicro(), since.UnixMicro()}, func(rows *sql.Rows) error {
			var p shadow.People
			err := rows.Scan(toText[mapping.TenantKey]{&p.Tenant}, &p.Compared, &p.Proven, toTime{&p.First})
			all = append(all, p)
			return err
		})
		if err != nil {
			return err
		}
		return c.each(ctx, differingPeople, []any{since.UnixMicro(), key(shadow.SchemeDiffers), key(shadow.UserExtra)}, func(rows *sql.Rows) error {
			var tenant mapping.TenantKey
			var n int
			err := rows.Scan(toText[mapping.TenantKey]{&tenant}, &n)
			differing[tenant] = n
			return err
		})
	})
	for i := range all {
		all[i].Differing = differing[all[i].Tenant]
	}
	return all, wrap(err, "count the people compared since %s", since)
}

// ShadowGroups implements shadow.Store.
func (s *Store) ShadowGroups(ctx context.Context, since time.Time) ([]shadow.Group, error) {
	var all []shadow.Group
	err := s.read(ctx, func(ctx context.Context, c conn) error {
		all = nil
		return c.each(ctx, shadowGroups, []any{since.UnixMicro()}, func(rows *sql.Rows) error {
			var g shadow.Group
			err := rows.Scan(toText[mapping.TenantKey]{&g.Tenant}, toText[shadow.Code]{&g.Code}, toText[string]{&g.By},
				&g.Users, &g.Times, toTime{&g.First}, toTime{&g.Last})
			all = append(all, g)
			return err
		})
	})
	return all, wrap(err, "read the differences since %s", since)
}

// ShadowSamples implements shadow.Store.
func (s *Store) ShadowSamples(ctx context.Context, g shadow.Group, since time.Time, limit int) ([]mapping.UserID, error) {
	var users []mapping.UserID
	err := s.read(ctx, func(ctx context.Context, c conn) error {
		users = nil
		return c.each(ctx, shadowSamples, []any{key(g.Tenant), key(g.Code), key(g.By), since.UnixMicro(), limit}, func(rows *sql.Rows) error {
			var user mapping.UserID
			err := rows.Scan(toText[mapping.UserID]{&user})
			users = append(users, user)
			return err
		})
	})
	return users, wrap(err, "read users with %s", g.Code)
}

// ShadowTallies implements shadow.Store.
func (s *Store) ShadowTallies(ctx context.Context, since time.Time) ([]shadow.Tally, error) {
	var all []shadow.Tally
	err := s.read(ctx, func(ctx context.Context, c conn) error {
		all = nil
		return c.each(ctx, shadowTallies, []any{since.UTC().Truncate(24 * time.Hour).UnixMicro()}, func(rows *sql.Rows) error {
			var t shadow.Tally
			err := rows.Scan(toText[mapping.TenantKey]{&t.Tenant}, toText[shadow.Outcome]{&t.Outcome}, &t.N)
			all = append(all, t)
			return err
		})
	})
	return all, wrap(err, "count the comparisons since %s", since)
}
