package legacy

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/legacy/passhash"
	"github.com/patchbay-auth/patchbay/mapping"
)

// Config says which database to read, and how.
type Config struct {
	Engine Engine
	// DSN is secret because it holds a password. Its form is the engine's.
	DSN     secret.Text
	Profile Profile
	// ReadOnly sends no statement that writes, whatever the profile has.
	ReadOnly bool
	// MaxConns bounds the connections; zero means 16.
	MaxConns int
	// StatementTimeout bounds every statement, waiting for a connection included; zero means 2 s.
	StatementTimeout time.Duration
	// Hashing bounds the verification of passwords.
	Hashing passhash.PoolConfig
	// Rehash is how passwords are hashed anew when they were verified against a weaker hash; empty means
	// never, and then update_password is not even prepared.
	Rehash passhash.Scheme
	// OnRehash, if set, is told what became of each. It is called from many goroutines.
	OnRehash func(Rehash)
	// Fresh is how long a user and their details are served from memory without asking; zero
	// means 30 s.
	Fresh time.Duration
	// Stale is how old they may become while the database does not answer; zero means 15 min.
	Stale time.Duration
	// CacheSize bounds the users in memory, and five times that their details; zero means 20 000.
	CacheSize int
	// Now reports the time; nil means time.Now.
	Now func() time.Time
	// OnStatement, if set, is told of every statement that is sent to the database. It is called
	// from many goroutines.
	OnStatement func(Statement)
}

// A DB is an open legacy database. It is safe for concurrent use.
type DB struct {
	config     Config
	read       *sql.DB
	write      *sql.DB
	statements map[Statement]*statement
	verifier   *passhash.Verifier
	hashes     *passhash.Pool
	users      *cache[mapping.User]
	details    *cache[mapping.Details]
}

// A statement is a profile's SQL in the driver's form.
type statement struct {
	name    Statement
	text    string
	params  []string
	columns []string // nil for writes
}

// Open connects, and checks every statement of the profile against the database. Its error names
// every fault, by statement and column.
func Open(ctx context.Context, c Config) (*DB, error) {
	c = c.withDefaults()
	db := &DB{
		config:  c,
		users:   newCache[mapping.User](c, c.CacheSize),
		details: newCache[mapping.Details](c, 5*c.CacheSize),
	}
	var faults []error
	statements, found := compile(c.Profile, c.Engine)
	for _, f := range found {
		faults = append(faults, f.in(c.Profile))
	}
	db.statements = statements
	if faults = append(faults, c.rehashFaults()...); c.Rehash == "" {
		delete(statements, UpdatePassword)
	}
	if c.ReadOnly {
		maps.DeleteFunc(statements, func(name Statement, _ *statement) bool {
			kind, _ := contractOf(name)
			return kind.writes
		})
	}
	db.verifier, _ = passhash.New(c.Profile.Passwords) // what is wrong with it is among the faults
	db.hashes = passhash.NewPool(db.verifier, c.Hashing)
	var err error
	if db.read, db.write, err = c.Engine.pools(c.DSN, c.MaxConns, c.StatementTimeout); err != nil {
		return nil, fmt.Errorf("legacy: %w", errors.Join(append(faults, err)...))
	}
	if err := db.ping(ctx); err != nil {
		return nil, fmt.Errorf("legacy: %w", errors.Join(append(faults, err, db.Close())...))
	}
	if faults = append(faults, db.check(ctx)...); len(faults) > 0 {
		return nil, fmt.Errorf("legacy: %w", errors.Join(ProfileFaults(faults), db.Close()))
	}
	return db, nil
}

// ProfileFaults is everything that is wrong with a profile, on a database that answers.
type ProfileFaults []error

func (f ProfileFaults) Error() string { return errors.Join(f...).Error() }

// Unwrap returns the faults.
func (f ProfileFaults) Unwrap() []error { return f }

func (c Config) withDefaults() Config {
	if c.MaxConns <= 0 {
		c.MaxConns = 16
	}
	if c.StatementTimeout <= 0 {
		c.StatementTimeout = 2 * time.Second
	}
	if c.Fresh <= 0 {
		c.Fresh = 30 * time.Second
	}
	if c.Stale <= 0 {
		c.Stale = 15 * time.Minute
	}
	if c.CacheSize <= 0 {
		c.CacheSize = 20_000
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.OnStatement == nil {
		c.OnStatement = func(Statement) {}
	}
	if c.OnRehash == nil {
		c.OnRehash = func(Rehash) {}
	}
	return c
}

// Close closes the connections and drops the caches.
func (db *DB) Close() error {
	db.users.close()
	db.details.close()
	if db.write == db.read {
		return db.read.Close()
	}
	return errors.Join(db.read.Close(), db.write.Close())
}

// Subjects says how sub must name users, by the scope of their ids.
func (db *DB) Subjects() mapping.Subjects {
	if db.config.Profile.UserIDScope == PerTenant {
		return mapping.ByTenant
	}
	return mapping.ByUserID
}

// Ping asks the database for an answer, for readiness checks.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.ping(ctx); err != nil {
		return fmt.Errorf("legacy: %w", err)
	}
	return nil
}

func (db *DB) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, db.config.StatementTimeout)
	defer cancel()
	return db.read.PingContext(ctx)
}

// TellsUpdates reports whether the profile knows when a user was last changed.
func (db *DB) TellsUpdates() bool {
	return slices.Contains(db.statements[UserByID].columns, "updated_at")
}

// has reports whether the profile has the statement.
func (db *DB) has(name Statement) bool { return db.statements[name] != nil }

// A querier is a pool or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

const (
	// maxRows is more than any statement about one user returns by right, and a page of a scan.
	maxRows = 1000
	// maxCell is more, in bytes, than any column holds by right.
	maxCell = 64 << 10
)

// ErrTooManyRows means that a statement about one user yields more rows than it may.
var ErrTooManyRows = errors.New("it returns too many rows")

// rows runs a statement and returns everything it yields. Where a parameter can have no value such as
// the one given, nobody has it, and nobody is asked.
func (db *DB) rows(ctx context.Context, q querier, name Statement, args map[string]string) (list []row, err error) {
	s := db.statements[name]
	values, possible := db.bind(s, args)
	if !possible {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, db.config.StatementTimeout)
	defer cancel()
	defer func() {
		if err != nil {
			err = fmt.Errorf("legacy: %s: %w", name, err)
		}
	}()
	db.config.OnStatement(name)
	rows, err := q.QueryContext(ctx, s.text, values...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	if !slices.Equal(columns, s.columns) {
		return nil, fmt.Errorf("it returns the columns %q, and returned %q when it was checked", columns, s.columns)
	}
	for rows.Next() {
		if len(list) == maxRows {
			return nil, fmt.Errorf("%w: more than %d", ErrTooManyRows, maxRows)
		}
		r, err := readRow(rows, columns)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

func readRow(rows *sql.Rows, columns []string) (row, error) {
	r := row{columns: columns, cells: make([]any, len(columns))}
	targets := make([]any, len(columns))
	for i := range r.cells {
		targets[i] = &r.cells[i]
	}
	if err := rows.Scan(targets...); err != nil {
		return row{}, err
	}
	for i, cell := range r.cells {
		size := 0
		switch v := cell.(type) {
		case string:
			size = len(v)
		case []byte:
			size = len(v)
		}
		if size > maxCell {
			r.cells[i] = oversized(size) // so that a page of them does not stay in memory
		}
	}
	return r, nil
}

// bind returns the values of the statement's parameters, in order, and whether they are possible: text
// is no value of an id that is a number. What args leaves out is NULL.
func (db *DB) bind(s *statement, args map[string]string) ([]any, bool) {
	values := make([]any, len(s.params))
	for i, name := range s.params {
		value, given := args[name]
		switch {
		case !given:
		case name == "limit", (name == "user_id" || name == "after") && db.config.Profile.UserIDType == Integer:
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil || strconv.FormatInt(n, 10) != value {
				return nil, false
			}
			values[i] = n
		default:
			values[i] = value
		}
	}
	return values, true
}
