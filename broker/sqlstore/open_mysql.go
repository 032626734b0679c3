package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

const (
	mysqlPool = 32
	// mysqlClock is the only statement of one engine alone.
	mysqlClock query = `/* clock */ SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)`
)

// sessionSettings make every connection behave alike, whatever the server's own settings, which may
// be a legacy application's: data that does not fit is an error and is never cut silently; waiting
// for a lock ends well before maxTransaction.
var sessionSettings = []string{
	"SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
	"SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', innodb_lock_wait_timeout = 2",
}

// causalReads makes a Galera node apply what others have committed before it reads or updates.
const causalReads = "SET SESSION wsrep_sync_wait = 3"

func openMySQL(dsn string, now func() time.Time) (engine, error) {
	configs, err := mysqlConfigs(dsn)
	if err != nil {
		return engine{}, err
	}
	connector := &hostConnector{}
	for _, config := range configs {
		base, err := mysql.NewConnector(config)
		if err != nil {
			return engine{}, errMySQLDSN
		}
		connector.hosts = append(connector.hosts, &host{Connector: base, now: now})
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(mysqlPool)
	db.SetMaxIdleConns(mysqlPool)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return engine{dialect: dialectMySQL, writer: db, reader: db, hosts: len(configs), clock: mysqlClock}, nil
}

// errMySQLDSN is all that is said about a DSN that does not parse: the parser's own error may
// repeat a part of it that it took for something else, such as the password.
var errMySQLDSN = errors.New("state dsn is not mysql:user:password@tcp(host:3306)/database")

// mysqlConfigs returns one configuration for each host of the DSN.
func mysqlConfigs(dsn string) ([]*mysql.Config, error) {
	before, addresses, after := dsn, "", ""
	if head, rest, found := cutLast(dsn, "@tcp("); found {
		if list, tail, closed := strings.Cut(rest, ")"); closed {
			before, addresses, after = head+"@tcp(", list, ")"+tail
		}
	}
	var configs []*mysql.Config
	for address := range strings.SplitSeq(addresses, ",") {
		config, err := mysql.ParseDSN(before + strings.TrimSpace(address) + after)
		if err != nil || config.DBName == "" {
			return nil, errMySQLDSN
		}
		config.ClientFoundRows = true   // 0 rows means that the WHERE clause did not match
		config.InterpolateParams = true // one round trip a statement
		config.MultiStatements = false
		config.ParseTime = false
		config.Logger = &mysql.NopLogger{} // it would repeat, on stderr, what the errors say
		if config.Timeout == 0 {
			config.Timeout = 2 * time.Second
		}
		// A COMMIT cannot be cancelled by its context.
		if config.ReadTimeout == 0 {
			config.ReadTimeout = maxTransaction
		}
		if config.WriteTimeout == 0 {
			config.WriteTimeout = maxTransaction
		}
		configs = append(configs, config)
	}
	return configs, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// prepare applies the session settings to a new connection.
func prepare(ctx context.Context, c driver.ExecerContext) error {
	for _, statement := range sessionSettings {
		if _, err := c.ExecContext(ctx, statement, nil); err != nil {
			return err
		}
	}
	_, err := c.ExecContext(ctx, causalReads, nil)
	if mysqlCode(err) == mysqlUnknownVariable {
		return nil // not a server with Galera in it
	}
	return err
}
