package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

const (
	updateConsent query = `/* update_consent */ UPDATE pb_consents SET scope = ?, granted_at = ?
		WHERE account = ? AND user_id = ? AND client_id = ?`

	insertConsent query = `/* insert_consent */ INSERT INTO pb_consents
		(scope, granted_at, account, user_id, client_id) VALUES (?, ?, ?, ?, ?)`

	findConsent query = `/* find_consent */ SELECT scope, granted_at FROM pb_consents
		WHERE account = ? AND user_id = ? AND client_id = ?`

	listConsents query = `/* list_consents */ SELECT client_id, scope, granted_at FROM pb_consents
		WHERE account = ? AND user_id = ? ORDER BY client_id`

	deleteConsent query = `/* delete_consent */ DELETE FROM pb_consents
		WHERE account = ? AND user_id = ? AND client_id = ?`

	grantsOfClient query = `/* grants_of_client */ SELECT grant_id FROM pb_families
		WHERE account = ? AND user_id = ? AND client_id = ? AND revoked_at IS NULL AND expires_at > ?`
)

// Consent implements broker.ConsentStore.
func (s *Store) Consent(ctx context.Context, account registry.Account, user mapping.UserID, client string) (broker.Consent, error) {
	out := broker.Consent{Account: account, UserID: user, ClientID: client}
	var scope string
	err := s.read(ctx, func(ctx context.Context, c conn) error {
		return c.one(ctx, findConsent, []any{key(account), key(user), key(client)}, toText[string]{&scope}, toTime{&out.GrantedAt})
	})
	if errors.Is(err, sql.ErrNoRows) {
		return broker.Consent{}, broker.ErrNotFound
	}
	out.Scope = strings.Fields(scope)
	return out, wrap(err, "find consent of %s/%s to %s", account, user, client)
}

// Consents implements broker.ConsentStore.
func (s *Store) Consents(ctx context.Context, account registry.Account, user mapping.UserID) ([]broker.Consent, error) {
	var all []broker.Consent
	err := s.read(ctx, func(ctx context.Context, c conn) error {
		all = nil
		return c.each(ctx, listConsents, []any{key(account), key(user)}, func(rows *sql.Rows) error {
			next := broker.Consent{Account: account, UserID: user}
			var scope string
			err := rows.Scan(toText[string]{&next.ClientID}, toText[string]{&scope}, toTime{&next.GrantedAt})
			next.Scope = strings.Fields(scope)
			all = append(all, next)
			return err
		})
	})
	return all, wrap(err, "list consents of %s/%s", account, user)
}

// WithdrawConsent implements broker.ConsentStore.
func (s *Store) WithdrawConsent(ctx context.Context, c broker.Consent, until time.Time, e broker.Event) error {
	err := s.inDurableTx(ctx, func(ctx context.Context, t *tx) error {
		args := []any{key(c.Account), key(c.UserID), key(c.ClientID)}
		n, err := t.exec(ctx, deleteConsent, args...)
		if err != nil {
			return err
		}
		if n == 0 {
			return broker.ErrNotFound
		}
		var ended []grant.Revocation
		err = t.each(ctx, grantsOfClient, append(args, micros(t.now)), func(rows *sql.Rows) error {
			r := grant.Revocation{ID: id.New(), Kind: grant.KindGrant, NotBefore: t.now, ExpiresAt: until}
			var of id.ID
			err := rows.Scan(toBytes{of[:]})
			r.Subject = of.String()
			ended = append(ended, r)
			return err
		})
		if err != nil {
			return err
		}
		if err := t.revoke(ctx, ended); err != nil {
			return err
		}
		return t.appendEvents(ctx, []broker.Event{e})
	})
	return wrap(err, "withdraw consent of %s/%s to %s", c.Account, c.UserID, c.ClientID)
}

func (t *tx) saveConsent(ctx context.Context, c broker.Consent) error {
	return t.upsert(ctx, updateConsent, insertConsent, key(strings.Join(c.Scope, " ")), micros(c.GrantedAt),
		key(c.Account), key(c.UserID), key(c.ClientID))
}
