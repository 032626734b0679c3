package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
)

const (
	expiredAttempts query = `/* expired_attempts */ SELECT id FROM pb_attempts WHERE expires_at < ? LIMIT ?`
	deleteAttempts  query = `/* delete_attempts */ DELETE FROM pb_attempts WHERE id IN (?) AND expires_at < ?`

	expiredCodes query = `/* expired_codes */ SELECT hash FROM pb_codes WHERE expires_at < ? LIMIT ?`
	deleteCodes  query = `/* delete_codes */ DELETE FROM pb_codes WHERE hash IN (?) AND expires_at < ?`

	expiredDevices query = `/* expired_devices */ SELECT id FROM pb_devices WHERE expires_at < ? LIMIT ?`
	deleteDevices  query = `/* delete_devices */ DELETE FROM pb_devices WHERE id IN (?) AND expires_at < ?`

	expiredPushed query = `/* expired_pushed */ SELECT hash FROM pb_pushed_requests WHERE expires_at < ? LIMIT ?`
	deletePushed  query = `/* delete_pushed */ DELETE FROM pb_pushed_requests WHERE hash IN (?) AND expires_at < ?`

	expiredCallbacks query = `/* expired_callbacks */ SELECT handle FROM pb_callbacks WHERE expires_at < ? LIMIT ?`
	deleteCallbacks  query = `/* delete_callbacks */ DELETE FROM pb_callbacks WHERE handle IN (?) AND expires_at < ?`

	oldWrongUserCodes    query = `/* old_wrong_user_codes */ SELECT id FROM pb_wrong_user_codes WHERE at < ? LIMIT ?`
	deleteWrongUserCodes query = `/* delete_wrong_user_codes */ DELETE FROM pb_wrong_user_codes WHERE id IN (?) AND at < ?`

	expiredSessions query = `/* expired_sessions */ SELECT id FROM pb_sessions WHERE expires_at < ? LIMIT ?`
	deleteSessions  query = `/* delete_sessions */ DELETE FROM pb_sessions WHERE id IN (?) AND expires_at < ?`

	expiredSessionClients query = `/* expired_session_clients */ SELECT session_id FROM pb_session_clients
		WHERE expires_at < ? LIMIT ?`
	deleteSessionClients query = `/* delete_session_clients */ DELETE FROM pb_session_clients
		WHERE session_id IN (?) AND expires_at < ?`

	expiredOrigins query = `/* expired_origins */ SELECT session_id FROM pb_origins WHERE expires_at < ? LIMIT ?`
	deleteOrigins  query = `/* delete_origins */ DELETE FROM pb_origins WHERE session_id IN (?) AND expires_at < ?`

	expiredDepartures query = `/* expired_departures */ SELECT state FROM pb_departures WHERE expires_at < ? LIMIT ?`
	deleteDepartures  query = `/* delete_departures */ DELETE FROM pb_departures WHERE state IN (?) AND expires_at < ?`

	expiredLogouts query = `/* expired_logouts */ SELECT session_id FROM pb_logouts WHERE ended_at < ? LIMIT ?`
	deleteLogouts  query = `/* delete_logouts */ DELETE FROM pb_logouts WHERE session_id IN (?) AND ended_at < ?`

	expiredFamilies query = `/* expired_families */ SELECT id FROM pb_families WHERE expires_at < ? LIMIT ?`
	deleteFamilies  query = `/* delete_families */ DELETE FROM pb_families WHERE id IN (?) AND expires_at < ?`

	expiredRevocations query = `/* expired_revocations */ SELECT id FROM pb_revocations WHERE expires_at < ? LIMIT ?`
	deleteRevocations  query = `/* delete_revocations */ DELETE FROM pb_revocations WHERE id IN (?) AND expires_at < ?`

	expiredAssertions query = `/* expired_assertions */ SELECT hash FROM pb_assertions WHERE expires_at < ? LIMIT ?`
	deleteAssertions  query = `/* delete_assertions */ DELETE FROM pb_assertions WHERE hash IN (?) AND expires_at < ?`

	oldCreations    query = `/* old_creations */ SELECT hash FROM pb_creations WHERE created_at < ? LIMIT ?`
	deleteCreations query = `/* delete_creations */ DELETE FROM pb_creations WHERE hash IN (?) AND created_at < ?`

	expiredChanges query = `/* expired_changes */ SELECT id FROM pb_changes WHERE at < ? LIMIT ?`
	deleteChanges  query = `/* delete_changes */ DELETE FROM pb_changes WHERE id IN (?) AND at < ?`

	oldLogins    query = `/* old_logins */ SELECT id FROM pb_logins WHERE at < ? LIMIT ?`
	deleteLogins query = `/* delete_logins */ DELETE FROM pb_logins WHERE id IN (?) AND at < ?`

	oldCensuses    query = `/* old_censuses */ SELECT day FROM pb_censuses WHERE claimed_at < ? LIMIT ?`
	deleteCensuses query = `/* delete_censuses */ DELETE FROM pb_censuses WHERE day IN (?) AND claimed_at < ?`

	oldSchemeCounts    query = `/* old_scheme_counts */ SELECT id FROM pb_scheme_counts WHERE taken_at < ? LIMIT ?`
	deleteSchemeCounts query = `/* delete_scheme_counts */ DELETE FROM pb_scheme_counts WHERE id IN (?) AND taken_at < ?`

	oldShadowPeople    query = `/* old_shadow_people */ SELECT id FROM pb_shadow_people WHERE compared_at < ? LIMIT ?`
	deleteShadowPeople query = `/* delete_shadow_people */ DELETE FROM pb_shadow_people WHERE id IN (?) AND compared_at < ?`

	oldDifferences    query = `/* old_shadow_differences */ SELECT id FROM pb_shadow_differences WHERE last_at < ? LIMIT ?`
	deleteDifferences query = `/* delete_shadow_differences */ DELETE FROM pb_shadow_differences WHERE id IN (?) AND last_at < ?`

	oldTallies    query = `/* old_shadow_tallies */ SELECT id FROM pb_shadow_tallies WHERE day < ? LIMIT ?`
	deleteTallies query = `/* delete_shadow_tallies */ DELETE FROM pb_shadow_tallies WHERE id IN (?) AND day < ?`

	oldEvents    query = `/* old_events */ SELECT id FROM pb_events WHERE at < ? LIMIT ?`
	deleteEvents query = `/* delete_events */ DELETE FROM pb_events WHERE id IN (?) AND at < ?`
)

const (
	sweepBatch   = 500 // rows a transaction
	sweepBatches = 20  // batches a table and call
)

// A sweeping deletes the rows of one table that are older than keep.
type sweeping struct {
	expired, remove query
	keep            time.Duration
}

// sweepings lists what is swept.
func sweepings(keep broker.Retention) []sweeping {
	list := []sweeping{
		{expiredAttempts, deleteAttempts, time.Hour}, // so that a late form is told "expired", not "unknown"
		// A code that comes back revokes what it was exchanged for: access tokens live up to a day.
		{expiredCodes, deleteCodes, 24 * time.Hour},
		{expiredDevices, deleteDevices, time.Hour}, // so that a late poll is told "expired_token", not "invalid"
		{expiredPushed, deletePushed, time.Minute},
		{expiredCallbacks, deleteCallbacks, time.Minute},
		{oldWrongUserCodes, deleteWrongUserCodes, time.Hour},
		{expiredSessions, deleteSessions, time.Hour},
		{expiredSessionClients, deleteSessionClients, time.Hour},
		// An identity provider may end a session that is over here, to reach the refresh tokens that are not:
		// the longest of them live for 90 days.
		{expiredOrigins, deleteOrigins, 90 * 24 * time.Hour},
		{expiredDepartures, deleteDepartures, time.Minute},
		// Tried for half an hour. What is left of a day ago was left by servers that no longer run.
		{expiredLogouts, deleteLogouts, 24 * time.Hour},
		{expiredFamilies, deleteFamilies, time.Hour},
		{expiredRevocations, deleteRevocations, time.Minute}, // a minute, for clocks that differ
		{expiredAssertions, deleteAssertions, time.Minute},
		// Whoever has not come back in a month is linked by hand.
		{oldCreations, deleteCreations, 30 * 24 * time.Hour},
		// A replica that has not polled for an hour loads everything anew.
		{expiredChanges, deleteChanges, 2 * time.Hour},
	}
	if keep.Logins > 0 {
		list = append(list,
			sweeping{oldLogins, deleteLogins, keep.Logins},
			sweeping{oldCensuses, deleteCensuses, keep.Logins},
			sweeping{oldSchemeCounts, deleteSchemeCounts, keep.Logins},
			sweeping{oldShadowPeople, deleteShadowPeople, keep.Logins},
			sweeping{oldDifferences, deleteDifferences, keep.Logins},
			sweeping{oldTallies, deleteTallies, keep.Logins},
		)
	}
	if keep.Events > 0 {
		list = append(list, sweeping{oldEvents, deleteEvents, keep.Events})
	}
	return list
}

// Sweep implements broker.SweepStore. It deletes at most 10 000 rows of a table, 500 at a time.
func (s *Store) Sweep(ctx context.Context, now time.Time, keep broker.Retention) (int, error) {
	total := 0
	for _, sw := range sweepings(keep) {
		for range sweepBatches {
			n, err := s.sweep(ctx, sw, now.Add(-sw.keep))
			total += n
			if err != nil {
				return total, wrap(err, "sweep")
			}
			if n < sweepBatch {
				break
			}
		}
	}
	return total, nil
}

// sweep deletes a batch. What was prolonged since it was found stays.
func (s *Store) sweep(ctx context.Context, sw sweeping, before time.Time) (int, error) {
	var ids []any
	err := s.read(ctx, func(ctx context.Context, c conn) error {
		ids = nil
		return c.each(ctx, sw.expired, []any{before.UnixMicro(), sweepBatch}, func(rows *sql.Rows) error {
			var row []byte
			err := rows.Scan(&row)
			ids = append(ids, row)
			return err
		})
	})
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	var n int64
	err = s.inStatement(ctx, func(ctx context.Context, c conn) (err error) {
		n, err = c.exec(ctx, sw.remove.list(len(ids)), append(ids, before.UnixMicro())...)
		return err
	})
	return int(n), err
}
