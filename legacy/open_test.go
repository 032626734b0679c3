package legacy_test

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/legacy/legacytest"
	"github.com/patchbay-auth/patchbay/legacy/passhash"
)

// TestOpenNamesEveryFault breaks the IQ profile in every way at once: one start tells all.
func TestOpenNamesEveryFault(t *testing.T) {
	onBoth(t, func(t *testing.T, engine legacy.Engine) {
		c := legacytest.IQConfig(t, engine)
		legacytest.Open(t, c) // the control
		iqStatements := c.Profile.Statements
		c.Profile.Statements = maps.Clone(iqStatements)
		s := c.Profile.Statements
		c.Profile.UserIDScope = "galaxy"
		c.Profile.LoginComparison = "by ear"
		c.Profile.EmailComparison = "by heart"
		c.Profile.Passwords.Templates = map[string]passhash.Template{"SHA1": {Format: "crc32({PASSWORD})"}}
		s[legacy.UserByLogin] = "SELECT UserID AS user_id, UserName AS username FROM users WHERE CustomerID = :tenant AND UserName = :login"
		s[legacy.UserByID] = iqStatements[legacy.UserByID] + " AND u.UserID = :id"
		s[legacy.UserByEmail] = strings.Replace(iqStatements[legacy.UserByEmail], "u.eMail AS email", "u.eMail AS mail", 1)
		s[legacy.Roles] = "SELECT 'a' AS name WHERE :tenant IS NULL AND :user_id IS NULL"
		s[legacy.Permissions] = "SELECT PermName AS name FROM permisions WHERE PermName = :tenant AND PermName = :user_id" //nolint:misspell // a table that there is not
		s[legacy.Groups] = "SELECT GroupName AS name, GroupName AS name FROM user_groups WHERE CustomerID = :tenant AND GroupID = :user_id"
		s[legacy.Softphones] = "SELECT SipUri AS address FROM softphones WHERE UserID = ?"
		s[legacy.Configuration] = "UPDATE users SET UserName = :tenant WHERE UserID = :user_id"
		s[legacy.LinkExternalID] = ""
		s["user_with_shoe_size"] = "SELECT 1"

		_, err := legacy.Open(t.Context(), c)
		if err == nil {
			t.Fatal("opened")
		}
		for _, want := range []string{
			`user_id_scope "galaxy" is neither`,
			`login_comparison "by ear" is neither`,
			`email_comparison "by heart" is neither`,
			`template "SHA1": format "crc32({PASSWORD})"`,
			"user_by_login: column active is missing",
			"user_by_id: there is no parameter :id, only :tenant :user_id",
			"user_by_email: column email is missing",
			"user_by_email: column mail has no meaning here",
			"roles: it returns rows even where every parameter is NULL",
			"permissions: ", "permisions", //nolint:misspell // in the database's own words
			"groups: column name occurs twice",
			"softphones: it contains a question mark",
			"configuration: ",
			"user_by_external_id, external_ids_of_user and link_external_id: set all three or none",
			"user_with_shoe_size: there is no such statement",
		} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q is not in:\n%v", want, err)
			}
		}
		var broken int
		if err := legacytest.SQL(t, c).QueryRowContext(t.Context(), "SELECT COUNT(*) FROM users WHERE UserName IS NULL").Scan(&broken); err != nil || broken != 1 {
			t.Errorf("checking changed the database: %d logins are NULL, want 1 (%v)", broken, err)
		}
	})
}

func TestOpenNeedsTheTenantEverywhere(t *testing.T) {
	c := legacytest.IQConfig(t, legacy.SQLite)
	c.Profile.Statements = maps.Clone(c.Profile.Statements)
	c.Profile.Statements[legacy.Softphones] = "SELECT SipUri AS address FROM softphones WHERE UserID = :user_id"
	legacytest.Open(t, c) // ids are global: the control
	c.Profile.UserIDScope = legacy.PerTenant
	if _, err := legacy.Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), "softphones: it does not use :tenant") {
		t.Errorf("got %v", err)
	}
	c.Profile.UserIDScope = legacy.Global
	c.Profile.Statements[legacy.UserByID] = strings.Replace(c.Profile.Statements[legacy.UserByID], "u.CustomerID = :tenant AND", "", 1)
	if _, err := legacy.Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), "user_by_id: it does not use :tenant") {
		t.Errorf("got %v", err)
	}
}

func TestOpenWithoutDatabase(t *testing.T) {
	good := legacytest.IQConfig(t, legacy.SQLite)
	for name, change := range map[string]func(*legacy.Config){
		"no such file":           func(c *legacy.Config) { c.DSN = secret.New(filepath.Join(t.TempDir(), "none.db")) },
		"file that it names":     func(c *legacy.Config) { c.DSN = secret.New("root:hunter2@tcp(db:3306)/iq") },
		`engine "oracle"`:        func(c *legacy.Config) { c.Engine = "oracle" },
		"dsn is not of the form": func(c *legacy.Config) { c.Engine, c.DSN = legacy.MySQL, secret.New("root:hunter2@nowhere") },
	} {
		c := good
		change(&c)
		_, err := legacy.Open(t.Context(), c)
		if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("want %q, got %v", name, err)
		}
	}
}
