package keyfile

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// A KeyID names a data key in what it sealed.
type KeyID [8]byte

func (id KeyID) String() string { return hex.EncodeToString(id[:]) }

// MarshalText returns the id in hex.
func (id KeyID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads an id in hex.
func (id *KeyID) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(id)) {
		return fmt.Errorf("data key id has %d characters, want %d", len(text), hex.EncodedLen(len(id)))
	}
	if _, err := hex.Decode(id[:], text); err != nil {
		return fmt.Errorf("data key id is not hex: %w", err)
	}
	return nil
}

// Info describes a data key without its secret.
type Info struct {
	ID        KeyID
	CreatedAt time.Time
	// Current marks the one key that seals.
	Current bool
}

// Errors of Keys.Open.
var (
	// ErrUnknownKey means that the value was sealed by a data key that the key file lacks.
	ErrUnknownKey = errors.New("data key is not in the key file")
	// ErrAltered means that the value was altered, or sealed for another row.
	ErrAltered = errors.New("sealed value was altered or belongs elsewhere")
)

// A sealed value is version, data key id, nonce, ciphertext and tag. The first two are authenticated.
const (
	version    = 1
	headerSize = 1 + len(KeyID{})
	keySize    = 32 // AES-256
)

// Keys are opened data keys, unchanging and safe for concurrent use.
type Keys struct {
	keys   []dataKey // oldest first; the last one seals
	byID   map[KeyID]cipher.AEAD
	sealer cipher.AEAD
}

type dataKey struct {
	id        KeyID
	createdAt time.Time
	secret    []byte
}

// Generate returns one new data key that is in no file: what it seals is lost with the process.
func Generate(now time.Time) (*Keys, error) { return newKeys([]dataKey{newDataKey(now)}) }

func newDataKey(now time.Time) dataKey {
	k := dataKey{createdAt: now.UTC().Truncate(time.Second), secret: make([]byte, keySize)}
	_, _ = rand.Read(k.id[:]) // never fails: crypto/rand ends the program instead
	_, _ = rand.Read(k.secret)
	return k
}

func newKeys(list []dataKey) (*Keys, error) {
	if len(list) == 0 {
		return nil, errors.New("there is no data key in it")
	}
	k := &Keys{keys: list, byID: make(map[KeyID]cipher.AEAD, len(list))}
	for _, key := range list {
		if len(key.secret) != keySize {
			return nil, fmt.Errorf("data key %v has %d bytes, want %d", key.id, len(key.secret), keySize)
		}
		if k.byID[key.id] != nil {
			return nil, fmt.Errorf("data key %v is there twice", key.id)
		}
		block, err := aes.NewCipher(key.secret)
		if err != nil {
			return nil, fmt.Errorf("data key %v: %w", key.id, err)
		}
		// Random nonces are safe for 2^32 values per key: a century of logins, and a key can be added
		// any day.
		if k.sealer, err = cipher.NewGCMWithRandomNonce(block); err != nil {
			return nil, fmt.Errorf("data key %v: %w", key.id, err)
		}
		k.byID[key.id] = k.sealer
	}
	return k, nil
}

// List returns the data keys, oldest first.
func (k *Keys) List() []Info {
	list := make([]Info, len(k.keys))
	for i, key := range k.keys {
		list[i] = Info{ID: key.id, CreatedAt: key.createdAt, Current: i == len(k.keys)-1}
	}
	return list
}

// Seal encrypts plaintext with AES-256-GCM under the current data key, for the row that aad names: a
// copy in another row does not open.
func (k *Keys) Seal(plaintext, aad []byte) ([]byte, error) {
	current := k.keys[len(k.keys)-1].id
	header := append([]byte{version}, current[:]...)
	sealed := make([]byte, headerSize, headerSize+len(plaintext)+k.sealer.Overhead())
	copy(sealed, header)
	return k.sealer.Seal(sealed, nil, plaintext, append(header, aad...)), nil //nolint:gosec // the nonce is random: see newKeys
}

// Open returns what Seal encrypted for the row that aad names. Its errors wrap ErrUnknownKey or
// ErrAltered.
func (k *Keys) Open(sealed, aad []byte) ([]byte, error) {
	if len(sealed) < headerSize+k.sealer.Overhead() {
		return nil, fmt.Errorf("%w: it has %d bytes", ErrAltered, len(sealed))
	}
	if sealed[0] != version {
		return nil, fmt.Errorf("%w: its version is %d, want %d", ErrAltered, sealed[0], version)
	}
	id := KeyID(sealed[1:headerSize])
	opener := k.byID[id]
	if opener == nil {
		return nil, fmt.Errorf("%w: %v", ErrUnknownKey, id)
	}
	header := sealed[:headerSize:headerSize] // the append below must copy
	plaintext, err := opener.Open(nil, nil, sealed[headerSize:], append(header, aad...))
	if err != nil {
		return nil, ErrAltered // the cause says no more
	}
	return plaintext, nil
}
