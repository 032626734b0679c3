package broker

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/throttle"
	"github.com/patchbay-auth/patchbay/internal/id"
)

// A Sealer encrypts small secrets, and tags what must be recognised without being stored.
type Sealer interface {
	grant.Sealer
	// Tag returns a keyed hash, the same for the same purpose and value.
	Tag(purpose string, value []byte) [sha256.Size]byte
}

// nobodyPrefix begins the subject of a login whose name is nobody's.
const nobodyPrefix = "nobody-"

// NobodysName stands for a login name that belongs to nobody: people type their password there, and
// that must not be stored. Who knows the name finds its logins again, whatever its case and the space
// around it; who reads the record learns only whether two names were the same.
func NobodysName(s Sealer, login string) string {
	account := throttle.AccountOf("", login)
	tag := s.Tag("login name", account[:])
	return nobodyPrefix + hex.EncodeToString(tag[:8])
}

// IsNobody reports whether the login was tried with a name that belongs to nobody. Subject is then
// what NobodysName makes of it.
func (l Login) IsNobody() bool {
	return l.UserID == "" && l.Connection == LocalIDP && strings.HasPrefix(l.Subject, nobodyPrefix)
}

// onceFor is the id of the one record that an attempt has of something strangers may repeat as often
// as they like. Storing it again changes nothing.
func onceFor(attempt id.ID, what string) id.ID {
	sum := sha256.Sum256(append(attempt[:], what...))
	return id.ID(sum[:len(attempt)])
}
