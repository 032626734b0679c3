package legacy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/legacy"
)

const goodProfile = `user_id_scope: global
user_id_type: integer
login_comparison: exact
passwords:
  templates:
    - { scheme: old, format: "sha1({SALT}{PASSWORD}{PEPPER})", salt_encoding: hex, pepper: "${PATCHBAY_TEST_PEPPER}" }
    - { scheme: older, format: "md5({PASSWORD})", rounds: 3 }
statements:
  user_by_login: SELECT 1 AS user_id, 'x' AS username, 1 AS active WHERE :tenant = 'x' AND :login = 'x'
  user_by_id: SELECT 1 AS user_id, 'x' AS username, 1 AS active WHERE :tenant = 'x' AND :user_id = 1
`

func loadProfile(t *testing.T, text string, engine legacy.Engine) (legacy.Profile, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "profile.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return legacy.LoadProfile(file, engine)
}

func TestLoadProfile(t *testing.T) {
	t.Setenv("PATCHBAY_TEST_PEPPER", "hunter2")
	p, err := loadProfile(t, goodProfile, legacy.SQLite)
	if err != nil {
		t.Fatal(err)
	}
	if p.UserIDScope != legacy.Global || p.UserIDType != legacy.Integer || p.LoginComparison != legacy.Exact || len(p.Statements) != 2 ||
		p.Passwords.Templates["older"].Rounds != 3 || p.Passwords.Templates["old"].Pepper.Reveal() != "hunter2" {
		t.Errorf("%+v", p)
	}
}

func TestLoadProfileFaults(t *testing.T) {
	t.Setenv("PATCHBAY_TEST_PEPPER", "hunter2")
	if _, err := loadProfile(t, goodProfile, legacy.SQLite); err != nil {
		t.Fatalf("the control: %v", err)
	}
	const link = "  link_external_id: INSERT INTO x VALUES (:tenant, :user_id, :connection, :external_id)\n" +
		"  external_ids_of_user: SELECT connection, external_id FROM x WHERE a = :user_id\n" +
		"  user_by_external_id: SELECT 1 WHERE :tenant = :connection AND :external_id = 1\n"
	for _, tt := range []struct {
		name, old, new string
		engine         legacy.Engine
		want           string
	}{
		{"scope", "global", "galaxy", legacy.SQLite, `:1: user_id_scope: "galaxy" is neither global nor tenant`},
		{"no scope", "user_id_scope: global\n", "", legacy.SQLite, `user_id_scope: "" is neither`},
		{"type", "integer", "uuid", legacy.SQLite, `:2: user_id_type: "uuid" is neither text nor integer`},
		{"comparison", "exact", "fuzzy", legacy.SQLite, `:3: login_comparison: "fuzzy" is neither`},
		{"comparison of addresses", "login_comparison: exact\n", "login_comparison: exact\nemail_comparison: fuzzy\n", legacy.SQLite, `:4: email_comparison: "fuzzy" is neither`},
		{"template", "md5({PASSWORD})", "crc({PASSWORD})", legacy.SQLite, `:7: passwords.templates[1]: format "crc({PASSWORD})"`},
		{"template's encoding", "salt_encoding: hex", "salt_encoding: octal", legacy.SQLite, `:6: passwords.templates[0]: salt encoding "octal"`},
		{"two templates of a scheme", "older", "OLD", legacy.SQLite, `:7: passwords.templates[1].scheme: "OLD" has a template already`},
		{"template without scheme", "scheme: older, ", "", legacy.SQLite, ":7: passwords.templates[1].scheme: is required"},
		{"unknown key", "user_id_type", "user_id_kind", legacy.SQLite, ":2: user_id_kind: unknown key"},
		{"unknown statement", "user_by_id:", "shoes_of_user:", legacy.SQLite, ":10: statements.shoes_of_user: there is no such statement"},
		{"missing statement", "user_by_id:", "shoes_of_user:", legacy.SQLite, ":8: statements.user_by_id: it is missing"},
		{"unknown parameter", ":login = 'x'", ":login = :x", legacy.SQLite, ":9: statements.user_by_login: there is no parameter :x, only :tenant :login"},
		{"missing parameter", ":login = 'x'", "1 = 1", legacy.SQLite, ":9: statements.user_by_login: it does not use :login"},
		{"tenant in every statement", "global", "tenant", legacy.SQLite, ""},
		{"empty statement", "  user_by_id: SELECT", "  roles: \"\"\n  user_by_id: SELECT", legacy.SQLite, ":10: statements.roles: is empty"},
		{"two statements in one", ":user_id = 1\n", ":user_id = 1; DROP TABLE users\n", legacy.SQLite, ":10: statements.user_by_id: it is more than one statement"},
		{"links by halves", "  user_by_id:", "  external_ids_of_user: SELECT 1 WHERE :user_id = 1\n  user_by_id:", legacy.SQLite, "set all three or none"},
		{"links", "  user_by_id:", link + "  user_by_id:", legacy.SQLite, ""},
		{"writes where nothing is written", "  user_by_id:", link + "  user_by_id:", legacy.Postgres, ":10: statements.link_external_id: patchbay only reads databases of engine postgres"},
		{"another engine's parameter", ":login = 'x'", ":login = $2", legacy.Postgres, "statements.user_by_login: a $ begins"},
		{"unset pepper", "TEST_PEPPER", "TEST_UNSET", legacy.SQLite, ":6: passwords.templates[0].pepper: environment variable PATCHBAY_TEST_UNSET is not set"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(goodProfile, tt.old, tt.new, 1)
			if text == goodProfile {
				t.Fatal("the case changes nothing")
			}
			_, err := loadProfile(t, text, tt.engine)
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("want %q, got %v", tt.want, err)
			case err != nil && strings.Contains(err.Error(), "hunter2"):
				t.Error("a fault shows a secret")
			}
		})
	}
	all := strings.NewReplacer("global", "galaxy", "exact", "fuzzy", "user_by_id:", "shoes_of_user:").Replace(goodProfile)
	if _, err := loadProfile(t, all, legacy.SQLite); err == nil || strings.Count(err.Error(), "\n") != 3 {
		t.Errorf("four faults at once: %v", err)
	}
}

// TestSamplesForSQLServer: there is none to run them on, but their parameters can be written for it.
func TestSamplesForSQLServer(t *testing.T) {
	text, err := os.ReadFile("../testdata/aspnet/aspnet.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := loadProfile(t, string(text), legacy.SQLServer); err != nil {
		t.Error(err)
	}
}
