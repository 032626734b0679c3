package passhash

import (
	"errors"
	"fmt"
	"strings"

	"github.com/patchbay-auth/patchbay/internal/secret"
)

// MaxPassword is the longest password, in bytes, that is hashed at all.
const MaxPassword = 1024

// MaxMemory is the most memory, in bytes, that verifying one hash may take.
const MaxMemory = 128 << 20

// Errors of Parse. They say nothing about any password, and never contain a hash.
var (
	// ErrUnknown means that the stored value has no known shape.
	ErrUnknown = errors.New("password hash of unknown shape")
	// ErrTooCostly means that verifying would exceed a cost cap.
	ErrTooCostly = errors.New("password hash is too costly to verify")
	// ErrPlaintext means that the value is labelled as plain text, and that is not allowed.
	ErrPlaintext = errors.New("password is stored in plain text, which is not allowed")
)

// Stored is a password as a legacy row spells it. It prints as [redacted].
type Stored struct {
	Hash string
	// Salt is the salt's own column; empty where the hash carries its salt.
	Salt string
	// Scheme is what the row calls its scheme. It selects a template by name, or the scheme
	// "plaintext"; with any other value the hash is recognised by its shape.
	Scheme string
}

func (Stored) String() string   { return secret.Redacted }
func (Stored) GoString() string { return secret.Redacted }

// MarshalText keeps slog and encoding/json from spelling a hash out.
func (Stored) MarshalText() ([]byte, error) { return []byte(secret.Redacted), nil }

// Options say what a Verifier accepts beside the hashes that describe themselves.
type Options struct {
	// Templates verify the rows whose Scheme is their name, ASCII case ignored.
	Templates map[string]Template
	// AllowPlaintext accepts passwords in plain text where the row says that they are: by the
	// scheme "plaintext", or by {PLAIN} or {noop} before the password.
	AllowPlaintext bool
}

// A Verifier recognises stored hashes. It is safe for concurrent use.
type Verifier struct {
	templates map[string]*template
	plaintext bool
}

// New returns a Verifier, or an error that names every faulty template.
func New(o Options) (*Verifier, error) {
	v := &Verifier{templates: map[string]*template{}, plaintext: o.AllowPlaintext}
	var faults []error
	for name, t := range o.Templates {
		compiled, err := t.compile()
		if err != nil {
			faults = append(faults, fmt.Errorf("template %q: %w", name, err))
			continue
		}
		v.templates[strings.ToLower(name)] = compiled
	}
	return v, errors.Join(faults...)
}

// A Hash is a stored password that can be verified.
type Hash struct {
	// Scheme names the algorithm, such as bcrypt or template:SHA1.
	Scheme string
	// Memory is what a verification takes at most, in bytes; zero where it is negligible.
	Memory int64

	matches func(password string) bool
}

// Verify reports whether the password is the one that was hashed.
func (h *Hash) Verify(password string) bool {
	return password != "" && len(password) <= MaxPassword && h.matches(password)
}

// Parse recognises a stored password. It fails with ErrUnknown, ErrTooCostly or ErrPlaintext.
func (v *Verifier) Parse(s Stored) (*Hash, error) {
	scheme := strings.ToLower(s.Scheme)
	if t, named := v.templates[scheme]; named {
		return t.parse("template:"+s.Scheme, s)
	}
	if scheme == "plaintext" {
		return v.parsePlaintext(s.Hash)
	}
	if s.Salt != "" {
		return nil, fmt.Errorf("%w: it has a salt of its own, and scheme %q has no template", ErrUnknown, s.Scheme)
	}
	return v.detect(s.Hash)
}

func (v *Verifier) parsePlaintext(password string) (*Hash, error) {
	if !v.plaintext {
		return nil, ErrPlaintext
	}
	return &Hash{Scheme: "plaintext", matches: func(given string) bool { return equal([]byte(given), []byte(password)) }}, nil
}
