package keyfile

import (
	"crypto/hmac"
	"crypto/sha256"
)

// tagContext separates the key that tags from the data key that it is derived of.
const tagContext = "patchbay tag 1"

// Tag returns a keyed hash of a value, by which it is recognised and without the key file not guessed.
// purpose keeps tags of one kind from being compared with those of another. The oldest data key makes
// them all: a key that is added changes none.
func (k *Keys) Tag(purpose string, value []byte) [sha256.Size]byte {
	key := mac(k.keys[0].secret, []byte(tagContext))
	return mac(key[:], append([]byte(purpose+"\x00"), value...))
}

func mac(key, message []byte) [sha256.Size]byte {
	h := hmac.New(sha256.New, key)
	h.Write(message)
	return [sha256.Size]byte(h.Sum(nil))
}
