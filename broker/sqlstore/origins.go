package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

const (
	insertOrigin query = `/* insert_origin */ INSERT INTO pb_origins
		(session_id, subject, session, holder, external, user_id, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)`

	originsOfSubject query = `/* origins_of_subject */ SELECT session_id, user_id FROM pb_origins
		WHERE subject = ? LIMIT ?`

	originsOfSession query = `/* origins_of_session */ SELECT session_id, user_id FROM pb_origins
		WHERE session = ? LIMIT ?`

	originsOfBoth query = `/* origins_of_both */ SELECT session_id, user_id FROM pb_origins
		WHERE subject = ? AND (session = ? OR session IS NULL) LIMIT ?`

	originsOfHolder query = `/* origins_of_holder */ SELECT session_id, user_id FROM pb_origins
		WHERE holder = ? AND external <> ? LIMIT ?`

	deleteOrigin query = `/* delete_origin */ DELETE FROM pb_origins WHERE session_id = ?`
)

const (
	insertDeparture query = `/* insert_departure */ INSERT INTO pb_departures
		(state, account, connection, browser, body, sealed_memo, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)`

	takeDeparture query = `/* take_departure */ UPDATE pb_departures SET used_by = ?
		WHERE state = ? AND used_by IS NULL`

	departureUsedBy query = `/* departure_used_by */ SELECT used_by FROM pb_departures WHERE state = ?`

	findDeparture query = `/* find_departure */ SELECT account, connection, browser, body, sealed_memo, expires_at
		FROM pb_departures WHERE state = ?`
)

// SessionsFrom implements broker.OriginStore.
func (s *Store) SessionsFrom(ctx context.Context, o broker.Origin, limit int) ([]broker.OriginSession, error) {
	q, args := originsOfBoth, []any{o.Subject[:], o.Session[:], limit}
	switch (grant.Hash{}) {
	case o.Session:
		q, args = originsOfSubject, []any{o.Subject[:], limit}
	case o.Subject:
		q, args = originsOfSession, []any{o.Session[:], limit}
	}
	return s.origins(ctx, q, args)
}

// SessionsHeld implements broker.OriginStore.
func (s *Store) SessionsHeld(ctx context.Context, h broker.Holding, limit int) ([]broker.OriginSession, error) {
	return s.origins(ctx, originsOfHolder, []any{h.Holder[:], h.External[:], limit})
}

func (s *Store) origins(ctx context.Context, q query, args []any) ([]broker.OriginSession, error) {
	var found []broker.OriginSession
	err := s.read(ctx, func(ctx context.Context, c conn) error {
		found = nil
		return c.each(ctx, q, args, func(rows *sql.Rows) error {
			var session broker.OriginSession
			err := rows.Scan(toBytes{session.ID[:]}, toText[mapping.UserID]{&session.UserID})
			found = append(found, session)
			return err
		})
	})
	return found, wrap(err, "read sessions of an identity provider")
}

// EndSessionFrom implements broker.OriginStore.
func (s *Store) EndSessionFrom(ctx context.Context, session id.ID, r grant.Revocation, e broker.Event) error {
	err := s.inDurableTx(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.exec(ctx, deleteOrigin, session[:])
		if err != nil || n == 0 { // another call was first, or this one before its reply was lost
			return err
		}
		if _, err := t.endSessions(ctx, r, e.At); err != nil {
			return err
		}
		if err := t.revoke(ctx, []grant.Revocation{r}); err != nil {
			return err
		}
		return t.appendEvents(ctx, []broker.Event{e})
	})
	return wrap(err, "end session %s for its identity provider", session)
}

// departureBody is what nothing is looked up by.
type departureBody struct {
	ReturnURI string   `json:"return_uri,omitempty"`
	UILocales []string `json:"ui_locales,omitempty"`
}

// InsertDeparture implements broker.OriginStore.
func (s *Store) InsertDeparture(ctx context.Context, d broker.Departure) error {
	body, err := encode(departureBody{d.ReturnURI, d.UILocales})
	if err != nil {
		return err
	}
	err = s.inStatement(ctx, func(ctx context.Context, c conn) error {
		return c.run(ctx, insertDeparture, d.State[:], key(d.Account), key(d.Connection), d.Browser[:], body, d.SealedMemo, micros(d.ExpiresAt))
	})
	return wrap(err, "insert departure")
}

// TakeDeparture implements broker.OriginStore.
func (s *Store) TakeDeparture(ctx context.Context, state grant.Hash, nonce id.ID) (broker.Departure, error) {
	err := s.inStatement(ctx, func(ctx context.Context, c conn) error {
		n, err := c.exec(ctx, takeDeparture, nonce[:], state[:])
		if err != nil || n > 0 {
			return err
		}
		return c.usedByNonce(ctx, departureUsedBy, state[:], nonce)
	})
	if errors.Is(err, grant.ErrNotFound) || errors.Is(err, grant.ErrConflict) {
		return broker.Departure{}, broker.ErrNotFound
	}
	if err != nil {
		return broker.Departure{}, wrap(err, "take departure")
	}
	d, body := broker.Departure{State: state}, departureBody{}
	var text []byte
	err = s.read(ctx, func(ctx context.Context, c conn) error {
		return c.one(ctx, findDeparture, []any{state[:]}, toText[registry.Account]{&d.Account}, toText[string]{&d.Connection},
			toBytes{d.Browser[:]}, &text, &d.SealedMemo, toTime{&d.ExpiresAt})
	})
	if err != nil {
		return broker.Departure{}, wrap(err, "find departure")
	}
	if err := json.Unmarshal(text, &body); err != nil {
		return broker.Departure{}, fmt.Errorf("departure: %w", err)
	}
	d.ReturnURI, d.UILocales = body.ReturnURI, body.UILocales
	return d, nil
}
