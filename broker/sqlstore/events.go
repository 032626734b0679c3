package sqlstore

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

const (
	insertEvent query = `/* insert_event */ INSERT INTO pb_events
		(id, at, kind, account, client_id, user_id, login_id, actor, reason, address, detail)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	selectEvents query = `/* select_events */ SELECT
		id, at, kind, account, client_id, user_id, login_id, actor, reason, address, detail
		FROM pb_events WHERE at > ? ORDER BY at, id LIMIT ?`
)

// eventBatch bounds one INSERT.
const eventBatch = 200

// AppendEvents implements broker.EventStore.
func (s *Store) AppendEvents(ctx context.Context, events []broker.Event) error {
	for batch := range slices.Chunk(events, eventBatch) {
		err := s.inStatement(ctx, func(ctx context.Context, c conn) error { return c.appendEvents(ctx, batch) })
		if err != nil {
			return wrap(err, "append %d events", len(batch))
		}
	}
	return nil
}

// Events implements broker.EventStore.
func (s *Store) Events(ctx context.Context, after time.Time, limit int) ([]broker.Event, error) {
	var events []broker.Event
	err := s.read(ctx, func(ctx context.Context, c conn) error {
		events = nil
		return c.each(ctx, selectEvents, []any{after.UnixMicro(), limit}, func(rows *sql.Rows) error {
			var e broker.Event
			err := rows.Scan(toBytes{e.ID[:]}, toTime{&e.At}, toText[broker.EventKind]{&e.Kind},
				toText[registry.Account]{&e.Account}, toText[string]{&e.ClientID}, toText[mapping.UserID]{&e.UserID},
				toBytes{e.LoginID[:]}, toText[string]{&e.Actor}, toText[string]{&e.Reason},
				toText[string]{&e.Address}, toJSON{&e.Detail})
			events = append(events, e)
			return err
		})
	})
	return events, wrap(err, "read events")
}

// appendEvents stores all events with one statement.
func (c conn) appendEvents(ctx context.Context, events []broker.Event) error {
	if len(events) == 0 {
		return nil
	}
	args := make([]any, 0, 11*len(events))
	for _, e := range events {
		var detail []byte
		if len(e.Detail) > 0 {
			var err error
			if detail, err = encode(e.Detail); err != nil {
				return err
			}
		}
		args = append(args, e.ID[:], micros(e.At), key(e.Kind), key(e.Account), clip(e.ClientID, 255), key(e.UserID),
			ref(e.LoginID), clip(e.Actor, 255), clip(e.Reason, 1024), clip(e.Address, 64), detail)
	}
	return c.run(ctx, insertEvent.rows(len(events)), args...)
}
