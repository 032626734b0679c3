package mariadbtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"
)

// shared is the one server of a test binary. It lives as long as the process.
var shared = sync.OnceValues(start)

// DSN returns a go-sql-driver DSN of an empty utf8mb4 database on the binary's shared server. The
// database is dropped when the test ends.
func DSN(t testing.TB) string {
	t.Helper()
	require(t)
	s, err := shared()
	if err != nil {
		t.Fatalf("mariadbtest: %v", err)
	}
	return s.DSN(t)
}

// Start returns a server for this test alone, which ends with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	require(t)
	s, err := start()
	if err != nil {
		t.Fatalf("mariadbtest: %v", err)
	}
	t.Cleanup(s.end)
	return s
}

// DSN returns a go-sql-driver DSN of an empty utf8mb4 database on s, which is dropped when the
// test ends, if the server still answers then.
func (s *Server) DSN(t testing.TB) string {
	t.Helper()
	name := "t_" + strings.ToLower(rand.Text())
	if err := s.exec(context.Background(), "CREATE DATABASE "+name+" CHARACTER SET utf8mb4"); err != nil {
		t.Fatalf("mariadbtest: create database: %v", err)
	}
	t.Cleanup(func() {
		if !s.running() {
			return // nothing to drop; the files go with the server
		}
		if err := s.exec(context.Background(), "DROP DATABASE "+name); err != nil {
			t.Errorf("mariadbtest: drop database: %v", err)
		}
	})
	return s.config(name).FormatDSN()
}

func (s *Server) config(database string) *mysql.Config {
	c := mysql.NewConfig()
	c.User, c.Net, c.Addr, c.DBName = "root", "unix", s.socket, database
	return c
}

func (s *Server) exec(ctx context.Context, statement string) error {
	connector, err := mysql.NewConnector(s.config(""))
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	_, err = db.ExecContext(ctx, statement)
	if closeErr := db.Close(); err == nil {
		err = closeErr
	}
	return err
}

// require skips the test, or fails it where skipping is forbidden, unless MariaDB is installed.
func require(t testing.TB) {
	t.Helper()
	for _, program := range []string{"mariadbd", "mariadb-install-db"} {
		if _, err := exec.LookPath(program); err != nil {
			text := fmt.Sprintf("%s is not installed: apt-get install mariadb-server-core mariadb-client-core", program)
			if slices.Contains(strings.Split(os.Getenv("PATCHBAY_TEST_REQUIRE"), ","), "mariadb") {
				t.Fatal(text)
			}
			t.Skip(text)
		}
	}
}
