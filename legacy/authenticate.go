package legacy

import (
	"context"
	"fmt"
	"time"

	"github.com/patchbay-auth/patchbay/mapping"
)

// Authenticate verifies the password of the one user with that login. It fails with
// mapping.ErrNoUser, mapping.ErrAmbiguous, mapping.ErrBusy, or mapping.ErrWrongPassword; with the
// last it returns the row too, and it is mapping.ErrUnverifiable, and says why, if the stored value
// cannot be verified at all. It judges neither Active nor FederatedOnly. It is never cached.
func (db *DB) Authenticate(ctx context.Context, tenant mapping.TenantKey, login, password string) (mapping.User, error) {
	user, _, err := db.Judge(ctx, tenant, login, password)
	return user, err
}

// Judge is Authenticate that names the scheme of the stored password, too, as Scheme does. It is empty
// where there is no row.
func (db *DB) Judge(ctx context.Context, tenant mapping.TenantKey, login, password string) (user mapping.User, scheme string, err error) {
	if tenant == "" { // of somebody who could not say whose they are
		return mapping.User{}, "", db.decline(ctx, tenant, mapping.ErrNoUser)
	}
	found, err := db.find(ctx, db.read, tenant, mapping.Query{By: mapping.ByLogin, Value: login})
	switch {
	case err != nil:
		return mapping.User{}, "", err
	case len(found) == 0:
		return mapping.User{}, "", db.decline(ctx, tenant, mapping.ErrNoUser)
	case len(found) > 1:
		return mapping.User{}, "", db.decline(ctx, tenant, mapping.ErrAmbiguous)
	}
	row := found[0]
	scheme, err = db.Scheme(Scanned{User: row.User, Password: row.password})
	if err != nil {
		return row.User, scheme, db.decline(ctx, tenant, fmt.Errorf("%w: %w", mapping.ErrUnverifiable, err))
	}
	ok, err := db.hashes.Verify(ctx, tenant, row.password, password)
	switch {
	case err != nil:
		return mapping.User{}, "", fmt.Errorf("legacy: %w", err)
	case !ok:
		return row.User, scheme, mapping.ErrWrongPassword
	}
	db.rehash(ctx, tenant, row, password)
	return row.User, scheme, nil
}

// decline returns why there is nothing to verify, as late as if there were.
func (db *DB) decline(ctx context.Context, tenant mapping.TenantKey, why error) error {
	if err := db.hashes.Decline(ctx, tenant); err != nil {
		return fmt.Errorf("legacy: %w", err)
	}
	return why
}

// SlowestHash returns the 99th percentile of what verifying a password takes in the slowest scheme
// in use. A failed login should never be quicker.
func (db *DB) SlowestHash() time.Duration { return db.hashes.Slowest() }
