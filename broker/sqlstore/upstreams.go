package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
)

const (
	upstreamKeys query = `/* upstream_keys */ SELECT generation, sealed_key, certificate, created_at, use_from
		FROM pb_upstream_keys WHERE account = ? AND connection = ? ORDER BY generation`

	insertUpstreamKey query = `/* insert_upstream_key */ INSERT INTO pb_upstream_keys
		(account, connection, generation, sealed_key, certificate, created_at, use_from) VALUES (?, ?, ?, ?, ?, ?, ?)`

	findUpstreamMetadata query = `/* find_upstream_metadata */ SELECT document FROM pb_upstream_metadata
		WHERE account = ? AND connection = ?`

	updateUpstreamMetadata query = `/* update_upstream_metadata */ UPDATE pb_upstream_metadata
		SET document = ?, fetched_at = ? WHERE account = ? AND connection = ?`

	insertUpstreamMetadata query = `/* insert_upstream_metadata */ INSERT INTO pb_upstream_metadata
		(document, fetched_at, account, connection) VALUES (?, ?, ?, ?)`
)

// UpstreamKeys implements broker.UpstreamStore.
func (s *Store) UpstreamKeys(ctx context.Context, of registry.ConnectionKey) ([]broker.UpstreamKey, error) {
	var keys []broker.UpstreamKey
	err := s.read(ctx, func(ctx context.Context, c conn) error {
		keys = nil
		return c.each(ctx, upstreamKeys, []any{key(of.Account), key(of.ID)}, func(rows *sql.Rows) error {
			k := broker.UpstreamKey{Connection: of}
			err := rows.Scan(&k.Generation, &k.SealedKey, &k.Certificate, toTime{&k.CreatedAt}, toTime{&k.UseFrom})
			keys = append(keys, k)
			return err
		})
	})
	return keys, wrap(err, "read keys of connection %s/%s", of.Account, of.ID)
}

// InsertUpstreamKey implements broker.UpstreamStore. The primary key is the lock. After a lost reply another's
// row looks like our own, and is read like it.
func (s *Store) InsertUpstreamKey(ctx context.Context, k broker.UpstreamKey, e broker.Event) error {
	err := s.inDurableTx(ctx, func(ctx context.Context, t *tx) error {
		err := t.run(ctx, insertUpstreamKey, key(k.Connection.Account), key(k.Connection.ID), k.Generation,
			k.SealedKey, k.Certificate, micros(k.CreatedAt), micros(k.UseFrom))
		if err != nil {
			return err
		}
		return t.appendEvents(ctx, []broker.Event{e})
	})
	if isDuplicate(err) {
		return broker.ErrConflict
	}
	return wrap(err, "insert key of connection %s/%s", k.Connection.Account, k.Connection.ID)
}

// UpstreamMetadata implements broker.UpstreamStore.
func (s *Store) UpstreamMetadata(ctx context.Context, of registry.ConnectionKey) ([]byte, error) {
	var document []byte
	err := s.read(ctx, func(ctx context.Context, c conn) error {
		return c.one(ctx, findUpstreamMetadata, []any{key(of.Account), key(of.ID)}, &document)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, broker.ErrNotFound
	}
	return document, wrap(err, "read metadata of connection %s/%s", of.Account, of.ID)
}

// SaveUpstreamMetadata implements broker.UpstreamStore.
func (s *Store) SaveUpstreamMetadata(ctx context.Context, of registry.ConnectionKey, document []byte, at time.Time) error {
	args := []any{document, micros(at), key(of.Account), key(of.ID)}
	err := s.inStatement(ctx, func(ctx context.Context, c conn) error {
		n, err := c.exec(ctx, updateUpstreamMetadata, args...)
		if err != nil || n > 0 {
			return err
		}
		if err = c.run(ctx, insertUpstreamMetadata, args...); isDuplicate(err) { // another server was first
			return c.run(ctx, updateUpstreamMetadata, args...)
		}
		return err
	})
	return wrap(err, "save metadata of connection %s/%s", of.Account, of.ID)
}
