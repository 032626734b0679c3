package sqlstore

import (
	"context"
	"database/sql"
	"maps"
	"slices"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/keyring"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
)

const (
	insertKey query = `/* insert_key */ INSERT INTO pb_keys
		(id, scope, algorithm, seq, sealed, created_at, active_at)
		VALUES (?, ?, ?, ?, ?, ?, ?)`

	selectKeys query = `/* select_keys */ SELECT
		id, scope, algorithm, seq, sealed, created_at, active_at, revoked_at FROM pb_keys`

	selectKey query = `/* select_key */ SELECT scope, algorithm FROM pb_keys WHERE id = ?`

	revokeKey query = `/* revoke_key */ UPDATE pb_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL`

	deleteKey query = `/* delete_key */ DELETE FROM pb_keys WHERE id = ?`

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
				toTime{&r.ActiveAt}, toTime{&r.RevokedAt})
			records = append(records, r)
			return err
		})
	})
	return records, wrap(err, "read signing keys")
}

// ChangeKeys implements keyring.Store.
func (s *Store) ChangeKeys(ctx context.Context, c keyring.Change) error {
	err := s.inDurableTx(ctx, func(ctx context.Context, t *tx) error {
		k := keysTx{tx: t, change: c, scopes: map[string]bool{}}
		if err := k.insert(ctx); err != nil || k.stored {
			return err
		}
		for _, id := range c.Revoke {
			if err := k.end(ctx, broker.KeyRevoked, id, revokeKey, micros(c.At), key(id)); err != nil {
				return err
			}
		}
		for _, id := range c.Delete {
			if err := k.end(ctx, broker.KeyDeleted, id, deleteKey, key(id)); err != nil {
				return err
			}
		}
		if len(k.events) == 0 {
			return nil
		}
		if err := t.appendEvents(ctx, k.events); err != nil {
			return err
		}
		return t.change(ctx, keyring.ChangeKind, slices.Sorted(maps.Keys(k.scopes))...)
	})
	return wrap(err, "change signing keys")
}

// A keysTx applies one change of keys and remembers what to tell about it.
type keysTx struct {
	*tx
	change keyring.Change
	events []broker.Event
	scopes map[string]bool // touched
	// stored means that an earlier try did all of it.
	stored bool
}

// did notes one key that was added, revoked or deleted.
func (k *keysTx) did(kind broker.EventKind, kid keyring.KeyID, scope keyring.Scope, alg keyring.Algorithm) {
	account, _ := scope.Account()
	k.events = append(k.events, broker.Event{
		ID: id.New(), At: k.change.At, Kind: kind, Account: registry.Account(account), Actor: k.change.By,
		Detail: map[string]string{"kid": string(kid), "scope": string(scope), "alg": string(alg)},
	})
	k.scopes[string(scope)] = true
}

func (k *keysTx) insert(ctx context.Context) error {
	records := k.change.Insert
	if len(records) == 0 {
		return nil
	}
	args := make([]any, 0, 7*len(records))
	for _, r := range records {
		args = append(args, key(r.ID), key(r.Scope), key(r.Algorithm), r.Sequence, r.Sealed, micros(r.CreatedAt), micros(r.ActiveAt))
		k.did(broker.KeyAdded, r.ID, r.Scope, r.Algorithm)
	}
	err := k.run(ctx, insertKey.rows(len(records)), args...)
	if isDuplicate(err) {
		k.stored = true
		return k.keysExist(ctx, records)
	}
	return err
}

// end revokes or deletes a key. Of one that is revoked already, or not there, there is nothing to tell.
func (k *keysTx) end(ctx context.Context, kind broker.EventKind, kid keyring.KeyID, statement query, args ...any) error {
	var scope keyring.Scope
	var alg keyring.Algorithm
	err := k.one(ctx, selectKey, []any{key(kid)}, toText[keyring.Scope]{&scope}, toText[keyring.Algorithm]{&alg})
	if err != nil {
		return ignoreNoRows(err)
	}
	n, err := k.exec(ctx, statement, args...)
	if err == nil && n > 0 {
		k.did(kind, kid, scope, alg)
	}
	return err
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
