package legacy

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/internal/yamlfault"
	"github.com/patchbay-auth/patchbay/legacy/passhash"
)

// profileYAML is a profile's file as written.
type profileYAML struct {
	UserIDScope     Scope             `yaml:"user_id_scope"`
	UserIDType      IDType            `yaml:"user_id_type"`
	LoginComparison Comparison        `yaml:"login_comparison"`
	EmailComparison Comparison        `yaml:"email_comparison"`
	Passwords       passwordsYAML     `yaml:"passwords"`
	Statements      map[string]string `yaml:"statements"`
}

type passwordsYAML struct {
	AllowPlaintext bool           `yaml:"allow_plaintext"`
	Templates      []templateYAML `yaml:"templates"`
}

type templateYAML struct {
	Scheme          string            `yaml:"scheme"`
	Format          string            `yaml:"format"`
	SaltEncoding    passhash.Encoding `yaml:"salt_encoding"`
	HashEncoding    passhash.Encoding `yaml:"hash_encoding"`
	PasswordCharset passhash.Charset  `yaml:"password_charset"`
	Rounds          int               `yaml:"rounds"`
	Pepper          secret.Text       `yaml:"pepper"`
}

// LoadProfile reads the profile in the YAML file at path, for databases of an engine. Everything that is
// wrong with it by itself comes as yamlfault.Faults; what is wrong with it on the database is Open's to
// say, with file and line of the statement.
func LoadProfile(path string, engine Engine) (Profile, error) {
	data, err := os.ReadFile(path) //nolint:gosec // the operator names it
	if err != nil {
		return Profile{}, fmt.Errorf("read profile: %w", err)
	}
	return parseProfile(path, data, yamlfault.Process(filepath.Dir(path)), engine)
}

func parseProfile(name string, data []byte, from yamlfault.Expander, engine Engine) (Profile, error) {
	var y profileYAML
	file := yamlfault.Decode(name, data, from, &y)
	p := Profile{
		UserIDScope: y.UserIDScope, UserIDType: y.UserIDType, LoginComparison: y.LoginComparison, EmailComparison: y.EmailComparison,
		Passwords:  passhash.Options{AllowPlaintext: y.Passwords.AllowPlaintext, Templates: y.Passwords.templates(file)},
		Statements: map[Statement]string{}, origins: map[Statement]string{},
	}
	for _, key := range slices.Sorted(maps.Keys(y.Statements)) {
		statement := Statement(key)
		p.Statements[statement] = y.Statements[key]
		p.origins[statement] = fmt.Sprintf("%s:%d: ", name, file.Line("statements."+key))
		if strings.TrimSpace(y.Statements[key]) == "" {
			file.Fault("statements."+key, "is empty: leave it out")
		}
	}
	_, faults := compile(p, engine)
	for _, f := range faults {
		if f.key != "passwords" { // each template has been told of
			file.Fault(f.key, "%w", f.err)
		}
	}
	if err := file.Err(); err != nil {
		return Profile{}, err
	}
	return p, nil
}

// templates returns the templates by their scheme, having reported each that is faulty.
func (y passwordsYAML) templates(file *yamlfault.File) map[string]passhash.Template {
	byScheme, seen := map[string]passhash.Template{}, map[string]bool{}
	for i, t := range y.Templates {
		path := fmt.Sprintf("passwords.templates[%d]", i)
		folded := strings.ToLower(t.Scheme)
		switch {
		case folded == "":
			file.Fault(path+".scheme", "is required: what the column password_scheme says of such a hash")
		case seen[folded]:
			file.Fault(path+".scheme", "%q has a template already", t.Scheme)
		}
		seen[folded] = true
		template := passhash.Template{
			Format: t.Format, SaltEncoding: t.SaltEncoding, HashEncoding: t.HashEncoding,
			PasswordCharset: t.PasswordCharset, Rounds: t.Rounds, Pepper: t.Pepper,
		}
		if err := template.Check(); err != nil {
			file.Fault(path, "%s", strings.ReplaceAll(err.Error(), "\n", "; "))
		}
		byScheme[t.Scheme] = template
	}
	return byScheme
}
