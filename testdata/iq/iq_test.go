package iq_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	_ "github.com/go-sql-driver/mysql"
	_ "modernc.org/sqlite"

	"github.com/patchbay-auth/patchbay/internal/mariadbtest"
	"github.com/patchbay-auth/patchbay/testdata/iq"
)

func TestLoad(t *testing.T) {
	for _, engine := range []string{"sqlite", "mysql"} {
		t.Run(engine, func(t *testing.T) {
			dsn := ""
			if engine == "mysql" {
				dsn = mariadbtest.DSN(t)
			} else {
				dsn = filepath.Join(t.TempDir(), "iq.db")
			}
			db, err := sql.Open(engine, dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			if err := iq.Load(t.Context(), db, engine); err != nil {
				t.Fatal(err)
			}
			for query, want := range map[string]int{
				"SELECT COUNT(*) FROM users":                   200,
				"SELECT COUNT(DISTINCT CustomerID) FROM users": 3,
				"SELECT COUNT(*) FROM users WHERE CustomerID = 10010 AND UserName = 'ana' AND UserID = 4711":         1,
				"SELECT COUNT(*) FROM external_identities WHERE ExternalID = 'corp|bo'":                              2,
				"SELECT COUNT(*) FROM users u LEFT JOIN credentials c ON c.UserID = u.UserID WHERE c.PwHash IS NULL": 3,
			} {
				var got int
				if err := db.QueryRowContext(t.Context(), query).Scan(&got); err != nil {
					t.Fatalf("%s: %v", query, err)
				}
				if got != want {
					t.Errorf("%s = %d, want %d", query, got, want)
				}
			}
		})
	}
}

func TestLoadNamesAnUnknownEngine(t *testing.T) {
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "iq.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := iq.Load(t.Context(), db, "oracle"); err == nil || err.Error() != `iq: there is no sample for engine "oracle"` {
		t.Errorf("got %v", err)
	}
}
