package passhash

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"

	"golang.org/x/text/encoding/unicode"

	"github.com/patchbay-auth/patchbay/internal/secret"
)

const maxTemplateRounds = 1_000_000

// A Template describes digests that no standard names, as old systems made them.
type Template struct {
	// Format is the digest as an expression over {SALT}, {PASSWORD} and {PEPPER}, which stand for
	// bytes, written one after the other. md5, sha1, sha256, sha384 and sha512 make a digest of
	// what is in their parentheses, and hex (lower case) and base64 make text of it:
	//
	//	sha1({SALT}{PASSWORD})
	//	md5(hex(md5({PASSWORD})){SALT})        vBulletin
	//	sha1("--"{SALT}"--"{PASSWORD}"--")     text between double quotes stands for itself
	//
	// The outermost function must be a digest.
	Format string
	// SaltEncoding is how the salt column spells the salt; empty means raw.
	SaltEncoding Encoding
	// HashEncoding is how the hash column spells the digest; empty means hex, in any case.
	HashEncoding Encoding
	// PasswordCharset is how the password became bytes; empty means UTF-8.
	PasswordCharset Charset
	// Rounds is how often the outermost digest is applied in all; zero means once.
	Rounds int
	// Pepper is the value of {PEPPER}, if Format has it.
	Pepper secret.Text
}

// Encoding is how bytes are spelled in a column.
type Encoding string

// The encodings of a column.
const (
	Raw    Encoding = "raw"
	Hex    Encoding = "hex"
	Base64 Encoding = "base64" // standard alphabet, padded
)

// Charset is how a password is turned into bytes.
type Charset string

// The character sets of passwords.
const (
	UTF8    Charset = "utf-8"
	UTF16LE Charset = "utf-16le" // .NET's Encoding.Unicode
)

type template struct {
	Template
	digest func() hash.Hash
	inside expression
}

// Check returns everything that is wrong with the template.
func (t Template) Check() error {
	_, err := t.compile()
	return err
}

func (t Template) compile() (*template, error) {
	if t.SaltEncoding == "" {
		t.SaltEncoding = Raw
	}
	if t.HashEncoding == "" {
		t.HashEncoding = Hex
	}
	if t.PasswordCharset == "" {
		t.PasswordCharset = UTF8
	}
	if t.Rounds == 0 {
		t.Rounds = 1
	}
	c := &template{Template: t}
	name, inside, used, err := parseFormat(t.Format)
	var faults []error
	if err != nil {
		faults = append(faults, err)
	} else {
		c.digest, c.inside = newDigest(name), inside
		if used["PEPPER"] == t.Pepper.Empty() {
			faults = append(faults, fmt.Errorf("format %q and pepper do not go together: set both or neither", t.Format))
		}
		if !used["PASSWORD"] {
			faults = append(faults, fmt.Errorf("format %q has no {PASSWORD}", t.Format))
		}
	}
	for key, value := range map[string]Encoding{"salt encoding": t.SaltEncoding, "hash encoding": t.HashEncoding} {
		if value != Raw && value != Hex && value != Base64 {
			faults = append(faults, fmt.Errorf("%s %q is none of raw, hex, base64", key, value))
		}
	}
	if t.PasswordCharset != UTF8 && t.PasswordCharset != UTF16LE {
		faults = append(faults, fmt.Errorf("password charset %q is neither utf-8 nor utf-16le", t.PasswordCharset))
	}
	if t.Rounds < 0 || t.Rounds > maxTemplateRounds {
		faults = append(faults, fmt.Errorf("rounds %d is not between 1 and %d", t.Rounds, maxTemplateRounds))
	}
	return c, errors.Join(faults...)
}

func (t *template) parse(scheme string, s Stored) (*Hash, error) {
	want, err := t.HashEncoding.decode(s.Hash)
	if err != nil || len(want) != t.digest().Size() {
		return nil, fmt.Errorf("%w: it is not a %d-byte digest in %s", ErrUnknown, t.digest().Size(), t.HashEncoding)
	}
	salt, err := t.SaltEncoding.decode(s.Salt)
	if err != nil {
		return nil, fmt.Errorf("%w: its salt is not in %s", ErrUnknown, t.SaltEncoding)
	}
	return &Hash{Scheme: scheme, matches: func(password string) bool {
		text, err := t.PasswordCharset.encode(password)
		if err != nil {
			return false // not a string that the legacy system could have been given
		}
		values := map[string][]byte{"SALT": salt, "PASSWORD": text, "PEPPER": []byte(t.Pepper.Reveal())}
		d := sum(t.digest, t.inside.eval(values))
		for range t.Rounds - 1 {
			d = sum(t.digest, d)
		}
		return subtle.ConstantTimeCompare(d, want) == 1
	}}, nil
}

func (e Encoding) decode(text string) ([]byte, error) {
	switch e {
	case Hex:
		return hex.DecodeString(text)
	case Base64:
		return base64.StdEncoding.DecodeString(text)
	case Raw:
	}
	return []byte(text), nil
}

func (c Charset) encode(password string) ([]byte, error) {
	if c == UTF16LE {
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().Bytes([]byte(password))
	}
	return []byte(password), nil
}
