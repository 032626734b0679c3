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
	insertCode query = `/* insert_code */ INSERT INTO pb_codes
		(hash, body, redirect_uri, challenge, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)`

	findCode query = `/* find_code */ SELECT body, redirect_uri, challenge, created_at, expires_at, used_at
		FROM pb_codes WHERE hash = ?`

	redeemCode query = `/* redeem_code */ UPDATE pb_codes SET used_at = ?, used_by = ? WHERE hash = ? AND used_at IS NULL`

	codeUsedBy query = `/* code_used_by */ SELECT used_by FROM pb_codes WHERE hash = ?`
)

// FindCode implements grant.Store.
func (s *Store) FindCode(ctx context.Context, code grant.Hash) (grant.Code, error) {
	found := grant.Code{Hash: code}
	err := s.read(ctx, func(ctx context.Context, c conn) error {
		return c.one(ctx, findCode, []any{code[:]}, toJSON{&found.Grant}, toText[string]{&found.RedirectURI},
			toText[string]{&found.Challenge}, toTime{&found.CreatedAt}, toTime{&found.ExpiresAt}, toTime{&found.UsedAt})
	})
	if errors.Is(err, sql.ErrNoRows) {
		return grant.Code{}, grant.ErrNotFound
	}
	return found, wrap(err, "find code")
}

// RedeemCode implements grant.Store. A code that does not exist is grant.ErrNotFound.
func (s *Store) RedeemCode(ctx context.Context, code grant.Hash, nonce id.ID, at time.Time, family *grant.Family) error {
	err := s.inTx(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.exec(ctx, redeemCode, micros(at), nonce[:], code[:])
		switch {
		case err != nil:
			return err
		case n == 0:
			return t.usedByNonce(ctx, codeUsedBy, code[:], nonce)
		case family == nil:
			return nil
		}
		return t.insertFamily(ctx, *family)
	})
	return wrap(err, "redeem code")
}

// usedByNonce tells why a one-time row could not be claimed: nil when nonce itself holds it, and then
// what was stored with the claim is there, too.
func (c conn) usedByNonce(ctx context.Context, q query, row []byte, nonce id.ID) error {
	var usedBy id.ID
	err := c.one(ctx, q, []any{row}, toBytes{usedBy[:]})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return grant.ErrNotFound
	case err != nil:
		return err
	case usedBy != nonce:
		return grant.ErrConflict
	}
	return nil
}

func (t *tx) insertCode(ctx context.Context, code grant.Code) error {
	body, err := encode(code.Grant)
	if err != nil {
		return err
	}
	return t.run(ctx, insertCode, code.Hash[:], body, key(code.RedirectURI), key(code.Challenge),
		micros(code.CreatedAt), micros(code.ExpiresAt))
}
