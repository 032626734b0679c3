package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

const (
	insertLink query = `/* insert_link */ INSERT INTO pb_links
		(account, connection, external_id, user_id, login_id, created_at) VALUES (?, ?, ?, ?, ?, ?)`

	linkedUser query = `/* linked_user */ SELECT user_id FROM pb_links
		WHERE account = ? AND connection = ? AND external_id = ?`

	linkedIDs query = `/* linked_ids */ SELECT external_id FROM pb_links
		WHERE account = ? AND connection = ? AND user_id = ?`

	replaceLink query = `/* replace_link */ UPDATE pb_links SET external_id = ?, login_id = ?, created_at = ?
		WHERE account = ? AND connection = ? AND user_id = ? AND external_id = ?`

	linksOfConnection query = `/* links_of_connection */ SELECT external_id, user_id, login_id, created_at FROM pb_links
		WHERE account = ? AND connection = ? AND external_id > ? ORDER BY external_id LIMIT ?`

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
	case errors.Is(err, broker.ErrNotFound) && l.Replace != nil:
		return t.replaceLink(ctx, l)
	case errors.Is(err, broker.ErrNotFound): // so it is the user that has another external id
		return mapping.ErrLinkExists
	case err != nil:
		return err
	case user != l.UserID:
		return mapping.ErrLinkExists
	}
	return nil
}

// replaceLink puts l where the user's other link is, if that is the one that the proof is about.
func (t *tx) replaceLink(ctx context.Context, l broker.Link) error {
	var old string
	err := t.one(ctx, linkedIDs, []any{key(l.Account), key(l.Key.Connection), key(l.UserID)}, toText[string]{&old})
	if errors.Is(err, sql.ErrNoRows) || err == nil && l.Replace.Previous != "" && l.Replace.Previous != old {
		return mapping.ErrLinkExists
	}
	if err != nil {
		return err
	}
	n, err := t.exec(ctx, replaceLink, key(l.Key.ExternalID), ref(l.LoginID), micros(l.CreatedAt),
		key(l.Account), key(l.Key.Connection), key(l.UserID), key(old))
	if isDuplicate(err) || err == nil && n == 0 {
		return mapping.ErrLinkExists
	}
	return err
}

// SaveLinks implements broker.LinkStore.
func (s *Store) SaveLinks(ctx context.Context, links []broker.Link, events []broker.Event) error {
	err := s.inTx(ctx, func(ctx context.Context, t *tx) error {
		for _, l := range links {
			if err := t.insertLink(ctx, l); err != nil {
				return fmt.Errorf("external id %q: %w", l.Key.ExternalID, err)
			}
		}
		return t.appendEvents(ctx, events)
	})
	return wrap(err, "save %d links", len(links))
}

// Links implements broker.LinkStore.
func (s *Store) Links(ctx context.Context, account registry.Account, connection, after string, limit int) ([]broker.Link, error) {
	var all []broker.Link
	err := s.read(ctx, func(ctx context.Context, c conn) error {
		all = nil
		return c.each(ctx, linksOfConnection, []any{key(account), key(connection), key(after), limit}, func(rows *sql.Rows) error {
			l := broker.Link{Account: account, Key: mapping.LinkKey{Connection: connection}}
			err := rows.Scan(toText[string]{&l.Key.ExternalID}, toText[mapping.UserID]{&l.UserID}, toBytes{l.LoginID[:]}, toTime{&l.CreatedAt})
			all = append(all, l)
			return err
		})
	})
	return all, wrap(err, "read links of %s/%s", account, connection)
}
