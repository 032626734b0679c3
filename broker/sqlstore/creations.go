package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/mapping"
)

const (
	insertCreation query = `/* insert_creation */ INSERT INTO pb_creations
		(hash, user_id, fingerprint, created_at) VALUES (?, ?, ?, ?)`

	updateCreation query = `/* update_creation */ UPDATE pb_creations SET user_id = ?, fingerprint = ?, created_at = ?
		WHERE hash = ?`

	findCreation query = `/* find_creation */ SELECT user_id, fingerprint, created_at FROM pb_creations WHERE hash = ?`

	deleteCreation query = `/* delete_creation */ DELETE FROM pb_creations WHERE hash = ?`
)

// RecordCreation implements broker.CreationStore.
func (s *Store) RecordCreation(ctx context.Context, c broker.Creation) error {
	err := s.inDurableTx(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.exec(ctx, updateCreation, key(c.UserID), c.Fingerprint[:], micros(c.CreatedAt), c.Key[:])
		if err != nil || n > 0 {
			return err
		}
		err = t.run(ctx, insertCreation, c.Key[:], key(c.UserID), c.Fingerprint[:], micros(c.CreatedAt))
		if isDuplicate(err) { // somebody was quicker
			return t.run(ctx, updateCreation, key(c.UserID), c.Fingerprint[:], micros(c.CreatedAt), c.Key[:])
		}
		return err
	})
	return wrap(err, "record creation")
}

// Creation implements broker.CreationStore.
func (s *Store) Creation(ctx context.Context, link grant.Hash) (broker.Creation, error) {
	c := broker.Creation{Key: link}
	err := s.read(ctx, func(ctx context.Context, conn conn) error {
		return conn.one(ctx, findCreation, []any{link[:]}, toText[mapping.UserID]{&c.UserID}, toBytes{c.Fingerprint[:]}, toTime{&c.CreatedAt})
	})
	if errors.Is(err, sql.ErrNoRows) {
		return broker.Creation{}, broker.ErrNotFound
	}
	return c, wrap(err, "find creation")
}

// CompleteCreation implements broker.CreationStore.
func (s *Store) CompleteCreation(ctx context.Context, c broker.Creation, l broker.Link, events []broker.Event) error {
	err := s.inTx(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.exec(ctx, deleteCreation, c.Key[:])
		if err != nil {
			return err
		}
		if err := t.insertLink(ctx, l); err != nil || n == 0 { // another call has told of it, or this one before
			return err
		}
		return t.appendEvents(ctx, events)
	})
	return wrap(err, "complete creation of user %s", l.UserID)
}
