package keyring

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Scope is a set of issuers that share their keys: all of the shared layout, or one realm.
type Scope string

// Shared is the scope of every issuer of the shared layout.
const Shared Scope = "shared"

// Realm returns the scope of an account's realm issuer.
func Realm(account string) Scope { return Scope(realm + account) }

// Connection returns the scope of the keys by which patchbay authenticates at a connection's identity
// provider.
func Connection(account, connection string) Scope {
	return Scope(ofConnection + account + "/" + connection)
}

const (
	realm        = "realm:"
	ofConnection = "connection:"
)

// Account returns the account of a realm's or a connection's scope; ok is false for Shared.
func (s Scope) Account() (account string, ok bool) {
	if of, found := strings.CutPrefix(string(s), ofConnection); found {
		account, _, _ = strings.Cut(of, "/")
		return account, true
	}
	account, ok = strings.CutPrefix(string(s), realm)
	if !ok {
		return "", false
	}
	return account, true
}

// An Algorithm is a JWS signature algorithm (RFC 7518 §3.1).
type Algorithm string

// The algorithms of which every scope has a key.
const (
	RS256 Algorithm = "RS256" // 2048 bit
	ES256 Algorithm = "ES256"
	EdDSA Algorithm = "EdDSA" // Ed25519 (RFC 8037)
)

// Algorithms returns them in the order in which a JWKS lists their keys: RS256 first, for relying
// parties that look no further than the first key, EdDSA last, for those that give up at a key type
// they do not know.
func Algorithms() []Algorithm { return []Algorithm{RS256, ES256, EdDSA} }

// A KeyID is a key's RFC 7638 thumbprint (SHA-256, base64url), its kid.
type KeyID string

// A Record is a signing key as it is stored. Times have microsecond precision. It never changes, but
// for being revoked; when it retires follows from the key after it.
type Record struct {
	ID        KeyID
	Scope     Scope
	Algorithm Algorithm
	// Sequence numbers the keys of a scope and algorithm from 1.
	Sequence int64
	// Sealed is the PKCS #8 private key, sealed for this row.
	Sealed []byte

	CreatedAt time.Time
	// ActiveAt is when the key begins to sign.
	ActiveAt time.Time
	// RevokedAt is when the key was withdrawn; zero means that it was not. From the moment that a
	// replica knows of it the key signs nothing and verifies nothing, whatever the clock says.
	RevokedAt time.Time
}

// Revoked reports whether the key was withdrawn.
func (r Record) Revoked() bool { return !r.RevokedAt.IsZero() }

// row names the record for the sealer, so that a sealed key is worth nothing in another row.
func (r Record) row() []byte {
	return []byte("pb-key-1\x00" + string(r.Scope) + "\x00" + string(r.Algorithm) + "\x00" +
		strconv.FormatInt(r.Sequence, 10) + "\x00" + string(r.ID))
}

func (r Record) String() string {
	return fmt.Sprintf("%s key %d of %s (kid %s)", r.Algorithm, r.Sequence, r.Scope, r.ID)
}

// ChangeKind is the kind under which key changes travel in the change feed; the subject is the scope.
const ChangeKind = "key"

// Errors of the keyring and its store.
var (
	// ErrKeyExists means that another replica was first to insert a key.
	ErrKeyExists = errors.New("signing key exists")
	// ErrNoKey means that the keyring has no such key.
	ErrNoKey = errors.New("no such signing key")
)

// A Change adds, withdraws and forgets keys.
type Change struct {
	Insert []Record
	Revoke []KeyID
	Delete []KeyID
	At     time.Time
	// By is who asked for it, for the audit log; empty is the schedule.
	By string
}

func (c Change) empty() bool { return len(c.Insert)+len(c.Revoke)+len(c.Delete) == 0 }

// A Store keeps the records.
type Store interface {
	// LoadKeys returns every record, in any order.
	LoadKeys(context.Context) ([]Record, error)
	// ChangeKeys makes a change or nothing of it, in one transaction, with one audit event per key and
	// one change of kind ChangeKind per scope. ID, and (Scope, Algorithm, Sequence), are unique: when
	// either is taken the error wraps ErrKeyExists. Of replicas that insert at once the first one
	// wins. Revoking what is revoked, and deleting what is not there, changes nothing.
	ChangeKeys(context.Context, Change) error
}

// A Sealer encrypts and authenticates what is stored. What was sealed for one row opens for no other.
type Sealer interface {
	Seal(plaintext, row []byte) ([]byte, error)
	Open(sealed, row []byte) ([]byte, error)
}
