package legacy

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/patchbay-auth/patchbay/mapping"
)

// Relink stores a link in the place of another of the user on the connection: of the one that r names,
// if it names one. It returns mapping.ErrLinkExists if that is not what the user has, or somebody else
// has the key.
func (db *DB) Relink(ctx context.Context, tenant mapping.TenantKey, key mapping.LinkKey, id mapping.UserID, r mapping.Replacement) error {
	if !db.has(UnlinkExternalID) {
		return fmt.Errorf("%w, and the profile has no %s", mapping.ErrLinkExists, UnlinkExternalID)
	}
	return db.link(ctx, tenant, key, id, &r)
}

// unlink makes room for a link of the user.
func (db *DB) unlink(ctx context.Context, tx *sql.Tx, tenant mapping.TenantKey, key mapping.LinkKey, id mapping.UserID, r mapping.Replacement) error {
	rows, err := db.rows(ctx, tx, ExternalIDsOfUser, map[string]string{"tenant": string(tenant), "user_id": string(id)})
	if err != nil {
		return err
	}
	old := ""
	for _, row := range rows {
		connection, err := row.text("connection")
		if err != nil {
			return fmt.Errorf("legacy: %s: %w", ExternalIDsOfUser, err)
		}
		if connection != key.Connection {
			continue
		}
		if old, err = row.text("external_id"); err != nil {
			return fmt.Errorf("legacy: %s: %w", ExternalIDsOfUser, err)
		}
	}
	if old == "" || r.Previous != "" && r.Previous != old {
		return mapping.ErrLinkExists
	}
	n, err := db.change(ctx, tx, UnlinkExternalID, map[string]string{
		"tenant": string(tenant), "user_id": string(id), "connection": key.Connection, "external_id": old,
	})
	if err != nil {
		return err
	}
	if n == 0 {
		return mapping.ErrLinkExists
	}
	return db.linked(ctx, tx, tenant, key, id) // it may be that somebody else has the key
}
