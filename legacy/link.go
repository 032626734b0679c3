package legacy

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/patchbay-auth/patchbay/mapping"
)

const (
	linkAttempts = 5
	linkPause    = 10 * time.Millisecond
)

// KeepsLinks reports whether the profile keeps the links between IdP identities and users.
func (db *DB) KeepsLinks() bool { return db.has(LinkExternalID) }

// Link stores a link. It returns mapping.ErrLinkExists rather than replace one that the user or
// the external id has on the connection, nil where this very link exists, and mapping.ErrNoUser
// where the tenant has no such user.
func (db *DB) Link(ctx context.Context, tenant mapping.TenantKey, key mapping.LinkKey, id mapping.UserID) error {
	return db.link(ctx, tenant, key, id, nil)
}

func (db *DB) link(ctx context.Context, tenant mapping.TenantKey, key mapping.LinkKey, id mapping.UserID, r *mapping.Replacement) error {
	if !db.KeepsLinks() {
		return fmt.Errorf("legacy: cannot link: the profile has no %s", LinkExternalID)
	}
	for name, value := range map[string]string{"tenant": string(tenant), "connection": key.Connection, "external id": key.ExternalID, "user id": string(id)} {
		if !askable(value) {
			return fmt.Errorf("legacy: cannot link: the %s is empty, over %d bytes, or not text", name, maxKey)
		}
	}
	for attempt := 1; ; attempt++ {
		err := db.linkOnce(ctx, tenant, key, id, r)
		switch {
		case isDuplicate(err):
			// Somebody was quicker, perhaps with the same link. Where neither side turns out to have
			// one, the key's collation takes another id for this one, and leaves no room for it.
			if err = db.linked(ctx, db.read, tenant, key, id); err == nil {
				err = mapping.ErrLinkExists
			}
			if errors.Is(err, errLinked) {
				return nil
			}
			return err
		case errors.Is(err, errLinked):
			return nil
		case !isConflict(err) || attempt == linkAttempts:
			return err
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
}

// pause waits before another attempt.
func pause(ctx context.Context, attempt int) error {
	select {
	case <-time.After(time.Duration(attempt) * linkPause):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// errLinked says that this very link exists.
var errLinked = errors.New("already linked")

func byLink(key mapping.LinkKey) mapping.Query {
	return mapping.Query{By: mapping.ByExternalID, Value: key.ExternalID, Connection: key.Connection}
}

func (db *DB) linkOnce(ctx context.Context, tenant mapping.TenantKey, key mapping.LinkKey, id mapping.UserID, r *mapping.Replacement) error {
	return db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		err := db.linked(ctx, tx, tenant, key, id)
		if errors.Is(err, mapping.ErrLinkExists) && r != nil {
			err = db.unlink(ctx, tx, tenant, key, id, *r)
		}
		if err != nil {
			return err
		}
		return db.insertLink(ctx, tx, tenant, key, id)
	})
}

// insertLink inserts a link that neither side has, and reads it back.
func (db *DB) insertLink(ctx context.Context, tx *sql.Tx, tenant mapping.TenantKey, key mapping.LinkKey, id mapping.UserID) error {
	n, err := db.change(ctx, tx, LinkExternalID, map[string]string{
		"tenant": string(tenant), "user_id": string(id), "connection": key.Connection, "external_id": key.ExternalID,
	})
	switch {
	case err != nil:
		return err
	case n == 0:
		return mapping.ErrNoUser
	}
	// Some servers cut a value that is too long, and say so only in a warning.
	switch err := db.linked(ctx, tx, tenant, key, id); {
	case err == nil:
		return fmt.Errorf("legacy: %s: the link reads back differently from how it was written", LinkExternalID)
	case !errors.Is(err, errLinked):
		return err
	}
	return nil
}

// linked returns nil where neither side has a link, errLinked where they are linked to each
// other, and mapping.ErrLinkExists otherwise.
func (db *DB) linked(ctx context.Context, q querier, tenant mapping.TenantKey, key mapping.LinkKey, id mapping.UserID) error {
	holders, err := db.find(ctx, q, tenant, byLink(key))
	if err != nil {
		return err
	}
	switch {
	case len(holders) == 1 && holders[0].ID == id:
		return errLinked
	case len(holders) > 0:
		return mapping.ErrLinkExists
	}
	connections, err := db.connectionsOf(ctx, q, tenant, id)
	if err == nil && slices.Contains(connections, key.Connection) {
		return mapping.ErrLinkExists
	}
	return err
}

// LinkedConnections returns the connections on which a user has a link, read now. The empty id is nobody's;
// the database is asked all the same, so that its trouble is no sign of whether there is such a user.
func (db *DB) LinkedConnections(ctx context.Context, tenant mapping.TenantKey, id mapping.UserID) ([]string, error) {
	if !db.KeepsLinks() {
		return nil, fmt.Errorf("legacy: cannot find links: the profile has no %s", ExternalIDsOfUser)
	}
	ctx, cancel := context.WithTimeout(ctx, db.config.StatementTimeout)
	defer cancel()
	return db.connectionsOf(ctx, db.read, tenant, id)
}

func (db *DB) connectionsOf(ctx context.Context, q querier, tenant mapping.TenantKey, id mapping.UserID) ([]string, error) {
	args := map[string]string{"tenant": string(tenant), "user_id": string(id)}
	if id == "" {
		delete(args, "user_id") // NULL, which every type of column can be compared with
	}
	rows, err := db.rows(ctx, q, ExternalIDsOfUser, args)
	if err != nil {
		return nil, err
	}
	connections := make([]string, len(rows))
	for i, r := range rows {
		if connections[i], err = r.text("connection"); err != nil {
			return nil, fmt.Errorf("legacy: %s: %w", ExternalIDsOfUser, err)
		}
	}
	return connections, nil
}
