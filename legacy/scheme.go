package legacy

import (
	"context"
	"errors"

	"github.com/patchbay-auth/patchbay/legacy/passhash"
	"github.com/patchbay-auth/patchbay/mapping"
)

// What Scheme calls the passwords that nobody can log in with.
const (
	SchemeNone       = "none"
	SchemeTooCostly  = "too costly"
	SchemePlaintext  = "plaintext, refused"
	SchemeUnknown    = "unknown"
	SchemeUnreadable = "unreadable row"
)

// SchemePlain is what Scheme calls a password in plain text that the profile allows.
const SchemePlain = "plaintext"

// ErrNoHash means that a user has no password at all.
var ErrNoHash = errors.New("none is stored")

// Scheme names the algorithm of a stored password. With one of the names above it also says why nobody can
// log in with it: ErrNoHash, passhash.ErrTooCostly, passhash.ErrPlaintext, passhash.ErrUnknown, or what is
// wrong with the row.
func (db *DB) Scheme(s Scanned) (string, error) {
	switch {
	case s.Err != nil:
		return SchemeUnreadable, s.Err
	case s.Password.Hash == "":
		return SchemeNone, ErrNoHash
	}
	h, err := db.verifier.Parse(s.Password)
	switch {
	case err == nil:
		return h.Scheme, nil
	case errors.Is(err, passhash.ErrTooCostly):
		return SchemeTooCostly, err
	case errors.Is(err, passhash.ErrPlaintext):
		return SchemePlaintext, err
	}
	return SchemeUnknown, err
}

// AllowsPlaintext reports whether the profile accepts passwords that are stored in plain text.
func (db *DB) AllowsPlaintext() bool { return db.config.Profile.Passwords.AllowPlaintext }

// ScanSchemes reads everybody as ScanUsers does, and tells by which scheme the password of each is stored,
// and whether they are let in with it, if it is right.
func (db *DB) ScanSchemes(ctx context.Context, each func(tenant mapping.TenantKey, scheme string, able bool) error) error {
	return db.ScanUsers(ctx, func(s Scanned) error {
		scheme, err := db.Scheme(s)
		return each(s.Tenant, scheme, err == nil && s.Active && !s.FederatedOnly)
	})
}
