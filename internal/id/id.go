// Package id makes the random identifiers of stored rows.
package id

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
)

// An ID is 16 random bytes. Its text form is 32 lower-case hex digits; the zero ID's is empty.
type ID [16]byte

// New returns a random ID.
func New() ID {
	var i ID
	_, _ = rand.Read(i[:]) // never fails: crypto/rand ends the program instead
	return i
}

// Parse reads the text form. The empty string is the zero ID.
func Parse(s string) (ID, error) {
	var i ID
	if s == "" {
		return i, nil
	}
	if len(s) != hex.EncodedLen(len(i)) {
		return i, fmt.Errorf("id has %d characters, want %d", len(s), hex.EncodedLen(len(i)))
	}
	if _, err := hex.Decode(i[:], []byte(s)); err != nil {
		return ID{}, fmt.Errorf("id is not hex: %w", err)
	}
	return i, nil
}

func (i ID) String() string {
	if i.IsZero() {
		return ""
	}
	return hex.EncodeToString(i[:])
}

// UUID returns the ID in the 8-4-4-4-12 form.
func (i ID) UUID() string {
	s := hex.EncodeToString(i[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// IsZero reports whether the ID was never set.
func (i ID) IsZero() bool { return i == ID{} }

// MarshalText implements encoding.TextMarshaler.
func (i ID) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (i *ID) UnmarshalText(text []byte) (err error) {
	*i, err = Parse(string(text))
	return err
}
