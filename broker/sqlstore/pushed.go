package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/internal/id"
)

const (
	insertPushed query = `/* insert_pushed */ INSERT INTO pb_pushed_requests
		(hash, issuer, client_id, parameters, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)`

	findPushed query = `/* find_pushed */ SELECT issuer, client_id, parameters, created_at, expires_at
		FROM pb_pushed_requests WHERE hash = ?`

	redeemPushed query = `/* redeem_pushed */ UPDATE pb_pushed_requests SET used_at = ?, used_by = ?
		WHERE hash = ? AND used_at IS NULL`

	pushedUsedBy query = `/* pushed_used_by */ SELECT used_by FROM pb_pushed_requests WHERE hash = ?`
)

// InsertPushed implements grant.PushedStore.
func (s *Store) InsertPushed(ctx context.Context, p grant.Pushed) error {
	err := s.inStatement(ctx, func(ctx context.Context, c conn) error {
		return c.run(ctx, insertPushed, p.Hash[:], key(p.Issuer), key(p.ClientID), key(p.Parameters),
			micros(p.CreatedAt), micros(p.ExpiresAt))
	})
	return wrap(err, "insert pushed request")
}

// FindPushed implements grant.PushedStore.
func (s *Store) FindPushed(ctx context.Context, hash grant.Hash) (grant.Pushed, error) {
	found := grant.Pushed{Hash: hash}
	err := s.read(ctx, func(ctx context.Context, c conn) error {
		return c.one(ctx, findPushed, []any{hash[:]}, toText[string]{&found.Issuer}, toText[string]{&found.ClientID},
			toText[string]{&found.Parameters}, toTime{&found.CreatedAt}, toTime{&found.ExpiresAt})
	})
	if errors.Is(err, sql.ErrNoRows) {
		return grant.Pushed{}, grant.ErrNotFound
	}
	return found, wrap(err, "find pushed request")
}

// RedeemPushed implements grant.PushedStore. A request that does not exist is grant.ErrNotFound.
func (s *Store) RedeemPushed(ctx context.Context, hash grant.Hash, nonce id.ID, at time.Time) error {
	err := s.inStatement(ctx, func(ctx context.Context, c conn) error {
		n, err := c.exec(ctx, redeemPushed, micros(at), nonce[:], hash[:])
		if err != nil || n > 0 {
			return err
		}
		return c.usedByNonce(ctx, pushedUsedBy, hash[:], nonce)
	})
	return wrap(err, "redeem pushed request")
}
