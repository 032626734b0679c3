package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

const (
	insertLogin query = `/* insert_login */ INSERT INTO pb_logins
		(id, attempt_id, at, account, client_id, connection, subject, user_id, reason, detail, trace, address)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	findLogin query = `/* find_login */ SELECT
		id, attempt_id, at, account, client_id, connection, subject, user_id, reason, detail, trace, address
		FROM pb_logins WHERE id = ?`

	loginsOfAccount query = `/* logins_of_account */ SELECT
		id, attempt_id, at, account, client_id, connection, subject, user_id, reason, detail, trace, address
		FROM pb_logins WHERE account = ? ORDER BY at DESC LIMIT ?`

	loginsOfUser query = `/* logins_of_user */ SELECT
		id, attempt_id, at, account, client_id, connection, subject, user_id, reason, detail, trace, address
		FROM pb_logins WHERE account = ? AND user_id = ? ORDER BY at DESC LIMIT ?`

	loginsBySubject query = `/* logins_by_subject */ SELECT
		id, attempt_id, at, account, client_id, connection, subject, user_id, reason, detail, trace, address
		FROM pb_logins WHERE account = ? AND subject IN (?) ORDER BY at DESC LIMIT ?`
)

// maxSubject is how much of a subject is kept, in bytes.
const maxSubject = 512

// RecordLogin implements broker.SessionStore. Subject is cut at maxSubject, Detail at 4 KB: both
// come from people who could not log in.
func (s *Store) RecordLogin(ctx context.Context, l broker.Login, e broker.Event) error {
	err := s.inTx(ctx, func(ctx context.Context, t *tx) error {
		if err := t.insertLogin(ctx, l); err != nil {
			return err
		}
		return t.appendEvents(ctx, []broker.Event{e})
	})
	if isDuplicate(err) {
		return nil
	}
	return wrap(err, "record login %s", l.ID)
}

// Login implements broker.SessionStore.
func (s *Store) Login(ctx context.Context, login id.ID) (broker.Login, error) {
	var l broker.Login
	err := s.read(ctx, func(ctx context.Context, c conn) error {
		return c.one(ctx, findLogin, []any{login[:]}, loginColumns(&l)...)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return broker.Login{}, broker.ErrNotFound
	}
	return l, wrap(err, "find login %s", login)
}

// Logins implements broker.SessionStore.
func (s *Store) Logins(ctx context.Context, account registry.Account, user mapping.UserID, limit int) ([]broker.Login, error) {
	q, args := loginsOfAccount, []any{key(account), limit}
	if user != "" {
		q, args = loginsOfUser, []any{key(account), key(user), limit}
	}
	return s.logins(ctx, account, q, args)
}

// LoginsBySubject implements broker.SessionStore.
func (s *Store) LoginsBySubject(ctx context.Context, account registry.Account, subjects []string, limit int) ([]broker.Login, error) {
	args := []any{key(account)}
	for _, subject := range subjects {
		args = append(args, clip(subject, maxSubject))
	}
	return s.logins(ctx, account, loginsBySubject.list(len(subjects)), append(args, limit))
}

func (s *Store) logins(ctx context.Context, account registry.Account, q query, args []any) ([]broker.Login, error) {
	var logins []broker.Login
	err := s.read(ctx, func(ctx context.Context, c conn) error {
		logins = nil
		return c.each(ctx, q, args, func(rows *sql.Rows) error {
			var l broker.Login
			err := rows.Scan(loginColumns(&l)...)
			logins = append(logins, l)
			return err
		})
	})
	return logins, wrap(err, "read logins of %s", account)
}

func loginColumns(l *broker.Login) []any {
	return []any{
		toBytes{l.ID[:]},
		toBytes{l.AttemptID[:]},
		toTime{&l.At},
		toText[registry.Account]{&l.Account},
		toText[string]{&l.ClientID},
		toText[string]{&l.Connection},
		toText[string]{&l.Subject},
		toText[mapping.UserID]{&l.UserID},
		toText[broker.Reason]{&l.Reason},
		toText[string]{&l.Detail},
		toJSON{&l.Trace},
		toText[string]{&l.Address},
	}
}

func (t *tx) insertLogin(ctx context.Context, l broker.Login) error {
	var trace []byte
	if l.Trace != nil {
		var err error
		if trace, err = encode(l.Trace); err != nil {
			return err
		}
	}
	return t.run(ctx, insertLogin, l.ID[:], ref(l.AttemptID), micros(l.At), key(l.Account), key(l.ClientID),
		key(l.Connection), clip(l.Subject, maxSubject), key(l.UserID), clip(l.Reason, 255), clip(l.Detail, 4096),
		trace, clip(l.Address, 64))
}
