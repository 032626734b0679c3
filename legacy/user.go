package legacy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/patchbay-auth/patchbay/legacy/passhash"
	"github.com/patchbay-auth/patchbay/mapping"
)

// maxKey is the longest login, e-mail address or id, in bytes, that anybody is asked about. An
// external id may be a distinguished name.
const maxKey = 1024

// A record is a user's row with their password.
type record struct {
	mapping.User
	password passhash.Stored
}

// Find returns every user of the tenant that matches q: none, one, or several. It is never cached.
func (db *DB) Find(ctx context.Context, tenant mapping.TenantKey, q mapping.Query) ([]mapping.User, error) {
	records, err := db.find(ctx, db.read, tenant, q)
	if err != nil {
		return nil, err
	}
	users := make([]mapping.User, len(records))
	for i, r := range records {
		users[i] = r.User
	}
	return users, nil
}

func (db *DB) find(ctx context.Context, q querier, tenant mapping.TenantKey, query mapping.Query) ([]record, error) {
	name, args, err := search(query)
	if err != nil {
		return nil, err
	}
	if !db.has(name) {
		return nil, fmt.Errorf("legacy: cannot find a user by %s: the profile has no %s", query.By, name)
	}
	args["tenant"] = string(tenant)
	for _, value := range args {
		if !askable(value) {
			return nil, nil
		}
	}
	rows, err := db.rows(ctx, q, name, args)
	if err != nil {
		return nil, err
	}
	var found []record
	for _, r := range rows {
		same, err := db.matches(r, tenant, query)
		if err == nil && !same {
			continue
		}
		var user record
		if err == nil {
			user, err = readUser(r, tenant)
		}
		if err != nil {
			return nil, fmt.Errorf("legacy: %s: %w", name, err)
		}
		found = append(found, user)
	}
	return found, nil
}

// askable reports whether any row could hold the value as it is.
func askable(value string) bool {
	return value != "" && len(value) <= maxKey && utf8.ValidString(value) && !strings.ContainsRune(value, 0)
}

func search(q mapping.Query) (Statement, map[string]string, error) {
	switch q.By {
	case mapping.ByID:
		return UserByID, map[string]string{"user_id": q.Value}, nil
	case mapping.ByLogin:
		return UserByLogin, map[string]string{"login": q.Value}, nil
	case mapping.ByEmail:
		return UserByEmail, map[string]string{"email": q.Value}, nil
	case mapping.ByExternalID:
		return UserByExternalID, map[string]string{"connection": q.Connection, "external_id": q.Value}, nil
	case mapping.ByStatement:
		if strings.HasPrefix(q.Statement, ownPrefix) {
			return Statement(q.Statement), map[string]string{"value": q.Value}, nil
		}
	}
	return "", nil, fmt.Errorf("legacy: cannot find a user by %q", q.By)
}

// matches decides what the collation may not: whether the row is what was asked for.
func (db *DB) matches(r row, tenant mapping.TenantKey, q mapping.Query) (bool, error) {
	if r.cell("tenant_id") != nil {
		if got, err := r.text("tenant_id"); err != nil || got != string(tenant) {
			return false, err
		}
	}
	column := map[mapping.By]string{
		mapping.ByID: "user_id", mapping.ByLogin: "username", mapping.ByEmail: "email", mapping.ByExternalID: "external_id",
		mapping.ByStatement: "value",
	}[q.By]
	got, err := r.text(column)
	if err != nil {
		return false, err
	}
	switch q.By {
	case mapping.ByLogin:
		return db.LoginKey(got) == db.LoginKey(q.Value), nil
	case mapping.ByEmail:
		return db.EmailKey(got) == db.EmailKey(q.Value), nil
	case mapping.ByExternalID:
		connection, err := r.text("connection")
		return got == q.Value && connection == q.Connection, err
	case mapping.ByID, mapping.ByStatement:
	}
	return got == q.Value, nil
}

func readUser(r row, tenant mapping.TenantKey) (record, error) {
	var faults []error
	text := func(column string) string {
		s, err := r.text(column)
		faults = append(faults, err)
		return s
	}
	key := func(column string) string {
		s, err := r.key(column)
		faults = append(faults, err)
		return s
	}
	flag := func(column string, required bool) bool {
		b, err := r.flag(column, required)
		faults = append(faults, err)
		return b
	}
	moment := func(column string) time.Time {
		at, err := r.moment(column)
		faults = append(faults, err)
		return at
	}
	user := record{
		User: mapping.User{
			ID:                mapping.UserID(key("user_id")),
			Tenant:            tenant,
			Username:          key("username"),
			Active:            flag("active", true),
			Email:             text("email"),
			EmailVerified:     flag("email_verified", false),
			GivenName:         text("given_name"),
			FamilyName:        text("family_name"),
			DisplayName:       text("display_name"),
			Locale:            locale(text("locale")),
			Type:              text("user_type"),
			Group:             text("user_group"),
			FederatedOnly:     flag("federated_only", false),
			PasswordChangedAt: moment("password_changed_at"),
			UpdatedAt:         moment("updated_at"),
		},
		password: passhash.Stored{Hash: text("password_hash"), Salt: text("password_salt"), Scheme: text("password_scheme")},
	}
	return user, errors.Join(faults...)
}

// locale makes a BCP 47 tag of what the database has, such as nb_NO; empty if it cannot.
func locale(text string) string {
	tag, err := language.Parse(strings.ReplaceAll(text, "_", "-"))
	if err != nil || tag == language.Und {
		return ""
	}
	return tag.String()
}

func (c Comparison) key(text string) string {
	if c == ASCIIFold {
		return foldASCII(text)
	}
	return text
}

func foldASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
