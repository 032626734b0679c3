package legacy

import (
	"context"
	"errors"
	"fmt"

	"github.com/patchbay-auth/patchbay/legacy/passhash"
	"github.com/patchbay-auth/patchbay/mapping"
)

// A Rehash is what became of an attempt to hash a password anew.
type Rehash struct {
	Tenant mapping.TenantKey
	User   mapping.UserID
	// Err is why the old hash is still there; nil if it was replaced.
	Err error
}

// errChanged says that the stored hash is no longer the one that was verified.
var errChanged = errors.New("the stored hash has changed meanwhile")

// rehash replaces the hash of a password that was just verified, where it is weaker than what
// Config.Rehash asks for. The login does not depend on it: whatever goes wrong is told to
// Config.OnRehash, and the next login tries again.
func (db *DB) rehash(ctx context.Context, tenant mapping.TenantKey, user record, password string) {
	if db.config.Rehash == "" {
		return
	}
	renewed, err := db.hashes.Renew(ctx, tenant, user.password, password, db.config.Rehash)
	if err == nil && renewed == "" {
		return
	}
	if err == nil {
		err = db.updatePassword(ctx, tenant, user, renewed)
	}
	db.config.OnRehash(Rehash{Tenant: tenant, User: user.ID, Err: err})
}

// updatePassword writes the new hash in the old one's place. The old hash is in the statement's WHERE
// clause: somebody who changes their password at this moment wins.
func (db *DB) updatePassword(ctx context.Context, tenant mapping.TenantKey, user record, renewed string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("legacy: %s: %w", UpdatePassword, err)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, db.config.StatementTimeout)
	defer cancel()
	s := db.statements[UpdatePassword]
	values, possible := db.bind(s, map[string]string{
		"tenant": string(tenant), "user_id": string(user.ID), "old_hash": user.password.Hash, "new_hash": renewed,
	})
	if !possible {
		return mapping.ErrNoUser
	}
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback() // the error that led here says more
		}
	}()
	db.config.OnStatement(UpdatePassword)
	result, err := tx.ExecContext(ctx, s.text, values...)
	if err != nil {
		return err
	}
	switch n, err := result.RowsAffected(); {
	case err != nil:
		return err
	case n == 0:
		return errChanged
	case n > 1:
		return fmt.Errorf("it would change %d rows", n)
	}
	// Read back within the transaction: some servers cut what does not fit, and a cut hash locks out.
	written, err := db.find(ctx, tx, tenant, mapping.Query{By: mapping.ByLogin, Value: user.Username})
	if err != nil {
		return err
	}
	if len(written) != 1 || written[0].password.Hash != renewed {
		return errors.New("the hash reads back differently from how it was written")
	}
	if _, err := db.verifier.Parse(written[0].password); err != nil {
		return fmt.Errorf("the row would not verify any more (is its salt or scheme still the old hash's?): %w", err)
	}
	return tx.Commit()
}

func (c Config) rehashFaults() []error {
	switch {
	case c.Rehash == "":
		return nil
	case !c.Rehash.Known():
		return []error{fmt.Errorf("rehash %q is neither %s nor %s", c.Rehash, passhash.Bcrypt, passhash.Argon2id)}
	case c.ReadOnly:
		return []error{fmt.Errorf("rehash %q: the database is opened to read only", c.Rehash)}
	case c.Profile.Statements[UpdatePassword] == "":
		return []error{fmt.Errorf("rehash %q: the profile has no %s", c.Rehash, UpdatePassword)}
	}
	return nil
}
