package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

// The statements that fill the outbox find the sessions that their own transaction has just ended by
// the time it wrote.
const (
	endSession query = `/* end_session */ UPDATE pb_sessions SET ended_at = ? WHERE id = ? AND ended_at IS NULL`

	endSessionsOfUser query = `/* end_sessions_of_user */ UPDATE pb_sessions SET ended_at = ?
		WHERE account = ? AND user_id = ? AND ended_at IS NULL`

	endSessionsOfTenant query = `/* end_sessions_of_tenant */ UPDATE pb_sessions SET ended_at = ?
		WHERE account = ? AND ended_at IS NULL`

	outboxSession query = `/* outbox_session */ INSERT INTO pb_logouts
		(session_id, client_id, audience, issuer, account, user_id, tries, next_at, ended_at)
		SELECT c.session_id, c.client_id, c.audience, s.issuer, s.account, s.user_id, 0, s.ended_at, s.ended_at
		FROM pb_sessions s JOIN pb_session_clients c ON c.session_id = s.id
		WHERE s.ended_at = ? AND s.id = ?`

	outboxUser query = `/* outbox_user */ INSERT INTO pb_logouts
		(session_id, client_id, audience, issuer, account, user_id, tries, next_at, ended_at)
		SELECT c.session_id, c.client_id, c.audience, s.issuer, s.account, s.user_id, 0, s.ended_at, s.ended_at
		FROM pb_sessions s JOIN pb_session_clients c ON c.session_id = s.id
		WHERE s.ended_at = ? AND s.account = ? AND s.user_id = ?`

	outboxTenant query = `/* outbox_tenant */ INSERT INTO pb_logouts
		(session_id, client_id, audience, issuer, account, user_id, tries, next_at, ended_at)
		SELECT c.session_id, c.client_id, c.audience, s.issuer, s.account, s.user_id, 0, s.ended_at, s.ended_at
		FROM pb_sessions s JOIN pb_session_clients c ON c.session_id = s.id
		WHERE s.ended_at = ? AND s.account = ?`

	dueLogouts query = `/* due_logouts */ SELECT
		session_id, client_id, audience, issuer, account, user_id, tries, next_at, ended_at
		FROM pb_logouts WHERE next_at <= ? AND client_id NOT IN (?) ORDER BY next_at LIMIT ?`

	claimLogout query = `/* claim_logout */ UPDATE pb_logouts SET tries = tries + 1, next_at = ?
		WHERE session_id = ? AND client_id = ? AND tries = ? AND next_at = ?`

	postponeLogout query = `/* postpone_logout */ UPDATE pb_logouts SET next_at = ?
		WHERE session_id = ? AND client_id = ?`

	deleteLogout query = `/* delete_logout */ DELETE FROM pb_logouts WHERE session_id = ? AND client_id = ?`
)

// endSessions ends the live sessions that a revocation reaches, and has every client of theirs told.
// It returns how many sessions that were.
func (t *tx) endSessions(ctx context.Context, r grant.Revocation, at time.Time) (int64, error) {
	end, outbox := endSession, outboxSession
	var subject []any
	switch r.Kind {
	case grant.KindToken, grant.KindGrant, grant.KindClient:
		return 0, nil // a session outlives any one client
	case grant.KindSession:
		session, err := id.Parse(r.Subject)
		if err != nil {
			return 0, fmt.Errorf("revocation of %s %q: %w", r.Kind, r.Subject, err)
		}
		subject = []any{session[:]}
	case grant.KindUser:
		account, user, _ := strings.Cut(r.Subject, "/")
		end, outbox, subject = endSessionsOfUser, outboxUser, []any{key(account), key(user)}
	case grant.KindTenant:
		end, outbox, subject = endSessionsOfTenant, outboxTenant, []any{key(r.Subject)}
	}
	args := append([]any{micros(at)}, subject...)
	n, err := t.exec(ctx, end, args...)
	if err != nil || n == 0 {
		return n, err
	}
	return n, t.run(ctx, outbox, args...)
}

// DueLogouts implements broker.LogoutStore.
func (s *Store) DueLogouts(ctx context.Context, now time.Time, passOver []string, limit int) ([]broker.Logout, error) {
	args := []any{micros(now), key("")} // no client has that id
	for _, client := range passOver {
		args = append(args, key(client))
	}
	args = append(args, limit)
	var due []broker.Logout
	err := s.read(ctx, func(ctx context.Context, c conn) error {
		due = nil
		return c.each(ctx, dueLogouts.list(len(passOver)+1), args, func(rows *sql.Rows) error {
			var l broker.Logout
			err := rows.Scan(toBytes{l.SessionID[:]}, toText[string]{&l.ClientID}, toText[string]{&l.Audience},
				toText[string]{&l.Issuer}, toText[registry.Account]{&l.Account}, toText[mapping.UserID]{&l.UserID},
				&l.Tries, toTime{&l.NextAt}, toTime{&l.EndedAt})
			due = append(due, l)
			return err
		})
	})
	return due, wrap(err, "read due logouts")
}

// ClaimLogout implements broker.LogoutStore. A claim whose reply was lost looks like another's, and is
// taken up when its time is over.
func (s *Store) ClaimLogout(ctx context.Context, l broker.Logout, until time.Time) error {
	var n int64
	err := s.inStatement(ctx, func(ctx context.Context, c conn) (err error) {
		n, err = c.exec(ctx, claimLogout, micros(until), l.SessionID[:], key(l.ClientID), l.Tries, micros(l.NextAt))
		return err
	})
	if err == nil && n == 0 {
		return broker.ErrConflict
	}
	return wrap(err, "claim logout of session %s at %s", l.SessionID, l.ClientID)
}

// PostponeLogout implements broker.LogoutStore.
func (s *Store) PostponeLogout(ctx context.Context, l broker.Logout, next time.Time) error {
	err := s.inStatement(ctx, func(ctx context.Context, c conn) error {
		return c.run(ctx, postponeLogout, micros(next), l.SessionID[:], key(l.ClientID))
	})
	return wrap(err, "postpone logout of session %s at %s", l.SessionID, l.ClientID)
}

// FinishLogout implements broker.LogoutStore.
func (s *Store) FinishLogout(ctx context.Context, l broker.Logout, e *broker.Event) error {
	err := s.inTx(ctx, func(ctx context.Context, t *tx) error {
		if err := t.run(ctx, deleteLogout, l.SessionID[:], key(l.ClientID)); err != nil || e == nil {
			return err
		}
		return t.appendEvents(ctx, []broker.Event{*e})
	})
	return wrap(err, "finish logout of session %s at %s", l.SessionID, l.ClientID)
}
