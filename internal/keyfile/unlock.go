package keyfile

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"filippo.io/age"
)

const (
	// workFactor is log2 of scrypt's N: 16 MiB and about 40 ms (under 100 ms on a busy small
	// machine), because every start of a replica pays it and has 300 ms in all. It is 16 times less than
	// age's own default, which minPassphrase makes up for.
	workFactor = 14
	// maxWorkFactor admits a file that was sealed with the age command (18, about a second).
	maxWorkFactor = 20
	// minPassphrase is in characters. A generated passphrase of 20 letters and digits is out of reach
	// at any work factor.
	minPassphrase = 16
)

// An Unlock opens a key file, and seals what replaces it. It does not print.
type Unlock struct {
	identity  age.Identity
	recipient age.Recipient
}

func (Unlock) String() string               { return "[redacted]" }
func (Unlock) GoString() string             { return "[redacted]" }
func (Unlock) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// Passphrase unlocks with a passphrase of at least 16 characters, which age stretches with scrypt.
func Passphrase(passphrase string) (Unlock, error) {
	if n := utf8.RuneCountInString(passphrase); n < minPassphrase {
		return Unlock{}, fmt.Errorf("key file passphrase has %d characters, want at least %d", n, minPassphrase)
	}
	identity, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return Unlock{}, fmt.Errorf("key file passphrase: %w", err)
	}
	recipient, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return Unlock{}, fmt.Errorf("key file passphrase: %w", err)
	}
	identity.SetMaxWorkFactor(maxWorkFactor)
	recipient.SetWorkFactor(workFactor)
	return Unlock{identity: identity, recipient: recipient}, nil
}

// Identity unlocks with the one identity in text, which is what age-keygen writes: an
// AGE-SECRET-KEY line, blank lines, and comments. It costs no time at start.
func Identity(text string) (Unlock, error) {
	list, err := age.ParseIdentities(strings.NewReader(text))
	if err != nil {
		return Unlock{}, errors.New("key file identity is not an age identity") // the cause may quote it
	}
	if len(list) != 1 {
		return Unlock{}, fmt.Errorf("key file identity has %d identities, want 1", len(list))
	}
	switch identity := list[0].(type) {
	case *age.X25519Identity:
		return Unlock{identity: identity, recipient: identity.Recipient()}, nil
	case *age.HybridIdentity:
		return Unlock{identity: identity, recipient: identity.Recipient()}, nil
	}
	return Unlock{}, fmt.Errorf("key file identity is a %T, want an X25519 or hybrid one", list[0])
}

// GenerateIdentity returns a new X25519 identity in the form that Identity reads. It is a secret,
// to be kept away from the key file.
func GenerateIdentity() (string, error) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return "", fmt.Errorf("generate a key file identity: %w", err)
	}
	return "# public key: " + identity.Recipient().String() + "\n" + identity.String() + "\n", nil
}
