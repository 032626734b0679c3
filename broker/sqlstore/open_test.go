package sqlstore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/internal/mariadbtest"
	"github.com/patchbay-auth/patchbay/internal/secret"
)

func TestBadDSNs(t *testing.T) {
	good := "sqlite:" + filepath.Join(t.TempDir(), "state.db")
	s, err := Open(t.Context(), Config{DSN: secret.New(good)})
	if err != nil {
		t.Fatalf("%s: %v", good, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, dsn := range []string{
		"", "hunter2", "postgres://u:hunter2@h/db",
		"sqlite:", "sqlite::memory:", "sqlite:file::memory:?cache=shared", "sqlite:" + t.TempDir(), "sqlite:/nowhere/at/all.db",
		"mysql:", "mysql:u:hunter2", "mysql:u:hunter2/db", "mysql:u:hunter2@tcp(h:1/db", "mysql:u:hunter2@tcp(h:1)/",
		"mysql:u:hunter2@udp(h:1)/db", "mysql:u:hunter2@tcp(h:1)/db?parseTime=hunter2", "mysql:u:hunter2@tcp(127.0.0.1:1,)/db",
	} {
		s, err := Open(t.Context(), Config{DSN: secret.New(dsn)})
		if err == nil {
			t.Errorf("%q was opened", dsn)
			_ = s.Close() // the test has failed already
			continue
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: error tells the password: %v", dsn, err)
		}
	}
}

func TestMySQLHosts(t *testing.T) {
	for _, test := range []struct{ dsn, want string }{
		{"u:p@tcp(a:1)/db", "a:1"},
		{"u:p@tcp(a, b:2,c:3)/db?tls=true", "a:3306 b:2 c:3"},
		{"u:p@tcp(x)@tcp(a:1,b:2)/db", "a:1 b:2"}, // a password may hold anything
		{"u:p@unix(/run/m.sock)/db", "/run/m.sock"},
		{"u:p@/db", "127.0.0.1:3306"},
	} {
		configs, err := mysqlConfigs(test.dsn)
		if err != nil {
			t.Errorf("%s: %v", test.dsn, err)
			continue
		}
		var got []string
		for _, c := range configs {
			got = append(got, c.Addr)
			if !c.ClientFoundRows || !c.InterpolateParams || c.DBName != "db" || c.ReadTimeout == 0 {
				t.Errorf("%s: configuration is not ours", test.dsn)
			}
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: hosts %v, want %s", test.dsn, got, test.want)
		}
	}
}

func TestMySQLSessionSettings(t *testing.T) {
	s := openMigrated(t, "mysql:"+mariadbtest.DSN(t)+"?sql_mode=%27%27&clientFoundRows=false")
	var isolation, mode string
	var wait int
	row := s.writer.QueryRowContext(t.Context(), "SELECT @@tx_isolation, @@sql_mode, @@wsrep_sync_wait")
	if err := row.Scan(&isolation, &mode, &wait); err != nil {
		t.Fatal(err)
	}
	if isolation != "READ-COMMITTED" || !strings.Contains(mode, "STRICT_ALL_TABLES") || wait != 3 {
		t.Errorf("isolation %s, mode %s, wsrep_sync_wait %d", isolation, mode, wait)
	}
	err := s.conn(s.writer).run(t.Context(), insertTenant, key("{}"), key(strings.Repeat("x", 256)))
	if err == nil {
		t.Error("a key that does not fit was cut")
	}
}

func TestSQLitePools(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := openMigrated(t, "sqlite:"+path)
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("mode of state.db%s is %o", suffix, mode)
		}
	}
	if err := s.conn(s.writer).run(t.Context(), insertTenant, key("{}"), key("acme")); err != nil {
		t.Fatalf("the writer cannot write: %v", err)
	}
	if err := s.conn(s.reader).run(t.Context(), insertTenant, key("{}"), key("globex")); err == nil {
		t.Error("the reader wrote")
	}
	var journal string
	var synchronous int
	if err := s.writer.QueryRowContext(t.Context(), "PRAGMA journal_mode").Scan(&journal); err != nil {
		t.Fatal(err)
	}
	pragma := func(c conn) int {
		if err := c.one(t.Context(), "PRAGMA synchronous", nil, &synchronous); err != nil {
			t.Fatal(err)
		}
		return synchronous
	}
	if journal != "wal" {
		t.Errorf("journal_mode is %s", journal)
	}
	const normal, full = 1, 2
	for _, test := range []struct {
		name string
		run  func(context.Context, func(context.Context, *tx) error) error
		want int
	}{{"transaction", s.inTx, normal}, {"durable transaction", s.inDurableTx, full}, {"transaction after it", s.inTx, normal}} {
		err := test.run(t.Context(), func(_ context.Context, tx *tx) error {
			if got := pragma(tx.conn); got != test.want {
				t.Errorf("%s: synchronous is %d, want %d", test.name, got, test.want)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestSchemaVersion(t *testing.T) {
	for engine, dsn := range map[string]string{
		"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "state.db"), "mariadb": "mysql:" + mariadbtest.DSN(t),
	} {
		t.Run(engine, func(t *testing.T) {
			ctx := t.Context()
			s, err := Open(ctx, Config{DSN: secret.New(dsn)})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}()
			check := func(when string, want error) {
				t.Helper()
				if err := s.CheckSchema(ctx); !errors.Is(err, want) {
					t.Errorf("%s: %v, want %v", when, err, want)
				} else if want != nil && !strings.Contains(err.Error(), "patchbay migrate") {
					t.Errorf("%s: %q names no command", when, err)
				}
			}
			alter := func(statement string) {
				t.Helper()
				if _, err := s.writer.ExecContext(ctx, statement); err != nil {
					t.Fatal(err)
				}
			}
			check("empty", ErrSchemaTooOld)
			for range 2 {
				if err := s.Migrate(ctx); err != nil {
					t.Fatal(err)
				}
				check("migrated", nil)
			}
			alter("DROP TABLE pb_creations")
			alter("DELETE FROM " + schemaTable + " WHERE version_id = 40")
			check("one step was left out", ErrSchemaTooOld)
			if err := s.Migrate(ctx); err != nil {
				t.Error(err)
			}
			check("and made up for", nil)
			alter("SELECT COUNT(*) FROM pb_creations")
			alter("INSERT INTO " + schemaTable + " (version_id, is_applied) VALUES (9999, 1)")
			check("from the future", ErrSchemaTooNew)
			if err := s.Migrate(ctx); !errors.Is(err, ErrSchemaTooNew) {
				t.Errorf("migrate: %v", err)
			}
			alter("DELETE FROM " + schemaTable + " WHERE version_id >= 5")
			check("behind", ErrSchemaTooOld)
			if engine == "sqlite" {
				return // where a migration is a transaction, and cannot be cut short
			}
			alter("DROP TABLE pb_revocations")
			if err := s.Migrate(ctx); err != nil {
				t.Errorf("a migration that was cut short: %v", err)
			}
			check("mended", nil)
			if _, err := s.Revocations(context.WithoutCancel(ctx), s.now()); err != nil {
				t.Error(err)
			}
		})
	}
}
