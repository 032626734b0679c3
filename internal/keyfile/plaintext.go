package keyfile

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"

	"filippo.io/age/armor"
)

// ErrNotSealed means that a key file is not sealed with age, and was not used.
var ErrNotSealed = errors.New("not sealed with age")

const binaryHeader = "age-encryption.org/v1\n"

// looksSealed reports whether content claims to be an age file. Whether it is one, age decides.
func looksSealed(content []byte) bool {
	return bytes.HasPrefix(content, []byte(armor.Header)) || bytes.HasPrefix(content, []byte(binaryHeader))
}

// describe says what an unsealed file seems to hold, in words that quote none of it.
func describe(content []byte) string {
	text := bytes.TrimSpace(content)
	switch {
	case len(text) == 0:
		return "it is empty"
	case bytes.Contains(text, []byte("AGE-SECRET-KEY-")):
		return "it holds an age identity, which opens a key file but is none"
	case bytes.Contains(text, []byte("-----BEGIN ")):
		return "it holds PEM"
	case text[0] == '{' && bytes.Contains(text, []byte(`"kty"`)):
		return "it holds a JWK in plain text"
	case text[0] == '{' || text[0] == '[':
		return "it holds JSON in plain text"
	case isBareKey(content) || isBareKey(text):
		return "it holds a bare key"
	}
	return "it holds something else"
}

// isBareKey reports whether b is as long as a key, raw or in hex or base64.
func isBareKey(b []byte) bool {
	if isKeySize(len(b)) {
		return true
	}
	raw := make([]byte, len(b))
	if n, err := hex.Decode(raw, b); err == nil && isKeySize(n) {
		return true
	}
	b = bytes.TrimRight(b, "=")
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if n, err := encoding.Decode(raw, b); err == nil && isKeySize(n) {
			return true
		}
	}
	return false
}

func isKeySize(n int) bool { return n == 16 || n == 24 || n == 32 || n == 64 }
