package legacy

import (
	"database/sql"
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/microsoft/go-mssqldb/msdsn"

	"github.com/patchbay-auth/patchbay/internal/secret"
)

// openPostgres returns connections whose transactions are read-only by default, and whose statements
// the server itself ends at the timeout.
func openPostgres(dsn secret.Text, timeout time.Duration) (*sql.DB, error) {
	config, err := pgx.ParseConfig(dsn.Reveal())
	if err != nil {
		return nil, errors.New("dsn is neither of the form postgres://user:password@host:port/database nor key=value") // the driver's error may quote it
	}
	config.RuntimeParams["default_transaction_read_only"] = "on"
	config.RuntimeParams["statement_timeout"] = strconv.FormatInt(timeout.Milliseconds(), 10)
	// Texts are compared as bytes in Go, so they must arrive in one encoding.
	config.RuntimeParams["client_encoding"] = "UTF8"
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = timeout
	}
	return stdlib.OpenDB(*config), nil
}

// openSQLServer asks for connections that mean to read, which high-availability groups send to a
// secondary. The server has no read-only transactions: that nothing is written is up to the rights of
// the user, and to this package, which has no statement that writes there.
func openSQLServer(dsn secret.Text, timeout time.Duration) (*sql.DB, error) {
	config, err := msdsn.Parse(dsn.Reveal())
	if err != nil {
		return nil, errors.New("dsn is not of the form sqlserver://user:password@host:port?database=name") // likewise
	}
	config.ReadOnlyIntent = config.Database != "" // which it needs to find a secondary
	if config.ConnTimeout == 0 {
		// Of a single read. It ends the wait for what the server says of a statement that was cancelled.
		config.ConnTimeout = timeout
	}
	return sql.OpenDB(punctual{config, timeout}), nil
}
