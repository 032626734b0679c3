package legacy_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/legacy/legacytest"
	"github.com/patchbay-auth/patchbay/mapping"
)

// TestTypes gives a text, a flag and a time of every type that a database has, through its driver. What
// cannot be read is an error that names statement and column, and is never another value.
func TestTypes(t *testing.T) {
	lite, my, pg := legacy.SQLite, legacy.MySQL, legacy.Postgres
	type sql map[legacy.Engine]string
	everywhere := func(text string) sql { return sql{lite: text, my: text, pg: text} }
	read := func(t *testing.T, c legacy.Config, column, expression string) (mapping.User, error) {
		t.Helper()
		columns := map[string]string{"email": "'a@b.example'", "active": "1", "password_changed_at": "NULL"}
		columns[column] = expression
		user := fmt.Sprintf("SELECT '7' AS user_id, 'ana' AS username, %s AS active, %s AS email, %s AS password_changed_at FROM (SELECT 1 AS one) t WHERE ",
			columns["active"], columns["email"], columns["password_changed_at"])
		c.Profile = legacy.Profile{
			UserIDScope: legacy.PerTenant, LoginComparison: legacy.Exact,
			Statements: map[legacy.Statement]string{
				legacy.UserByLogin: user + ":tenant = 'x' AND :login = 'ana'", legacy.UserByID: user + ":tenant = 'x' AND :user_id = '7'",
			},
		}
		db, err := legacy.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }() // it was only read
		return db.User(t.Context(), "x", "7")
	}
	cases := []struct {
		name, column string
		sql          sql
		want         sql // text, "1", a date; or the fault behind an exclamation mark
	}{
		{"text (the control)", "email", everywhere("'ana@b.example'"), everywhere("ana@b.example")},
		{"NULL as text", "email", sql{lite: "NULL", my: "NULL", pg: "CAST(NULL AS text)"}, everywhere("")},
		{"a number as text", "email", everywhere("42"), everywhere("42")},
		{"the largest number as text", "email", everywhere("9223372036854775807"), everywhere("9223372036854775807")},
		{"a decimal as text", "email", everywhere("CAST(1.50 AS DECIMAL(5,2))"), sql{lite: "!a float64 is not text", my: "1.50", pg: "1.50"}},
		{"a float as text", "email", sql{lite: "1.5", my: "1.5e0", pg: "CAST(1.5 AS float8)"}, everywhere("!a float64 is not text")},
		{"a blob as text", "email", sql{lite: "X'6162'", my: "X'6162'", pg: `CAST('\x6162' AS bytea)`}, everywhere("ab")},
		{"a date as text", "email", sql{lite: "DATE('2020-01-02')", my: "DATE '2020-01-02'", pg: "DATE '2020-01-02'"}, sql{lite: "2020-01-02", my: "2020-01-02", pg: "!a time.Time is not text"}},
		{"a truth as text", "email", everywhere("TRUE"), sql{lite: "1", my: "1", pg: "!a bool is not text"}},
		{"a UUID as text", "email", sql{pg: "CAST('0d9ad1f4-5b2c-4d25-9c8e-1f0c4f6e0001' AS uuid)"}, sql{pg: "0d9ad1f4-5b2c-4d25-9c8e-1f0c4f6e0001"}},
		{"a JSON object as text", "email", sql{my: "JSON_OBJECT('a', 1)", pg: `CAST('{"a": 1}' AS jsonb)`}, everywhere(`{"a": 1}`)},
		{"64 KiB as text", "email", sql{lite: "printf('%.65536c', 'a')", my: "REPEAT('a', 65536)", pg: "REPEAT('a', 65536)"}, everywhere(strings.Repeat("a", 65536))},
		{"10 MB as text", "email", sql{lite: "printf('%.10000000c', 'a')", my: "REPEAT('a', 10000000)", pg: "REPEAT('a', 10000000)"}, everywhere("!it has 10000000 bytes, more than 65536")},

		{"a number as a flag", "active", everywhere("1"), everywhere("1")},
		{"a text as a flag", "active", everywhere("'0'"), everywhere("0")},
		{"a truth as a flag", "active", everywhere("TRUE"), everywhere("1")},
		{"a bit as a flag", "active", sql{my: "b'1'"}, everywhere("1")},
		{"a decimal as a flag", "active", everywhere("CAST(1.5 AS DECIMAL(3,1))"), sql{lite: "!a float64 is neither 0 nor 1", my: `!"1.5" is neither 0 nor 1`, pg: `!"1.5" is neither 0 nor 1`}},
		{"yes as a flag", "active", everywhere("'Y'"), everywhere(`!"Y" is neither 0 nor 1`)},
		{"nothing as a flag", "active", everywhere("''"), everywhere(`!"" is neither 0 nor 1`)},
		{"NULL as a flag", "active", sql{lite: "NULL", my: "NULL", pg: "CAST(NULL AS boolean)"}, everywhere("!it is NULL")},

		{"seconds as a time", "password_changed_at", everywhere("1577934245"), everywhere("2020-01-02T03:04:05Z")},
		{"a time", "password_changed_at", sql{lite: "DATETIME('2020-01-02 03:04:05')", my: "TIMESTAMP '2020-01-02 03:04:05'", pg: "TIMESTAMP '2020-01-02 03:04:05'"}, everywhere("2020-01-02T03:04:05Z")},
		{"a time elsewhere", "password_changed_at", sql{lite: "'2020-01-02T05:04:05+02:00'", pg: "TIMESTAMPTZ '2020-01-02 05:04:05+02'"}, everywhere("2020-01-02T03:04:05Z")},
		{"a date as a time", "password_changed_at", sql{lite: "DATE('2020-01-02')", my: "DATE '2020-01-02'", pg: "DATE '2020-01-02'"}, everywhere("2020-01-02T00:00:00Z")},
		{"a date of zeros as a time", "password_changed_at", sql{lite: "'0000-00-00 00:00:00'", my: "CAST('0000-00-00' AS DATETIME)"}, everywhere("0001-01-01T00:00:00Z")},
		{"text as a time", "password_changed_at", everywhere("'soon'"), everywhere(`!"soon" is not a time`)},
		{"a float as a time", "password_changed_at", sql{lite: "1.5", my: "1.5e0", pg: "CAST(1.5 AS float8)"}, everywhere("!a float64 is not a time")},
	}
	for _, engine := range []legacy.Engine{lite, my, pg} {
		t.Run(string(engine), func(t *testing.T) {
			c := legacytest.Foreign(t, "../testdata/"+map[legacy.Engine]string{lite: "django", my: "phpbb", pg: "django"}[engine], engine)
			for i, tt := range cases {
				expression, has := tt.sql[engine]
				if !has {
					continue
				}
				user, err := read(t, c, tt.column, expression)
				got := map[string]string{
					"email": user.Email, "active": map[bool]string{true: "1", false: "0"}[user.Active], "password_changed_at": user.PasswordChangedAt.Format(time.RFC3339),
				}[tt.column]
				want := tt.want[engine]
				if fault, faulty := strings.CutPrefix(want, "!"); faulty {
					if !errors.Is(err, mapping.ErrUnreadable) || !strings.Contains(err.Error(), "user_by_id: column "+tt.column+": "+fault) {
						t.Errorf("%s: %.60q, %v; want %s", tt.name, got, err, fault)
					}
				} else if err != nil || got != want {
					t.Errorf("%s: %.60q, %v; want %.60q", tt.name, got, err, want)
				}
				if i == 0 && t.Failed() {
					t.Fatal("the rest would prove nothing")
				}
			}
		})
	}
}
