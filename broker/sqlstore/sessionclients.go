package sqlstore

import (
	"context"
	"database/sql"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/internal/id"
)

const (
	insertSessionClient query = `/* insert_session_client */ INSERT INTO pb_session_clients
		(session_id, client_id, audience, reached_at, expires_at) VALUES (?, ?, ?, ?, ?)`

	updateSessionClient query = `/* update_session_client */ UPDATE pb_session_clients
		SET audience = ?, reached_at = ? WHERE session_id = ? AND client_id = ?`

	clientsOfSession query = `/* clients_of_session */ SELECT session_id, client_id, audience, reached_at, expires_at
		FROM pb_session_clients WHERE session_id = ?`
)

// SessionClients implements broker.SessionStore.
func (s *Store) SessionClients(ctx context.Context, session id.ID) ([]broker.SessionClient, error) {
	var clients []broker.SessionClient
	err := s.read(ctx, func(ctx context.Context, c conn) error {
		clients = nil
		return c.each(ctx, clientsOfSession, []any{session[:]}, func(rows *sql.Rows) error {
			var sc broker.SessionClient
			err := rows.Scan(toBytes{sc.SessionID[:]}, toText[string]{&sc.ClientID}, toText[string]{&sc.Audience},
				toTime{&sc.ReachedAt}, toTime{&sc.ExpiresAt})
			clients = append(clients, sc)
			return err
		})
	})
	return clients, wrap(err, "read clients of session %s", session)
}

// reach remembers that a client learned of a session. That of a new session has no row to update.
func (t *tx) reach(ctx context.Context, sc broker.SessionClient, newSession bool) error {
	update := func() (int64, error) {
		return t.exec(ctx, updateSessionClient, key(sc.Audience), micros(sc.ReachedAt), sc.SessionID[:], key(sc.ClientID))
	}
	if !newSession {
		if n, err := update(); err != nil || n > 0 {
			return err
		}
	}
	err := t.run(ctx, insertSessionClient, sc.SessionID[:], key(sc.ClientID), key(sc.Audience),
		micros(sc.ReachedAt), micros(sc.ExpiresAt))
	if isDuplicate(err) { // another tab of the same application was first
		_, err = update()
	}
	return err
}
