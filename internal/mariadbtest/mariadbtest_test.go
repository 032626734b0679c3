package mariadbtest_test

import (
	"context"
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/patchbay-auth/patchbay/internal/mariadbtest"
)

func open(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func TestEveryDatabaseIsEmptyAndPrivate(t *testing.T) {
	for range 2 {
		db := open(t, mariadbtest.DSN(t))
		if _, err := db.ExecContext(t.Context(), "CREATE TABLE t (a VARCHAR(9))"); err != nil {
			t.Fatal(err)
		}
		var charset string
		if err := db.QueryRowContext(t.Context(), "SELECT @@character_set_database").Scan(&charset); err != nil {
			t.Fatal(err)
		}
		if charset != "utf8mb4" {
			t.Errorf("character set is %s", charset)
		}
	}
}

func TestPauseResumeKill(t *testing.T) {
	server := mariadbtest.Start(t)
	db := open(t, server.DSN(t))
	ask := func(wait time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), wait)
		defer cancel()
		_, err := db.ExecContext(ctx, "DO 1")
		return err
	}
	if err := ask(30 * time.Second); err != nil {
		t.Fatalf("running server: %v", err)
	}
	server.Pause(t)
	if err := ask(100 * time.Millisecond); err == nil {
		t.Error("a paused server answered")
	}
	server.Resume(t)
	if err := ask(30 * time.Second); err != nil {
		t.Errorf("resumed server: %v", err)
	}
	server.Kill(t)
	if err := ask(30 * time.Second); err == nil {
		t.Error("a killed server answered")
	}
}

// TestNothingOutlivesTheBinary runs this test binary again, lets it panic with a server running,
// and looks for what is left.
func TestNothingOutlivesTheBinary(t *testing.T) {
	if os.Getenv("MARIADBTEST_PANIC") != "" {
		config, err := mysql.ParseDSN(mariadbtest.DSN(t))
		if err != nil {
			t.Fatal(err)
		}
		println("socket=" + config.Addr + ".")
		go func() { panic("on purpose") }()
		select {}
	}
	mariadbtest.DSN(t) // skips where there is no MariaDB
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestNothingOutlivesTheBinary$")
	cmd.Env = append(os.Environ(), "MARIADBTEST_PANIC=1")
	out, err := cmd.CombinedOutput()
	_, rest, found := strings.Cut(string(out), "socket=")
	if err == nil || !found {
		t.Fatalf("the child should have started a server and panicked: %v\n%s", err, out)
	}
	socket, _, _ := strings.Cut(rest, ".")
	dir := filepath.Dir(socket)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(dir); os.IsNotExist(err) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is still there", dir)
		}
	}
}
