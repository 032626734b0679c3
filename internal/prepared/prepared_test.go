package prepared

import (
	"database/sql"
	"database/sql/driver"
	"path/filepath"
	"strings"
	"testing"

	"modernc.org/sqlite"
)

// open returns one connection to an empty file, and how many statements it keeps.
func open(t *testing.T) (*sql.Conn, func() int) {
	t.Helper()
	connector, err := sqlite.NewConnector("file:" + filepath.Join(t.TempDir(), "kept.db"))
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(Connector{Connector: connector})
	t.Cleanup(func() { _ = db.Close() })
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn, func() (kept int) {
		_ = conn.Raw(func(c any) error {
			kept = len(c.(*keeper).kept)
			return nil
		})
		return kept
	}
}

func TestStatementsAreKept(t *testing.T) {
	conn, kept := open(t)
	for range 3 {
		var n int
		if err := conn.QueryRowContext(t.Context(), "SELECT ? + 1", 41).Scan(&n); err != nil || n != 42 {
			t.Fatalf("got %d, %v", n, err)
		}
	}
	if kept() != 1 {
		t.Errorf("%d statements are kept", kept())
	}
}

func TestTheSchemaMayChange(t *testing.T) {
	conn, _ := open(t)
	for _, text := range []string{
		"CREATE TABLE t (a INTEGER)", "INSERT INTO t VALUES (1)",
		"DROP TABLE t", "CREATE TABLE t (b TEXT, a INTEGER)", "INSERT INTO t VALUES ('x', 2)",
	} {
		if _, err := conn.ExecContext(t.Context(), text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if !strings.HasPrefix(text, "INSERT") {
			continue
		}
		var a int
		if err := conn.QueryRowContext(t.Context(), "SELECT a FROM t").Scan(&a); err != nil || a == 0 {
			t.Errorf("after %s: %d, %v", text, a, err)
		}
	}
}

// TestLongTextsMustComeTwice: a batch of a size that never comes again is not worth a place.
func TestLongTextsMustComeTwice(t *testing.T) {
	conn, kept := open(t)
	batch := func(rows int) string { return "SELECT 1" + strings.Repeat(" UNION ALL SELECT 1", rows) }
	run := func(text string) {
		t.Helper()
		if _, err := conn.ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	for rows := range 5 {
		run(batch(100 + rows))
	}
	if kept() != 0 {
		t.Errorf("%d of the batches that came once are kept", kept())
	}
	run(batch(200))
	run(batch(200))
	if kept() != 1 {
		t.Errorf("%d are kept of a batch that came twice", kept())
	}
}

func TestThereIsABound(t *testing.T) {
	conn, kept := open(t)
	for i := range 2 * maxStatements {
		if _, err := conn.ExecContext(t.Context(), "SELECT 1"+strings.Repeat(" ", i)); err != nil {
			t.Fatal(err)
		}
	}
	if kept() != maxStatements {
		t.Errorf("%d statements are kept", kept())
	}
}

var _ driver.Conn = (*keeper)(nil)
