package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"modernc.org/sqlite"

	"github.com/patchbay-auth/patchbay/internal/prepared"
)

// openSQLite makes two pools over one file in WAL mode: one connection that writes, so that writers
// queue here and not in busy_timeout, and a few that cannot.
//
// synchronous is NORMAL: whatever was committed survives the end of the process, but a power cut
// may undo the last moments, and with them logins and rotations, so that people log in once more.
// Revocations, keys and configuration must not come undone: see durably.
func openSQLite(path string, existing bool) (engine, error) {
	switch {
	case path == "", strings.HasPrefix(path, ":"), strings.HasPrefix(path, "file:"):
		return engine{}, fmt.Errorf("state dsn sqlite:%s does not name a file", path)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return engine{}, fmt.Errorf("state dsn: %w", err)
	}
	// SQLite itself would make the file readable for everybody. The -wal and -shm files take its mode.
	flags := os.O_RDWR | os.O_CREATE
	if existing {
		flags = os.O_RDWR
	}
	file, err := os.OpenFile(path, flags, 0o600) //nolint:gosec // the operator's path
	switch {
	case existing && errors.Is(err, fs.ErrNotExist):
		return engine{}, fmt.Errorf("state file: %s is not there: 'patchbay migrate' makes it", path)
	case err != nil:
		return engine{}, fmt.Errorf("state file: %w", err)
	}
	if err := file.Close(); err != nil {
		return engine{}, fmt.Errorf("state file: %w", err)
	}
	common := url.Values{"_busy_timeout": {"4000"}, "_journal_mode": {"WAL"}, "_synchronous": {"NORMAL"}, "_dqs": {"0"}}
	writer, err := sqlitePool(path, 1, common, url.Values{"_txlock": {"immediate"}})
	if err != nil {
		return engine{}, err
	}
	reader, err := sqlitePool(path, max(4, runtime.GOMAXPROCS(0)), common, url.Values{"_query_only": {"1"}})
	if err != nil {
		return engine{}, errors.Join(err, writer.Close())
	}
	return engine{dialect: dialectSQLite, writer: writer, reader: reader, hosts: 1}, nil
}

// durably runs fn, on SQLite, on the writer with synchronous = FULL: its COMMIT returns when
// everything written so far is on the disk. Elsewhere durability is the server's setting.
func (s *Store) durably(ctx context.Context, fn func(beginner) error) error {
	if s.dialect != dialectSQLite {
		return fn(s.writer)
	}
	c, err := s.writer.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }() // which only gives it back
	if _, err := c.ExecContext(ctx, "PRAGMA synchronous = FULL"); err != nil {
		return err
	}
	defer func() {
		// Should it fail, later commits are only slower.
		_, _ = c.ExecContext(context.WithoutCancel(ctx), "PRAGMA synchronous = NORMAL")
	}()
	return fn(c)
}

func sqlitePool(path string, size int, values ...url.Values) (*sql.DB, error) {
	query := url.Values{}
	for _, v := range values {
		for name, value := range v {
			query[name] = value
		}
	}
	address := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: query.Encode()}
	connector, err := sqlite.NewConnector(address.String())
	if err != nil {
		return nil, fmt.Errorf("state file: %w", err)
	}
	db := sql.OpenDB(prepared.Connector{Connector: connector})
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return db, nil
}
