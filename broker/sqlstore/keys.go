package sqlstore

import (
	"context"
	"database/sql"
	"slices"

	"github.com/patchbay-auth/patchbay/broker/keyring"
)

const (
	insertKey query = `/* insert_key */ INSERT INTO pb_keys
		(id, scope, algorithm, seq, sealed, created_at, active_at, retire_at, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`

	selectKeys query = `/* select_keys */ SELECT
		id, scope, algorithm, seq, sealed, created_at, active_at, retire_at, expires_at FROM pb_keys`

	countKeys query = `/* count_keys */ SELECT COUNT(*) FROM pb_keys WHERE id IN (?)`
)

// LoadKeys implements keyring.Store.
func (s *Store) LoadKeys(ctx context.Context) ([]keyring.Record, error) {
	var records []keyring.Record
	err := s.read(ctx, func(ctx context.Context, c conn) error {
		records = nil
		return c.each(ctx, selectKeys, nil, func(rows *sql.Rows) error {
			var r keyring.Record
			err := rows.Scan(toText[keyring.KeyID]{&r.ID}, toText[keyring.Scope]{&r.Scope},
				toText[keyring.Algorithm]{&r.Algorithm}, &r.Sequence, &r.Sealed, toTime{&r.CreatedAt},
				toTime{&r.ActiveAt}, toTime{&r.RetireAt}, toTime{&r.ExpiresAt})
			records = append(records, r)
			return err
		})
	})
	return records, wrap(err, "read signing keys")
}

// InsertKeys implements keyring.Store.
func (s *Store) InsertKeys(ctx context.Context, records []keyring.Record) error {
	if len(records) == 0 {
		return nil
	}
	err := s.inDurableTx(ctx, func(ctx context.Context, t *tx) error {
		args := make([]any, 0, 9*len(records))
		var scopes []string
		for _, r := range records {
			args = append(args, key(r.ID), key(r.Scope), key(r.Algorithm), r.Sequence, r.Sealed,
				micros(r.CreatedAt), micros(r.ActiveAt), micros(r.RetireAt), micros(r.ExpiresAt))
			if !slices.Contains(scopes, string(r.Scope)) {
				scopes = append(scopes, string(r.Scope))
			}
		}
		err := t.run(ctx, insertKey.rows(len(records)), args...)
		switch {
		case isDuplicate(err):
			return t.keysExist(ctx, records)
		case err != nil:
			return err
		}
		return t.change(ctx, keyring.ChangeKind, scopes...)
	})
	return wrap(err, "insert %s", records[0])
}

// keysExist tells own rows, stored by a try whose COMMIT reply was lost, from those of another
// replica that has taken the same place.
func (t *tx) keysExist(ctx context.Context, records []keyring.Record) error {
	if !t.again {
		return keyring.ErrKeyExists
	}
	ids := make([]any, len(records))
	for i, r := range records {
		ids[i] = key(r.ID)
	}
	var n int
	if err := t.one(ctx, countKeys.list(len(ids)), ids, &n); err != nil {
		return err
	}
	if n != len(records) {
		return keyring.ErrKeyExists
	}
	return nil
}
