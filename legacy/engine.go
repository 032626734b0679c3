package legacy

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"time"

	"github.com/go-sql-driver/mysql"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/patchbay-auth/patchbay/internal/prepared"
	"github.com/patchbay-auth/patchbay/internal/secret"
)

// Engine is a kind of database.
type Engine string

// The engines.
const (
	// MySQL is MySQL or MariaDB; its DSN is go-sql-driver's.
	MySQL Engine = "mysql"
	// SQLite is a file that must exist; its DSN is the file's path.
	SQLite Engine = "sqlite"
	// Postgres is PostgreSQL, read-only; its DSN is libpq's, as a URL or as key=value.
	Postgres Engine = "postgres"
	// SQLServer is Microsoft SQL Server, read-only; its DSN is a sqlserver:// URL.
	SQLServer Engine = "sqlserver"
)

// readOnly reports whether nothing is ever written to databases of this kind.
func (e Engine) readOnly() bool { return e == Postgres || e == SQLServer }

// pools returns the connections to read with, and those to write with, which may be the same.
func (e Engine) pools(dsn secret.Text, conns int, timeout time.Duration) (read, write *sql.DB, err error) {
	switch e {
	case MySQL:
		read, err = openMySQL(dsn, timeout)
	case Postgres:
		read, err = openPostgres(dsn, timeout)
	case SQLServer:
		read, err = openSQLServer(dsn, timeout)
	case SQLite:
		return openSQLite(dsn, conns, timeout)
	default:
		err = fmt.Errorf("engine %q is none of %s, %s, %s and %s", e, MySQL, SQLite, Postgres, SQLServer)
	}
	if err != nil {
		return nil, nil, err
	}
	return bounded(read, conns), read, nil
}

func openMySQL(dsn secret.Text, timeout time.Duration) (*sql.DB, error) {
	config, err := mysql.ParseDSN(dsn.Reveal())
	if err != nil {
		return nil, errors.New("dsn is not of the form user:password@tcp(host:port)/database") // the driver's error may quote it
	}
	config.InterpolateParams = true // one round trip for a statement, not three
	config.ClientFoundRows = true
	config.ParseTime = false
	config.MultiStatements = false
	if config.Timeout == 0 {
		config.Timeout = timeout // of the dial
	}
	config.Logger = &mysql.NopLogger{} // it would repeat, on stderr, what the errors say
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, fmt.Errorf("dsn: %w", err)
	}
	return sql.OpenDB(impatient{connector, timeout}), nil
}

// impatient makes a MySQL or MariaDB server end a statement that nobody waits for any more: by itself it
// would go on, and a slow server would be asked more and more.
type impatient struct {
	driver.Connector
	timeout time.Duration
}

// Connect implements driver.Connector. Each of the two comments is executed by one of the servers alone.
func (i impatient) Connect(ctx context.Context) (driver.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, i.timeout) // database/sql also connects for nobody in particular
	defer cancel()
	conn, err := i.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	set := fmt.Sprintf("SET @patchbay = 1 /*!50708 , max_execution_time = %d */ /*M!100108 , max_statement_time = %.3f */",
		i.timeout.Milliseconds(), i.timeout.Seconds())
	if _, err := conn.(driver.ExecerContext).ExecContext(ctx, set, nil); err != nil {
		return nil, errors.Join(fmt.Errorf("limit the time of statements: %w", err), conn.Close())
	}
	return conn, nil
}

func openSQLite(dsn secret.Text, conns int, timeout time.Duration) (read, write *sql.DB, err error) {
	// SQLite would say 14. The path is not told: it may be another driver's DSN, with a password.
	var missing *fs.PathError
	if _, err := os.Stat(dsn.Reveal()); errors.As(err, &missing) {
		return nil, nil, fmt.Errorf("dsn: the file that it names: %w", missing.Err)
	}
	file := func(extra string) (*sql.DB, error) {
		connector, err := sqlite.NewConnector(fmt.Sprintf("file:%s?mode=rw&_pragma=busy_timeout(%d)&%s",
			(&url.URL{Path: dsn.Reveal()}).EscapedPath(), timeout.Milliseconds(), extra))
		if err != nil {
			return nil, fmt.Errorf("dsn: %w", err)
		}
		return sql.OpenDB(prepared.Connector{Connector: connector}), nil
	}
	write, err = file("_txlock=immediate&_pragma=journal_mode(WAL)")
	if err != nil {
		return nil, nil, err
	}
	read, err = file("_pragma=query_only(1)")
	if err != nil {
		return nil, nil, errors.Join(err, write.Close())
	}
	return bounded(read, conns), bounded(write, 1), nil
}

func bounded(pool *sql.DB, conns int) *sql.DB {
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	return pool
}

// isDuplicate reports whether err is the violation of a unique key.
func isDuplicate(err error) bool {
	var my *mysql.MySQLError
	var lite *sqlite.Error
	switch {
	case errors.As(err, &my):
		return my.Number == 1062 // ER_DUP_ENTRY
	case errors.As(err, &lite):
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	return false
}

// isConflict reports whether err says that another transaction was in the way, and that trying
// again may work.
func isConflict(err error) bool {
	var my *mysql.MySQLError
	var lite *sqlite.Error
	switch {
	case errors.As(err, &my):
		return my.Number == 1213 || my.Number == 1205 || my.Number == 1020 // deadlock, lock wait, record changed
	case errors.As(err, &lite):
		code := lite.Code() & 0xff
		return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED
	}
	return false
}
