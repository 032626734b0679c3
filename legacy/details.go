package legacy

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/patchbay-auth/patchbay/mapping"
)

// User returns a user's row, at most Config.Fresh old while the database answers, and at most
// Config.Stale old while it does not. It fails with mapping.ErrNoUser or mapping.ErrAmbiguous.
func (db *DB) User(ctx context.Context, tenant mapping.TenantKey, id mapping.UserID) (mapping.User, error) {
	return db.users.get(ctx, cacheKey{tenant: tenant, user: id}, func(ctx context.Context) (mapping.User, error) {
		found, err := db.Find(ctx, tenant, mapping.Query{By: mapping.ByID, Value: string(id)})
		switch {
		case err != nil:
			return mapping.User{}, err
		case len(found) == 0:
			return mapping.User{}, mapping.ErrNoUser
		case len(found) > 1:
			return mapping.User{}, mapping.ErrAmbiguous
		}
		return found[0], nil
	})
}

// Details returns the named parts, each as fresh as User's row. Somebody of whom nothing is known
// has empty details. Roles and permissions are sorted; softphones are in the statement's order.
func (db *DB) Details(ctx context.Context, tenant mapping.TenantKey, id mapping.UserID, parts mapping.Parts) (mapping.Details, error) {
	var all mapping.Details
	for _, part := range []mapping.Parts{mapping.Roles, mapping.Groups, mapping.Softphones, mapping.Configuration} {
		if parts&part == 0 {
			continue
		}
		d, err := db.details.get(ctx, cacheKey{tenant: tenant, user: id, part: part}, func(ctx context.Context) (mapping.Details, error) {
			return db.readPart(ctx, tenant, id, part)
		})
		if err != nil {
			return mapping.Details{}, err
		}
		switch part { // copies: what is cached is nobody's to change
		case mapping.Roles:
			all.Roles, all.Permissions = slices.Clone(d.Roles), slices.Clone(d.Permissions)
		case mapping.Groups:
			all.Groups = slices.Clone(d.Groups)
		case mapping.Softphones:
			all.Softphones = slices.Clone(d.Softphones)
		case mapping.Configuration:
			all.Configuration = maps.Clone(d.Configuration)
		}
	}
	return all, nil
}

// Cached returns how many users, and how many parts of their details, are in memory.
func (db *DB) Cached() (users, details int) { return db.users.size(), db.details.size() }

// StaleAnswers returns how often somebody was answered from memory because the database did not answer in
// time.
func (db *DB) StaleAnswers() int64 { return db.users.late.Load() + db.details.late.Load() }

// StaleAge returns how old the last of those answers was; zero once the database answers again.
func (db *DB) StaleAge() time.Duration {
	return time.Duration(max(db.users.age.Load(), db.details.age.Load()))
}

// Invalidate forgets what was cached of a user, when kind is "user" and subject their id, in any
// tenant; and everything, when kind is empty. It ignores other kinds.
func (db *DB) Invalidate(kind, subject string) {
	switch kind {
	case "user":
		db.users.forget(mapping.UserID(subject))
		db.details.forget(mapping.UserID(subject))
	case "":
		db.users.forgetAll()
		db.details.forgetAll()
	}
}

func (db *DB) readPart(ctx context.Context, tenant mapping.TenantKey, id mapping.UserID, part mapping.Parts) (d mapping.Details, err error) {
	about := func(name Statement) ([]row, error) {
		if !db.has(name) || !askable(string(id)) || !askable(string(tenant)) {
			return nil, nil
		}
		return db.rows(ctx, db.read, name, map[string]string{"tenant": string(tenant), "user_id": string(id)})
	}
	names := func(name Statement) ([]string, error) {
		rows, err := about(name)
		if err != nil {
			return nil, err
		}
		return readNames(name, rows)
	}
	switch part {
	case mapping.Roles:
		if d.Roles, err = names(Roles); err == nil {
			d.Permissions, err = names(Permissions)
		}
	case mapping.Groups:
		d.Groups, err = names(Groups)
	case mapping.Softphones:
		var rows []row
		if rows, err = about(Softphones); err == nil {
			d.Softphones, err = readSoftphones(rows)
		}
	case mapping.Configuration:
		var rows []row
		if rows, err = about(Configuration); err == nil {
			d.Configuration, err = readConfiguration(rows)
		}
	}
	return d, err
}

func readNames(statement Statement, rows []row) ([]string, error) {
	var list []string
	for _, r := range rows {
		name, err := r.key("name")
		if err != nil {
			return nil, fmt.Errorf("legacy: %s: %w", statement, err)
		}
		list = append(list, name)
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

func readSoftphones(rows []row) ([]mapping.Softphone, error) {
	var list []mapping.Softphone
	for _, r := range rows {
		address, err := r.key("address")
		if err != nil {
			return nil, fmt.Errorf("legacy: %s: %w", Softphones, err)
		}
		isDefault, err := r.flag("is_default", false)
		if err != nil {
			return nil, fmt.Errorf("legacy: %s: %w", Softphones, err)
		}
		list = append(list, mapping.Softphone{Address: address, Default: isDefault})
	}
	return list, nil
}

func readConfiguration(rows []row) (map[string]string, error) {
	values := map[string]string{}
	for _, r := range rows {
		name, err := r.key("name")
		if err != nil {
			return nil, fmt.Errorf("legacy: %s: %w", Configuration, err)
		}
		value, err := r.text("value")
		if err != nil {
			return nil, fmt.Errorf("legacy: %s: %w", Configuration, err)
		}
		if _, twice := values[name]; twice {
			return nil, unreadable{fmt.Errorf("legacy: %s: name %q occurs twice: %w", Configuration, name, mapping.ErrAmbiguous), "name"}
		}
		values[name] = value
	}
	return values, nil
}
