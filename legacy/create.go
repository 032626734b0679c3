package legacy

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/patchbay-auth/patchbay/mapping"
)

// Create makes a user by the profile's create_user, and where the profile keeps links, links them to
// key: both or neither. It returns mapping.ErrLoginTaken if somebody of the tenant has the login, by the
// profile's comparison or by the database's. What the row does not say of itself, such as roles, is the
// statement's to set. Before the transaction commits, shown is told of the row as user_by_id finds it.
func (db *DB) Create(ctx context.Context, tenant mapping.TenantKey, u mapping.NewUser, key mapping.LinkKey, shown func(mapping.User) error) (mapping.User, error) {
	if !db.has(CreateUser) {
		return mapping.User{}, fmt.Errorf("legacy: cannot create a user: the profile has no %s", CreateUser)
	}
	if !askable(string(tenant)) || !askable(u.Login) || !askable(key.Connection) || !askable(key.ExternalID) {
		return mapping.User{}, fmt.Errorf("legacy: cannot create a user: a key is empty, over %d bytes, or not text", maxKey)
	}
	for attempt := 1; ; attempt++ {
		var made mapping.User
		err := db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
			if made, err = db.createOnce(ctx, tx, tenant, u, key); err != nil {
				return err
			}
			return db.show(ctx, tx, made, shown)
		})
		switch {
		case err == nil:
			return made, nil
		case isDuplicate(err): // somebody was quicker
			return mapping.User{}, fmt.Errorf("%w: %w", mapping.ErrLoginTaken, err)
		case !isConflict(err) || attempt == linkAttempts:
			return mapping.User{}, err
		}
		if err := pause(ctx, attempt); err != nil {
			return mapping.User{}, err
		}
	}
}

func (db *DB) createOnce(ctx context.Context, tx *sql.Tx, tenant mapping.TenantKey, u mapping.NewUser, key mapping.LinkKey) (mapping.User, error) {
	byLogin := mapping.Query{By: mapping.ByLogin, Value: u.Login}
	have, err := db.find(ctx, tx, tenant, byLogin)
	if err != nil {
		return mapping.User{}, err
	}
	if len(have) > 0 {
		return mapping.User{}, mapping.ErrLoginTaken
	}
	n, err := db.change(ctx, tx, CreateUser, newRow(tenant, u, key))
	if err != nil {
		return mapping.User{}, err
	}
	if n == 0 {
		return mapping.User{}, fmt.Errorf("%w, or the tenant does not exist: %s inserted nobody", mapping.ErrLoginTaken, CreateUser)
	}
	made, err := db.find(ctx, tx, tenant, byLogin)
	if err != nil {
		return mapping.User{}, err
	}
	if len(made) != 1 || !made[0].Active {
		return mapping.User{}, fmt.Errorf("legacy: %s: %d users have the login afterwards, want one who is active", CreateUser, len(made))
	}
	if !db.KeepsLinks() {
		return made[0].User, nil
	}
	// The statement may have made the link by itself.
	switch err := db.linked(ctx, tx, tenant, key, made[0].ID); {
	case errors.Is(err, errLinked):
		return made[0].User, nil
	case err != nil:
		return mapping.User{}, err
	}
	return made[0].User, db.insertLink(ctx, tx, tenant, key, made[0].ID)
}

// show reads a new row as every login will from now on: one that user_by_id does not find would be nobody's.
func (db *DB) show(ctx context.Context, tx *sql.Tx, made mapping.User, shown func(mapping.User) error) error {
	rows, err := db.find(ctx, tx, made.Tenant, mapping.Query{By: mapping.ByID, Value: string(made.ID)})
	if err != nil {
		return err
	}
	if len(rows) != 1 {
		return fmt.Errorf("legacy: %s: %s finds %d users by the new id %s, want one", CreateUser, UserByID, len(rows), made.ID)
	}
	return shown(rows[0].User)
}

// newRow is what the statement is given; what is empty is NULL.
func newRow(tenant mapping.TenantKey, u mapping.NewUser, key mapping.LinkKey) map[string]string {
	args := map[string]string{
		"tenant": string(tenant), "login": u.Login, "email": u.Email, "given_name": u.GivenName, "family_name": u.FamilyName,
		"display_name": u.DisplayName, "locale": u.Locale, "user_group": u.UserGroup,
		"connection": key.Connection, "external_id": key.ExternalID,
	}
	for name, value := range args {
		if value == "" {
			delete(args, name)
		}
	}
	return args
}
