// Package secret holds values that must never reach a log, an error or a page.
package secret

// Redacted is what every secret prints as.
const Redacted = "[redacted]"

// Text is a secret string: a password, a client secret, a private key in PEM. It prints as
// [redacted] through fmt, slog, encoding/json and encoding/xml; Reveal is the only way out.
type Text struct{ value string }

// New wraps value.
func New(value string) Text { return Text{value} }

// Reveal returns the secret itself. Call it where the secret is used, not where it is passed on.
func (t Text) Reveal() string { return t.value }

// Empty reports whether there is no secret.
func (t Text) Empty() bool { return t.value == "" }

func (Text) String() string               { return Redacted }
func (Text) GoString() string             { return Redacted }
func (Text) MarshalText() ([]byte, error) { return []byte(Redacted), nil }
