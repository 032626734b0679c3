package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
)

const (
	insertChange query = `/* insert_change */ INSERT INTO pb_changes (id, at, kind, subject) VALUES (?, ?, ?, ?)`

	selectChanges query = `/* select_changes */ SELECT id, at, kind, subject FROM pb_changes WHERE at > ?`
)

// OnChange makes listener hear of every change that this Store makes, after its COMMIT and on the
// goroutine that made it. It replaces an earlier listener. Changes made elsewhere come from Changes.
func (s *Store) OnChange(listener func(broker.Change)) { s.listener.Store(&listener) }

// Changes implements broker.ChangeStore. Transactions commit in another order than their times
// tell: look 30 s further back than the last look, and drop the ids already seen.
func (s *Store) Changes(ctx context.Context, after time.Time) ([]broker.Change, error) {
	var changes []broker.Change
	err := s.read(ctx, func(ctx context.Context, c conn) error {
		changes = nil
		return c.each(ctx, selectChanges, []any{after.UnixMicro()}, func(rows *sql.Rows) error {
			var ch broker.Change
			err := rows.Scan(toBytes{ch.ID[:]}, toTime{&ch.At}, toText[string]{&ch.Kind}, toText[string]{&ch.Subject})
			changes = append(changes, ch)
			return err
		})
	})
	return changes, wrap(err, "read changes")
}

// Clock implements broker.ChangeStore. SQLite runs in this process and has no other clock.
func (s *Store) Clock(ctx context.Context) (time.Time, error) {
	if s.clock == "" {
		return s.now(), nil
	}
	var now time.Time
	err := s.read(ctx, func(ctx context.Context, c conn) error {
		return c.one(ctx, s.clock, nil, toTime{&now})
	})
	return now, wrap(err, "read the database's clock")
}
