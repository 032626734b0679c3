package sqlstore_test

import (
	"path/filepath"
	"testing"

	"github.com/patchbay-auth/patchbay/broker/sqlstore"
	"github.com/patchbay-auth/patchbay/broker/storetest"
	"github.com/patchbay-auth/patchbay/internal/mariadbtest"
	"github.com/patchbay-auth/patchbay/internal/secret"
)

func TestContractOnSQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Store { return migrated(t, sqliteDSN(t)) })
}

func TestContractOnMariaDB(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Store { return migrated(t, mariadbDSN(t)) })
}

func sqliteDSN(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "state %41?.db") }

func mariadbDSN(t testing.TB) string { return "mysql:" + mariadbtest.DSN(t) }

func open(t testing.TB, dsn string) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), sqlstore.Config{DSN: secret.New(dsn)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func migrated(t testing.TB, dsn string) *sqlstore.Store {
	t.Helper()
	s := open(t, dsn)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}
