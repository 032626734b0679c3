package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

const (
	insertLink query = `/* insert_link */ INSERT INTO pb_links
		(account, connection, external_id, user_id, login_id, created_at) VALUES (?, ?, ?, ?, ?, ?)`

	linkedUser query = `/* linked_user */ SELECT user_id FROM pb_links
		WHERE account = ? AND connection = ? AND external_id = ?`

	linkedConnections query = `/* linked_connections */ SELECT connection FROM pb_links WHERE account = ? AND user_id = ?`
)

// LinkedUser implements broker.SessionStore.
func (s *Store) LinkedUser(ctx context.Context, account registry.Account, k mapping.LinkKey) (mapping.UserID, error) {
	var user mapping.UserID
	err := s.read(ctx, func(ctx context.Context, c conn) (err error) {
		user, err = c.linkedUser(ctx, account, k)
		return err
	})
	return user, wrap(err, "find link on %s/%s", account, k.Connection)
}

func (c conn) linkedUser(ctx context.Context, account registry.Account, k mapping.LinkKey) (mapping.UserID, error) {
	var user mapping.UserID
	args := []any{key(account), key(k.Connection), key(k.ExternalID)}
	err := c.one(ctx, linkedUser, args, toText[mapping.UserID]{&user})
	if errors.Is(err, sql.ErrNoRows) {
		return "", broker.ErrNotFound
	}
	return user, err
}

// LinkedConnections implements broker.SessionStore.
func (s *Store) LinkedConnections(ctx context.Context, account registry.Account, user mapping.UserID) ([]string, error) {
	var all []string
	err := s.read(ctx, func(ctx context.Context, c conn) error {
		all = nil
		return c.each(ctx, linkedConnections, []any{key(account), key(user)}, func(rows *sql.Rows) error {
			var connection string
			err := rows.Scan(toText[string]{&connection})
			all = append(all, connection)
			return err
		})
	})
	return all, wrap(err, "find links of %s/%s", account, user)
}

// insertLink is content when the same link is there already.
func (t *tx) insertLink(ctx context.Context, l broker.Link) error {
	err := t.run(ctx, insertLink, key(l.Account), key(l.Key.Connection), key(l.Key.ExternalID), key(l.UserID),
		ref(l.LoginID), micros(l.CreatedAt))
	if !isDuplicate(err) {
		return err
	}
	user, err := t.linkedUser(ctx, l.Account, l.Key)
	switch {
	case errors.Is(err, broker.ErrNotFound): // so it is the user that has another external id
		return mapping.ErrLinkExists
	case err != nil:
		return err
	case user != l.UserID:
		return mapping.ErrLinkExists
	}
	return nil
}
