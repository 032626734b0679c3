package legacy_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/legacy/legacytest"
	"github.com/patchbay-auth/patchbay/mapping"
)

// TestHostileRows gives every column what it should never hold. The answer is an error that names the
// statement and the column, or nobody; it is never somebody else.
func TestHostileRows(t *testing.T) {
	if testing.Short() { // with -race, under which SQLite is thirteen times slower
		t.Skip("a database for each row of the table")
	}
	const user = "SELECT 7 AS user_id, 'x' AS tenant_id, 'ana' AS username, 1 AS active, 'a@b.example' AS email, 0 AS email_verified, NULL AS password_changed_at"
	open := func(t *testing.T, change func(string) string, details string) *legacy.DB {
		t.Helper()
		c := legacytest.IQConfig(t, legacy.SQLite)
		c.Profile.Statements = map[legacy.Statement]string{
			legacy.UserByLogin:   change(user) + " WHERE :tenant = 'x' AND :login = 'ana'",
			legacy.UserByID:      change(user) + " WHERE :tenant = 'x' AND :user_id = '7'",
			legacy.Softphones:    "SELECT " + details + " AS address WHERE :user_id = '7'",
			legacy.Roles:         "SELECT " + details + " AS name WHERE :user_id = '7'",
			legacy.Configuration: "SELECT " + details + " AS name, 'v' AS value WHERE :user_id = '7' UNION ALL SELECT 'a', 'w' WHERE :user_id = '7'",
		}
		return legacytest.Open(t, c)
	}
	same := func(s string) string { return s }
	control := open(t, same, "'b'")
	if u, err := control.User(t.Context(), "x", "7"); err != nil || u.Username != "ana" {
		t.Fatalf("the control: %+v, %v", u, err)
	}
	if d, err := control.Details(t.Context(), "x", "7", mapping.Softphones|mapping.Roles|mapping.Configuration); err != nil || len(d.Configuration) != 2 {
		t.Fatalf("the control's details: %+v, %v", d, err)
	}

	for _, tt := range []struct{ name, old, new, want string }{
		{"NULL id", "7 AS user_id", "NULL AS user_id", ""},
		{"empty id", "7 AS user_id", "'' AS user_id", ""},
		{"id of a type that is no text", "7 AS user_id", "7.5 AS user_id", "column user_id: a float64 is not text"},
		{"another id", "7 AS user_id", "8 AS user_id", ""},
		{"another tenant", "'x' AS tenant_id", "'y' AS tenant_id", ""},
		{"tenant that resembles", "'x' AS tenant_id", "'X' AS tenant_id", ""},
		{"NULL login", "'ana' AS username", "NULL AS username", "column username: it is NULL or empty"},
		{"NULL active", "1 AS active", "NULL AS active", "column active: it is NULL"},
		{"active that is no flag", "1 AS active", "'yes' AS active", `column active: "yes" is neither 0 nor 1`},
		{"active that is a number", "1 AS active", "2 AS active", `column active: "2" is neither 0 nor 1`},
		{"flag that is a float", "0 AS email_verified", "0.0 AS email_verified", "column email_verified: a float64 is neither 0 nor 1"},
		{"time that is none", "NULL AS password_changed_at", "'yesterday' AS password_changed_at", `column password_changed_at: "yesterday" is not a time`},
		{"ten megabytes", "'a@b.example' AS email", "printf('%.10000000c', 'a') AS email", "column email: it has 10000000 bytes, more than 65536"},
		{"a blob of ten megabytes", "'a@b.example' AS email", "zeroblob(10000000) AS email", "column email: it has 10000000 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			db := open(t, func(s string) string { return strings.Replace(s, tt.old, tt.new, 1) }, "'b'")
			u, err := db.User(t.Context(), "x", "7")
			switch {
			case tt.want == "" && !errors.Is(err, mapping.ErrNoUser):
				t.Errorf("got %+v, %v; want nobody", u, err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), "user_by_id: "+tt.want) || errors.Is(err, mapping.ErrNoUser)):
				t.Errorf("got %+v, %v; want %q", u, err, tt.want)
			}
		})
	}
	for name, want := range map[string]string{
		"NULL":              "it is NULL or empty",
		"''":                "it is NULL or empty",
		"1.5":               "a float64 is not text",
		"zeroblob(9999999)": "it has 9999999 bytes",
	} {
		db := open(t, same, name)
		for _, part := range []mapping.Parts{mapping.Softphones, mapping.Roles, mapping.Configuration} {
			if d, err := db.Details(t.Context(), "x", "7", part); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %+v, %v; want %q", name, d, err, want)
			}
		}
	}
	if d, err := open(t, same, "'a'").Details(t.Context(), "x", "7", mapping.Configuration); !errors.Is(err, mapping.ErrAmbiguous) {
		t.Errorf("one name twice: %+v, %v", d, err)
	}
}

// TestHostileStatements returns more rows than one.
func TestHostileStatements(t *testing.T) {
	if testing.Short() { // with -race, under which SQLite is thirteen times slower
		t.Skip("a database for each row of the table")
	}
	const rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ROWS) SELECT 7 AS user_id, 'ana' AS username, 1 AS active FROM n WHERE :tenant = 'x' AND "
	for count, want := range map[string]error{"1": nil, "2": mapping.ErrAmbiguous, "1000": mapping.ErrAmbiguous, "1001": legacy.ErrTooManyRows, "1000000": legacy.ErrTooManyRows} {
		c := legacytest.IQConfig(t, legacy.SQLite)
		text := strings.Replace(rows, "ROWS", count, 1)
		c.Profile.Statements = map[legacy.Statement]string{legacy.UserByLogin: text + ":login = 'ana'", legacy.UserByID: text + ":user_id = '7'"}
		if u, err := legacytest.Open(t, c).User(t.Context(), "x", "7"); !errors.Is(err, want) || (err == nil) != (u.ID == "7") {
			t.Errorf("%s rows: %+v, %v", count, u, err)
		}
	}
}
