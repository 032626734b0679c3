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
		created_at, rotated_at, expires_at, absolute_at, revoked_at, unattended)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	crowdedFamilies query = `/* crowded_families */ SELECT id FROM pb_families
		WHERE unattended = ? AND revoked_at IS NULL AND expires_at > ?
		ORDER BY created_at DESC LIMIT 500 OFFSET ?`

	revokeFamilies query = `/* revoke_families */ UPDATE pb_families SET revoked_at = ?
		WHERE id IN (?) AND revoked_at IS NULL`

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

// OpenFamily implements grant.Store. Families that are opened at the same moment do not see each
// other on every engine: the next one to be opened finds what they have left too many.
func (s *Store) OpenFamily(ctx context.Context, f grant.Family, limit int) error {
	err := s.inTx(ctx, func(ctx context.Context, t *tx) error {
		if err := t.insertFamily(ctx, f); err != nil {
			return err
		}
		if !f.Grant.Unattended() {
			return nil
		}
		ids := []any{micros(t.now)}
		args := []any{key(f.Grant.ClientID), micros(f.CreatedAt), limit}
		err := t.each(ctx, crowdedFamilies, args, func(rows *sql.Rows) error {
			var row []byte
			err := rows.Scan(&row)
			ids = append(ids, row)
			return err
		})
		if err != nil || len(ids) == 1 {
			return err
		}
		return t.run(ctx, revokeFamilies.list(len(ids)-1), ids...)
	})
	return wrap(err, "open family %s", f.ID)
}

// RotateFamily implements grant.Store. A family that does not exist is a conflict, too.
func (s *Store) RotateFamily(ctx context.Context, r grant.Rotation) (grant.Family, error) {
	q, args := rotateFamily, []any{micros(r.At), r.Nonce[:], micros(r.ExpiresAt)}
	if r.Keep {
		q, args = extendFamily, args[1:]
	}
	args = append(args, r.Found.ID[:], key(r.ClientID), r.Seq, micros(r.At))

	var moved int64
	err := s.inStatement(ctx, func(ctx context.Context, c conn) (err error) {
		moved, err = c.exec(ctx, q, args...)
		return err
	})
	if err != nil {
		return grant.Family{}, wrap(err, "rotate family %s", r.Found.ID)
	}
	if moved == 1 {
		return r.Moved(), nil
	}
	now, rotatedBy, err := s.family(ctx, r.Found.ID)
	switch {
	case errors.Is(err, grant.ErrNotFound):
		return grant.Family{}, grant.ErrConflict
	case err != nil:
		return grant.Family{}, err
	case rotatedBy != r.Nonce:
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
	var unattended any // NULL
	if f.Grant.Unattended() {
		unattended = key(f.Grant.ClientID)
	}
	return t.run(ctx, insertFamily, f.ID[:], f.Grant.ID[:], ref(f.Grant.SessionID),
		key(f.Grant.Account), key(f.Grant.UserID), key(f.Grant.ClientID), body, f.Seq, f.SealedSeed,
		micros(f.CreatedAt), micros(f.RotatedAt), micros(f.ExpiresAt), micros(f.AbsoluteAt), micros(f.RevokedAt),
		unattended)
}
