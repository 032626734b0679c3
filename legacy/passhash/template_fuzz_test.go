package passhash

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/internal/secret"
)

// FuzzTemplateFormat holds of every format that compiles: the digest that it makes of a password is that
// password's and no other's, whatever the salt, and depends on the salt where the format has one.
func FuzzTemplateFormat(f *testing.F) {
	for _, format := range []string{
		"sha1({SALT}{PASSWORD})", "md5(hex(md5({PASSWORD})){SALT})", "sha256({PEPPER}{PASSWORD})", "sha512(base64({PASSWORD}))",
		"md5({SALT})", "md5({PASSWORD}", "hex(md5({PASSWORD}))", "sha384({PASSWORD}{PASSWORD})", `md5({SALT}": "{PASSWORD})`,
	} {
		f.Add(format, "salt", "password", "Password", false)
	}
	f.Fuzz(func(t *testing.T, format, salt, password, other string, wide bool) {
		template := Template{Format: format}
		if wide {
			template.PasswordCharset = UTF16LE
		}
		if strings.Contains(format, "{PEPPER}") {
			template.Pepper = secret.New("pepper")
		}
		c, err := template.compile()
		if err != nil || len(format) > 1000 {
			return
		}
		digest := func(salt string) string {
			text, err := c.PasswordCharset.encode(password)
			if err != nil {
				t.Skip()
			}
			return hex.EncodeToString(sum(c.digest, c.inside.eval(map[string][]byte{"SALT": []byte(salt), "PASSWORD": text, "PEPPER": []byte("pepper")})))
		}
		stored := Stored{Hash: digest(salt), Salt: salt}
		h, err := c.parse("x", stored)
		if err != nil || !h.matches(password) {
			t.Fatalf("%q refuses the password that its hash was made of: %v", format, err)
		}
		one, _ := c.PasswordCharset.encode(password)
		two, err := c.PasswordCharset.encode(other)
		if err == nil && !bytes.Equal(one, two) && h.matches(other) {
			t.Errorf("%q takes %q for %q", format, other, password)
		}
		if salted := digest(salt + "x"); (salted != stored.Hash) != strings.Contains(format, "{SALT}") {
			t.Errorf("%q has a salt, or has none, and its digest is otherwise", format)
		}
		if _, err := c.parse("x", Stored{Hash: stored.Hash[2:], Salt: salt}); !errors.Is(err, ErrUnknown) {
			t.Errorf("%q takes a digest that was cut: %v", format, err)
		}
	})
}
