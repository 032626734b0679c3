package legacy

import (
	"cmp"
	"context"
	"fmt"
	"strconv"

	"github.com/patchbay-auth/patchbay/legacy/passhash"
	"github.com/patchbay-auth/patchbay/mapping"
)

// scanPage is how many rows a scan asks for at a time. A page is one short statement, so that nothing in
// the database waits for a scan.
const scanPage = maxRows

// A Scanned is a row of a scan. Where Err is not nil, the row cannot be read as a user, for what it says.
type Scanned struct {
	mapping.User
	Password passhash.Stored
	Err      error
}

// ScanUsers reads everybody, of all tenants. It ends with the first error of each.
func (db *DB) ScanUsers(ctx context.Context, each func(Scanned) error) error {
	return db.scan(ctx, ScanUsers, func(r row, tenant mapping.TenantKey, id mapping.UserID) error {
		user, err := readUser(r, tenant)
		user.ID = id
		return each(Scanned{User: user.User, Password: user.password, Err: err})
	})
}

// ScanSoftphones reads the softphones of everybody who has any, in one call for each user. The error that each
// is given says that one of them cannot be read.
func (db *DB) ScanSoftphones(ctx context.Context, each func(mapping.TenantKey, mapping.UserID, []mapping.Softphone, error) error) error {
	var tenant mapping.TenantKey
	var user mapping.UserID
	var phones []mapping.Softphone
	var unread error
	flush := func() error {
		if len(phones) == 0 && unread == nil {
			return nil
		}
		return each(tenant, user, phones, unread)
	}
	err := db.scan(ctx, ScanSoftphones, func(r row, t mapping.TenantKey, u mapping.UserID) error {
		if t != tenant || u != user {
			if err := flush(); err != nil {
				return err
			}
			tenant, user, phones, unread = t, u, nil, nil
		}
		read, err := readSoftphones([]row{r})
		phones, unread = append(phones, read...), cmp.Or(unread, err)
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

// ScanExternalIDs reads every link.
func (db *DB) ScanExternalIDs(ctx context.Context, each func(mapping.TenantKey, mapping.LinkKey, mapping.UserID) error) error {
	return db.scan(ctx, ScanExternalIDs, func(r row, tenant mapping.TenantKey, id mapping.UserID) error {
		connection, err := r.text("connection")
		if err != nil {
			return fmt.Errorf("legacy: %s: %w", ScanExternalIDs, err)
		}
		external, err := r.text("external_id")
		if err != nil {
			return fmt.Errorf("legacy: %s: %w", ScanExternalIDs, err)
		}
		return each(tenant, mapping.LinkKey{Connection: connection, ExternalID: external}, id)
	})
}

// CanFind reports whether anybody could be found by a link: neither half is empty, too long, or not text.
func CanFind(link mapping.LinkKey) bool { return askable(link.Connection) && askable(link.ExternalID) }

// LoginKey returns what two logins have in common that the profile's comparison takes for one.
func (db *DB) LoginKey(login string) string { return db.config.Profile.LoginComparison.key(login) }

// EmailKey is the same for e-mail addresses.
func (db *DB) EmailKey(address string) string {
	return db.config.Profile.EmailComparison.key(address)
}

// Has reports whether the profile has a statement.
func (db *DB) Has(name Statement) bool { return db.has(name) }

// A place is where a page of a scan ends.
type place struct{ tenant, user string }

func placeOf(r row) (p place, err error) {
	if p.user, err = r.id("user_id"); err != nil {
		return p, err
	}
	p.tenant, err = r.text("tenant_id")
	return p, err
}

// scan hands every row that a statement yields, page by page, to each.
func (db *DB) scan(ctx context.Context, name Statement, each func(row, mapping.TenantKey, mapping.UserID) error) error {
	if !db.has(name) {
		return fmt.Errorf("legacy: cannot read everybody: the profile has no %s", name)
	}
	var last place
	for first := true; ; first = false {
		args := map[string]string{"limit": strconv.Itoa(scanPage)}
		if !first {
			args["after"], args["after_tenant"] = last.user, last.tenant
		}
		rows, err := db.rows(ctx, db.read, name, args)
		if err != nil {
			return err
		}
		places := make([]place, len(rows))
		for i, r := range rows {
			if places[i], err = placeOf(r); err != nil {
				return fmt.Errorf("legacy: %s: %w", name, err)
			}
		}
		n := len(rows)
		if whole := n == scanPage; whole {
			// The page may end in the midst of a user's rows, and the next one begins behind the user. So
			// the last user is left for it.
			for n > 0 && db.sameUser(places[n-1], places[len(rows)-1]) {
				n--
			}
			if n == 0 {
				return fmt.Errorf("legacy: %s: user %.40q has more than %d rows", name, places[0].user, scanPage)
			}
			if !first && db.sameUser(places[n-1], last) {
				return fmt.Errorf("legacy: %s: it goes round at user %.40q: it must return what comes after :after, in the order of user_id", name, last.user)
			}
		}
		for i, r := range rows[:n] {
			if err := each(r, mapping.TenantKey(places[i].tenant), mapping.UserID(places[i].user)); err != nil {
				return err
			}
		}
		if len(rows) < scanPage {
			return nil
		}
		last = places[n-1]
	}
}

func (db *DB) sameUser(a, b place) bool {
	return a.user == b.user && (db.config.Profile.UserIDScope == Global || a.tenant == b.tenant)
}
