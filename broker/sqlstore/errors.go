package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/go-sql-driver/mysql"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Error numbers of MySQL and MariaDB.
const (
	mysqlCheckRead        = 1020 // record has changed since last read; MariaDB's snapshot conflict
	mysqlUnknownCommand   = 1047 // a Galera node that is not part of the cluster
	mysqlTableExists      = 1050
	mysqlShutdown         = 1053
	mysqlDuplicateColumn  = 1060
	mysqlDuplicateIndex   = 1061
	mysqlDuplicate        = 1062
	mysqlNoColumn         = 1091 // to drop
	mysqlNoTable          = 1146
	mysqlCommitError      = 1180 // Galera: the outcome of COMMIT is unknown
	mysqlUnknownVariable  = 1193
	mysqlLockTimeout      = 1205
	mysqlDeadlock         = 1213
	mysqlConnectionKilled = 1927
	mysqlServerGone       = 2006
	mysqlServerLost       = 2013
)

func mysqlCode(err error) uint16 {
	if e, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return e.Number
	}
	return 0
}

// sqliteCode returns the extended result code; its low byte is the primary one.
func sqliteCode(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()
	}
	return 0
}

// isDuplicate reports whether an INSERT met a row with the same key.
func isDuplicate(err error) bool {
	switch sqliteCode(err) {
	case sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE:
		return true
	}
	return mysqlCode(err) == mysqlDuplicate
}

// isContention reports whether the transaction was certainly rolled back, and only because others
// ran at the same time.
func isContention(err error) bool {
	switch mysqlCode(err) {
	case mysqlDeadlock, mysqlLockTimeout, mysqlCheckRead:
		return true
	}
	switch sqliteCode(err) & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return true
	}
	return false
}

// isNodeDown reports whether the server, or the connection to it, is of no use. The outcome of a
// COMMIT that ends like this is unknown.
func isNodeDown(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false // the latter is a net.Error, too
	}
	switch mysqlCode(err) {
	case mysqlUnknownCommand, mysqlShutdown, mysqlCommitError, mysqlConnectionKilled, mysqlServerGone, mysqlServerLost:
		return true
	}
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, driver.ErrBadConn) || errors.Is(err, mysql.ErrInvalidConn)
}

// isNoTable reports whether a statement named a table that is not there.
func isNoTable(err error) bool {
	return mysqlCode(err) == mysqlNoTable ||
		sqliteCode(err) == sqlite3.SQLITE_ERROR && strings.Contains(err.Error(), "no such table")
}

// wrap says what was being done when err happened.
func wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("state: "+format+": %w", append(args, err)...)
}
