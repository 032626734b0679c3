package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/internal/id"
)

const (
	insertRevocation query = `/* insert_revocation */ INSERT INTO pb_revocations
		(id, kind, subject, not_before, expires_at) VALUES (?, ?, ?, ?, ?)`

	selectRevocations query = `/* select_revocations */ SELECT id, kind, subject, not_before, expires_at
		FROM pb_revocations WHERE expires_at > ?`

	revokeGrant query = `/* revoke_grant */ UPDATE pb_families SET revoked_at = ?
		WHERE grant_id = ? AND revoked_at IS NULL`

	revokeSession query = `/* revoke_session */ UPDATE pb_families SET revoked_at = ?
		WHERE session_id = ? AND revoked_at IS NULL`

	revokeUser query = `/* revoke_user */ UPDATE pb_families SET revoked_at = ?
		WHERE account = ? AND user_id = ? AND revoked_at IS NULL`

	revokeClient query = `/* revoke_client */ UPDATE pb_families SET revoked_at = ?
		WHERE client_id = ? AND revoked_at IS NULL`

	revokeTenant query = `/* revoke_tenant */ UPDATE pb_families SET revoked_at = ?
		WHERE account = ? AND revoked_at IS NULL`
)

// Revoke implements grant.Store. Every family of the subject that exists is reached, whatever
// NotBefore says: clocks differ, and a login too many is better than a family too many.
func (s *Store) Revoke(ctx context.Context, revocations []grant.Revocation) error {
	err := s.inDurableTx(ctx, func(ctx context.Context, t *tx) error {
		if err := t.revoke(ctx, revocations); err != nil {
			return err
		}
		for _, r := range revocations {
			if _, err := t.endSessions(ctx, r, t.now); err != nil {
				return err
			}
		}
		return nil
	})
	return wrap(err, "revoke")
}

// Revocations implements grant.Store.
func (s *Store) Revocations(ctx context.Context, now time.Time) ([]grant.Revocation, error) {
	var all []grant.Revocation
	err := s.read(ctx, func(ctx context.Context, c conn) error {
		all = nil
		return c.each(ctx, selectRevocations, []any{now.UnixMicro()}, func(rows *sql.Rows) error {
			var r grant.Revocation
			err := rows.Scan(toBytes{r.ID[:]}, toText[grant.Kind]{&r.Kind}, toText[string]{&r.Subject},
				toTime{&r.NotBefore}, toTime{&r.ExpiresAt})
			all = append(all, r)
			return err
		})
	})
	return all, wrap(err, "read revocations")
}

func (t *tx) revoke(ctx context.Context, revocations []grant.Revocation) error {
	if len(revocations) == 0 {
		return nil
	}
	args := make([]any, 0, 5*len(revocations))
	subjects := make([]string, 0, len(revocations))
	for _, r := range revocations {
		args = append(args, r.ID[:], key(r.Kind), key(r.Subject), micros(r.NotBefore), micros(r.ExpiresAt))
		subjects = append(subjects, r.ChangeSubject())
	}
	if err := t.run(ctx, insertRevocation.rows(len(revocations)), args...); err != nil {
		return err
	}
	for _, r := range revocations {
		if err := t.revokeFamilies(ctx, r); err != nil {
			return err
		}
	}
	return t.change(ctx, grant.ChangeKind, subjects...)
}

func (t *tx) revokeFamilies(ctx context.Context, r grant.Revocation) error {
	now := micros(t.now)
	switch r.Kind {
	case grant.KindToken:
		return nil
	case grant.KindGrant, grant.KindSession:
		subject, err := id.Parse(r.Subject)
		if err != nil {
			return fmt.Errorf("revocation of %s %q: %w", r.Kind, r.Subject, err)
		}
		if r.Kind == grant.KindGrant {
			return t.run(ctx, revokeGrant, now, subject[:])
		}
		return t.run(ctx, revokeSession, now, subject[:])
	case grant.KindUser:
		account, user, found := strings.Cut(r.Subject, "/")
		if !found {
			return fmt.Errorf("revocation of user %q: want account/user id", r.Subject)
		}
		return t.run(ctx, revokeUser, now, key(account), key(user))
	case grant.KindClient:
		return t.run(ctx, revokeClient, now, key(r.Subject))
	case grant.KindTenant:
		return t.run(ctx, revokeTenant, now, key(r.Subject))
	}
	return fmt.Errorf("revocation of unknown kind %q", r.Kind)
}
