package legacytest

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // loads the sample

	"github.com/patchbay-auth/patchbay/internal/mariadbtest"
	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/legacy"
)

// Foreign loads a sample of somebody else's schema from a directory of testdata (phpbb, aspnet, django),
// and returns the configuration to open it with: its profile is the file of the same name.
func Foreign(t testing.TB, dir string, engine legacy.Engine) legacy.Config {
	t.Helper()
	profile, err := legacy.LoadProfile(filepath.Join(dir, filepath.Base(dir)+".yaml"), engine)
	if err != nil {
		t.Fatal(err)
	}
	c := legacy.Config{Engine: engine, DSN: emptyDatabase(t, engine), Profile: profile}
	db := SQL(t, c)
	for _, file := range []string{"schema." + string(engine) + ".sql", "seed.sql"} {
		text, err := os.ReadFile(filepath.Join(dir, file)) //nolint:gosec // a sample
		if err != nil {
			t.Fatal(err)
		}
		for statement := range strings.SplitSeq(string(text), ";\n") {
			if _, err := db.ExecContext(t.Context(), statement); err != nil && strings.TrimSpace(statement) != "" {
				t.Fatalf("%s: %v in %s", file, err, statement)
			}
		}
	}
	return c
}

func emptyDatabase(t testing.TB, engine legacy.Engine) secret.Text {
	t.Helper()
	switch engine {
	case legacy.MySQL:
		return secret.New(mariadbtest.DSN(t))
	case legacy.Postgres:
		return secret.New(startPostgres(t))
	case legacy.SQLite, legacy.SQLServer:
	}
	file := filepath.Join(t.TempDir(), "legacy.db")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return secret.New(file)
}

// SQL returns the database of c without the profile, for tests that change what is in it.
func SQL(t testing.TB, c legacy.Config) *sql.DB {
	t.Helper()
	driver := string(c.Engine)
	if c.Engine == legacy.Postgres {
		driver = "pgx"
	}
	db, err := sql.Open(driver, c.DSN.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // fails where the test has killed the server
	return db
}

// Exec runs one statement on the database of c, without the profile.
func Exec(t testing.TB, c legacy.Config, statement string, args ...any) {
	t.Helper()
	if _, err := SQL(t, c).ExecContext(context.WithoutCancel(t.Context()), statement, args...); err != nil {
		t.Fatal(err)
	}
}
