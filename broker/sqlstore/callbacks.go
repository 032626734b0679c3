package sqlstore

import (
	"context"
	"errors"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
)

const (
	insertCallback query = `/* insert_callback */ INSERT INTO pb_callbacks
		(handle, answers, account, connection, sealed_body, expires_at) VALUES (?, ?, ?, ?, ?, ?)`

	deleteAnswers query = `/* delete_answers */ DELETE FROM pb_callbacks WHERE answers = ?`

	takeCallback query = `/* take_callback */ UPDATE pb_callbacks SET used_by = ?
		WHERE handle = ? AND used_by IS NULL`

	callbackUsedBy query = `/* callback_used_by */ SELECT used_by FROM pb_callbacks WHERE handle = ?`

	findCallback query = `/* find_callback */ SELECT account, connection, sealed_body, expires_at
		FROM pb_callbacks WHERE handle = ?`
)

// InsertCallback implements broker.CallbackStore.
func (s *Store) InsertCallback(ctx context.Context, c broker.Callback, answers grant.Hash) error {
	err := s.inTx(ctx, func(ctx context.Context, t *tx) error {
		if err := t.run(ctx, deleteAnswers, answers[:]); err != nil {
			return err
		}
		return t.run(ctx, insertCallback, c.Handle[:], answers[:], key(c.Account), key(c.Connection), c.SealedBody, micros(c.ExpiresAt))
	})
	return wrap(err, "insert callback")
}

// TakeCallback implements broker.CallbackStore.
func (s *Store) TakeCallback(ctx context.Context, handle grant.Hash, nonce id.ID) (broker.Callback, error) {
	err := s.inStatement(ctx, func(ctx context.Context, db conn) error {
		n, err := db.exec(ctx, takeCallback, nonce[:], handle[:])
		if err != nil || n > 0 {
			return err
		}
		return db.usedByNonce(ctx, callbackUsedBy, handle[:], nonce)
	})
	if errors.Is(err, grant.ErrNotFound) || errors.Is(err, grant.ErrConflict) {
		return broker.Callback{}, broker.ErrNotFound
	}
	if err != nil {
		return broker.Callback{}, wrap(err, "take callback")
	}
	c := broker.Callback{Handle: handle}
	err = s.read(ctx, func(ctx context.Context, db conn) error {
		return db.one(ctx, findCallback, []any{handle[:]}, toText[registry.Account]{&c.Account}, toText[string]{&c.Connection},
			&c.SealedBody, toTime{&c.ExpiresAt})
	})
	return c, wrap(err, "find callback")
}
