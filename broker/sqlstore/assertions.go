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
	insertAssertion query = `/* insert_assertion */ INSERT INTO pb_assertions
		(hash, used_by, expires_at) VALUES (?, ?, ?)`

	assertionUsedBy query = `/* assertion_used_by */ SELECT used_by FROM pb_assertions WHERE hash = ?`
)

// AssertionUsed implements grant.Store.
func (s *Store) AssertionUsed(ctx context.Context, assertion grant.Hash) error {
	var usedBy id.ID
	err := s.read(ctx, func(ctx context.Context, c conn) error {
		return c.one(ctx, assertionUsedBy, []any{assertion[:]}, toBytes{usedBy[:]})
	})
	switch {
	case err == nil:
		return grant.ErrConflict
	case errors.Is(err, sql.ErrNoRows):
		return nil
	}
	return wrap(err, "look for an assertion")
}

// UseAssertion implements grant.Store. The primary key is the lock.
func (s *Store) UseAssertion(ctx context.Context, assertion grant.Hash, nonce id.ID, expires time.Time) error {
	err := s.inStatement(ctx, func(ctx context.Context, c conn) error {
		err := c.run(ctx, insertAssertion, assertion[:], nonce[:], micros(expires))
		if !isDuplicate(err) {
			return err
		}
		// Another's row, or our own after a lost reply.
		var usedBy id.ID
		if err := c.one(ctx, assertionUsedBy, []any{assertion[:]}, toBytes{usedBy[:]}); err != nil {
			return err
		}
		if usedBy != nonce {
			return grant.ErrConflict
		}
		return nil
	})
	if errors.Is(err, grant.ErrConflict) {
		return grant.ErrConflict
	}
	return wrap(err, "use assertion")
}
