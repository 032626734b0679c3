package legacy_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/legacy/legacytest"
	"github.com/patchbay-auth/patchbay/mapping"
)

// shaped is a profile whose user_by_id yields rows of the columns, at most limit.
func shaped(c legacy.Config, columns string, limit int) legacy.Config {
	// Forty times forty: MariaDB ends a recursion at a thousand.
	rows := fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40) SELECT %s FROM n CROSS JOIN n m WHERE :tenant = 'x' AND %%s LIMIT %d", columns, limit)
	c.Profile = legacy.Profile{
		UserIDScope: legacy.PerTenant, LoginComparison: legacy.Exact,
		Statements: map[legacy.Statement]string{
			legacy.UserByLogin: fmt.Sprintf(rows, ":login = 'ana'"), legacy.UserByID: fmt.Sprintf(rows, ":user_id = '7'"),
		},
	}
	return c
}

// TestShapes gives every driver's result too few rows, too many, and columns that nobody asked for.
func TestShapes(t *testing.T) {
	const user = "7 AS user_id, 'ana' AS username, 1 AS active"
	for engine, sample := range map[legacy.Engine]string{legacy.SQLite: "django", legacy.MySQL: "phpbb", legacy.Postgres: "django"} {
		t.Run(string(engine), func(t *testing.T) {
			c := legacytest.Foreign(t, "../testdata/"+sample, engine)
			if u, err := legacytest.Open(t, shaped(c, user, 1)).User(t.Context(), "x", "7"); err != nil || u.ID != "7" {
				t.Fatalf("the control: %+v, %v", u, err)
			}
			for limit, want := range map[int]error{0: mapping.ErrNoUser, 2: mapping.ErrAmbiguous, 1000: mapping.ErrAmbiguous, 1001: legacy.ErrTooManyRows, 1600: legacy.ErrTooManyRows} {
				db := legacytest.Open(t, shaped(c, user, limit))
				if u, err := db.User(t.Context(), "x", "7"); !errors.Is(err, want) || u.ID != "" {
					t.Errorf("%d rows: %+v, %v; want %v", limit, u, err, want)
				}
				if u, err := db.User(t.Context(), "x", "8"); !errors.Is(err, mapping.ErrNoUser) || u.ID != "" {
					t.Errorf("%d rows, of somebody else: %+v, %v", limit, u, err)
				}
			}
			for columns, want := range map[string]string{
				user + ", 'x' AS email, 'y' AS email":             "user_by_id: column email occurs twice",
				user + ", 'x' AS shoe_size":                       "user_by_id: column shoe_size has no meaning here",
				user + ", 2":                                      "has no meaning here",
				strings.Replace(user, "username", "user_name", 1): "user_by_id: column username is missing",
				"7 AS user_id":                                    "user_by_id: column active is missing",
			} {
				if _, err := legacy.Open(t.Context(), shaped(c, columns, 1)); err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%s: %v; want %s", columns, err, want)
				}
			}
		})
	}
}
