package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/internal/id"
)

const (
	insertFamily query = `/* insert_family */ INSERT INTO pb_families
		(id, grant_id, session_id, account, user_id, client_id, body, seq, sealed_seed,
		created_at, rotated_at, expires_at, absolute_at, revoked_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	findFamily query = `/* find_family */ SELECT body, seq, sealed_seed,
		created_at, rotated_at, rotated_by, expires_at, absolute_at, revoked_at
		FROM pb_families WHERE id = ?`

	rotateFamily query = `/* rotate_family */ UPDATE pb_families
		SET seq = seq + 1, rotated_at = ?, rotated_by = ?, expires_at = ?
		WHERE id = ? AND client_id = ? AND seq = ? AND revoked_at IS NULL AND expires_at > ?`

	extendFamily query = `/* extend_family */ UPDATE pb_families SET rotated_by = ?, expires_at = ?
		WHERE id = ? AND client_id = ? AND seq = ? AND revoked_at IS NULL AND expires_at > ?`
)

// FindFamily implements grant.Store.
func (s *Store) FindFamily(ctx context.Context, family id.ID) (grant.Family, error) {
	found, _, err := s.family(ctx, family)
	return found, err
}

// RotateFamily implements grant.Store. A family that does not exist is a conflict, too.
func (s *Store) RotateFamily(ctx context.Context, r grant.Rotation) (grant.Family, error) {
	q, args := rotateFamily, []any{micros(r.At), r.Nonce[:], micros(r.ExpiresAt)}
	if r.Keep {
		q, args = extendFamily, args[1:]
	}
	args = append(args, r.Family[:], key(r.ClientID), r.Seq, micros(r.At))

	var moved int64
	err := s.inStatement(ctx, func(ctx context.Context, c conn) (err error) {
		moved, err = c.exec(ctx, q, args...)
		return err
	})
	if err != nil {
		return grant.Family{}, wrap(err, "rotate family %s", r.Family)
	}
	now, rotatedBy, err := s.family(ctx, r.Family)
	switch {
	case errors.Is(err, grant.ErrNotFound):
		return grant.Family{}, grant.ErrConflict
	case err != nil:
		return grant.Family{}, err
	case moved == 0 && rotatedBy != r.Nonce:
		return now, grant.ErrConflict
	}
	return now, nil
}

// family returns a family and the nonce that moved it last.
func (s *Store) family(ctx context.Context, family id.ID) (grant.Family, id.ID, error) {
	f, rotatedBy := grant.Family{ID: family}, id.ID{}
	err := s.read(ctx, func(ctx context.Context, c conn) error {
		return c.one(ctx, findFamily, []any{family[:]}, toJSON{&f.Grant}, &f.Seq, &f.SealedSeed,
			toTime{&f.CreatedAt}, toTime{&f.RotatedAt}, toBytes{rotatedBy[:]},
			toTime{&f.ExpiresAt}, toTime{&f.AbsoluteAt}, toTime{&f.RevokedAt})
	})
	if errors.Is(err, sql.ErrNoRows) {
		return grant.Family{}, id.ID{}, grant.ErrNotFound
	}
	return f, rotatedBy, wrap(err, "find family %s", family)
}

func (t *tx) insertFamily(ctx context.Context, f grant.Family) error {
	body, err := encode(f.Grant)
	if err != nil {
		return err
	}
	return t.run(ctx, insertFamily, f.ID[:], f.Grant.ID[:], ref(f.Grant.SessionID),
		key(f.Grant.Account), key(f.Grant.UserID), key(f.Grant.ClientID), body, f.Seq, f.SealedSeed,
		micros(f.CreatedAt), micros(f.RotatedAt), micros(f.ExpiresAt), micros(f.AbsoluteAt), micros(f.RevokedAt))
}
