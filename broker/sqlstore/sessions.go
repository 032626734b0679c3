package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

const (
	insertSession query = `/* insert_session */ INSERT INTO pb_sessions
		(id, token, issuer, account, browser, user_id, idp, external_id, upstream_subject, upstream_session, sealed_hint,
		given, auth_time, amr, acr, login_id, created_at, seen_at, expires_at, absolute_at, ended_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	findSession query = `/* find_session */ SELECT
		id, token, issuer, account, browser, user_id, idp, external_id, upstream_subject, upstream_session, sealed_hint,
		given, auth_time, amr, acr, login_id, created_at, seen_at, expires_at, absolute_at, ended_at
		FROM pb_sessions WHERE id = ?`

	findSessionByToken query = `/* find_session_by_token */ SELECT
		id, token, issuer, account, browser, user_id, idp, external_id, upstream_subject, upstream_session, sealed_hint,
		given, auth_time, amr, acr, login_id, created_at, seen_at, expires_at, absolute_at, ended_at
		FROM pb_sessions WHERE token = ?`

	touchSession query = `/* touch_session */ UPDATE pb_sessions SET seen_at = ?, expires_at = ?
		WHERE id = ? AND ended_at IS NULL`

	sessionsOfAccount query = `/* sessions_of_account */ SELECT
		id, token, issuer, account, browser, user_id, idp, external_id, upstream_subject, upstream_session, sealed_hint,
		given, auth_time, amr, acr, login_id, created_at, seen_at, expires_at, absolute_at, ended_at
		FROM pb_sessions WHERE account = ? AND ended_at IS NULL AND expires_at > ? ORDER BY created_at DESC LIMIT ?`

	sessionsOfUser query = `/* sessions_of_user */ SELECT
		id, token, issuer, account, browser, user_id, idp, external_id, upstream_subject, upstream_session, sealed_hint,
		given, auth_time, amr, acr, login_id, created_at, seen_at, expires_at, absolute_at, ended_at
		FROM pb_sessions WHERE account = ? AND user_id = ? AND ended_at IS NULL AND expires_at > ?
		ORDER BY created_at DESC LIMIT ?`

	sessionExists query = `/* session_exists */ SELECT id FROM pb_sessions WHERE id = ?`
)

// Session implements broker.SessionStore.
func (s *Store) Session(ctx context.Context, session id.ID) (broker.Session, error) {
	return s.session(ctx, findSession, session[:])
}

// SessionByToken implements broker.SessionStore.
func (s *Store) SessionByToken(ctx context.Context, token grant.Hash) (broker.Session, error) {
	return s.session(ctx, findSessionByToken, token[:])
}

func (s *Store) session(ctx context.Context, q query, by []byte) (broker.Session, error) {
	var found broker.Session
	err := s.read(ctx, func(ctx context.Context, c conn) error {
		return c.one(ctx, q, []any{by}, sessionColumns(&found)...)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return broker.Session{}, broker.ErrNotFound
	}
	return found, wrap(err, "find session")
}

func sessionColumns(s *broker.Session) []any {
	return []any{
		toBytes{s.ID[:]},
		toBytes{s.Token[:]},
		toText[string]{&s.Issuer},
		toText[registry.Account]{&s.Account},
		toBytes{s.Browser[:]},
		toText[mapping.UserID]{&s.UserID},
		toText[string]{&s.IDP},
		toText[string]{&s.ExternalID},
		toText[string]{&s.UpstreamSubject},
		toText[string]{&s.UpstreamSession},
		&s.SealedHint,
		toJSON{&s.Given},
		toTime{&s.AuthTime},
		toJSON{&s.AMR},
		toText[string]{&s.ACR},
		toBytes{s.LoginID[:]},
		toTime{&s.CreatedAt},
		toTime{&s.SeenAt},
		toTime{&s.ExpiresAt},
		toTime{&s.AbsoluteAt},
		toTime{&s.EndedAt},
	}
}

// LiveSessions returns the sessions of an account that can be used at now, newest first, at most limit;
// user narrows it unless empty.
func (s *Store) LiveSessions(ctx context.Context, account registry.Account, user mapping.UserID, now time.Time, limit int) ([]broker.Session, error) {
	q, args := sessionsOfAccount, []any{key(account), micros(now), limit}
	if user != "" {
		q, args = sessionsOfUser, []any{key(account), key(user), micros(now), limit}
	}
	var sessions []broker.Session
	err := s.read(ctx, func(ctx context.Context, c conn) error {
		sessions = nil
		return c.each(ctx, q, args, func(rows *sql.Rows) error {
			var found broker.Session
			err := rows.Scan(sessionColumns(&found)...)
			sessions = append(sessions, found)
			return err
		})
	})
	return sessions, wrap(err, "read sessions of %s", account)
}

// TouchSession implements broker.SessionStore. A session that has ended is broker.ErrNotFound.
func (s *Store) TouchSession(ctx context.Context, session id.ID, seen, expires time.Time) error {
	var n int64
	err := s.inStatement(ctx, func(ctx context.Context, c conn) (err error) {
		n, err = c.exec(ctx, touchSession, micros(seen), micros(expires), session[:])
		return err
	})
	if err == nil && n == 0 {
		return broker.ErrNotFound
	}
	return wrap(err, "touch session %s", session)
}

// EndSession implements broker.SessionStore. The session ends at the event's time; one that does
// not exist is broker.ErrNotFound.
func (s *Store) EndSession(ctx context.Context, session id.ID, r grant.Revocation, e broker.Event) error {
	err := s.inDurableTx(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.endSessions(ctx, r, e.At)
		if err != nil {
			return err
		}
		if n == 0 {
			return t.sessionExists(ctx, session)
		}
		if err := t.revoke(ctx, []grant.Revocation{r}); err != nil {
			return err
		}
		return t.appendEvents(ctx, []broker.Event{e})
	})
	return wrap(err, "end session %s", session)
}

func (t *tx) sessionExists(ctx context.Context, session id.ID) error {
	err := t.one(ctx, sessionExists, []any{session[:]}, toBytes{make([]byte, len(session))})
	if errors.Is(err, sql.ErrNoRows) {
		return broker.ErrNotFound
	}
	return err
}

func (t *tx) insertSession(ctx context.Context, s broker.Session) error {
	amr, err := encode(s.AMR)
	if err != nil {
		return err
	}
	given, err := encodeGiven(s.Given)
	if err != nil {
		return err
	}
	err = t.run(ctx, insertSession, s.ID[:], s.Token[:], key(s.Issuer), key(s.Account), s.Browser[:],
		key(s.UserID), key(s.IDP), key(s.ExternalID), key(s.UpstreamSubject), key(s.UpstreamSession), s.SealedHint,
		given, micros(s.AuthTime), amr, key(s.ACR), ref(s.LoginID), micros(s.CreatedAt), micros(s.SeenAt),
		micros(s.ExpiresAt), micros(s.AbsoluteAt), micros(s.EndedAt))
	if err != nil {
		return err
	}
	return t.insertOrigin(ctx, s)
}

// encodeGiven is NULL where nothing is given, as for most.
func encodeGiven(g mapping.Given) ([]byte, error) {
	if g.IsZero() {
		return nil, nil
	}
	return encode(g)
}
