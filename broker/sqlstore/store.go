package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/census"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/keyring"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/broker/shadow"
	"github.com/patchbay-auth/patchbay/internal/secret"
)

// A Store keeps broker-owned state. It is safe for concurrent use.
type Store struct {
	engine
	now      func() time.Time
	observe  func(name string)
	listener atomic.Pointer[func(broker.Change)]
}

var (
	_ broker.AttemptStore = (*Store)(nil)
	_ broker.SessionStore = (*Store)(nil)
	_ broker.ConsentStore = (*Store)(nil)
	_ broker.LogoutStore  = (*Store)(nil)
	_ broker.EventStore   = (*Store)(nil)
	_ broker.ChangeStore  = (*Store)(nil)
	_ broker.SweepStore   = (*Store)(nil)
	_ grant.Store         = (*Store)(nil)
	_ keyring.Store       = (*Store)(nil)
	_ registry.Store      = (*Store)(nil)
	_ census.Store        = (*Store)(nil)
	_ shadow.Store        = (*Store)(nil)
)

// Config says where the state is.
type Config struct {
	// DSN is one of
	//
	//	sqlite:/var/lib/patchbay/state.db
	//	mysql:user:password@tcp(host1:3306,host2:3306)/database?tls=true
	//
	// What follows "sqlite:" is a file, made with mode 0600 when it is not there; never :memory:.
	// What follows "mysql:" is a go-sql-driver DSN, in which tcp may name several hosts of one
	// cluster: the first one that is up is used. It holds a password, so no error repeats it.
	DSN secret.Text
	// Existing refuses a file that is not there, instead of making it.
	Existing bool
	// Now reports the time; nil means time.Now.
	Now func() time.Time
	// OnStatement, if set, is told the name of every statement before it runs, BEGIN and COMMIT
	// excepted. It must be quick and safe for concurrent use.
	OnStatement func(name string)
}

// engine is what differs between the databases.
type engine struct {
	dialect dialect
	// writer and reader are the same pool on MySQL.
	writer, reader *sql.DB
	// hosts is how many servers there are to try.
	hosts int
	// clock asks the database for its time in microseconds; empty where there is no other clock.
	clock query
}

// Open connects to the state database. It changes nothing in it: see CheckSchema and Migrate.
func Open(ctx context.Context, config Config) (*Store, error) {
	s := &Store{now: config.Now, observe: config.OnStatement}
	if s.now == nil {
		s.now = time.Now
	}
	if s.observe == nil {
		s.observe = func(string) {}
	}
	kind, rest, _ := strings.Cut(config.DSN.Reveal(), ":")
	var err error
	switch kind {
	case "sqlite":
		s.engine, err = openSQLite(rest, config.Existing)
	case "mysql":
		s.engine, err = openMySQL(rest, s.now)
	default:
		err = errors.New("state dsn begins with neither sqlite: nor mysql: as it must")
	}
	if err != nil {
		return nil, err
	}
	if err := s.Ping(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, maxTransaction)
	defer cancel()
	return wrap(s.retry(ctx, func() error { return s.writer.PingContext(ctx) }), "reach the database")
}

// Close closes all connections, after the calls in progress have ended.
func (s *Store) Close() error {
	err := s.writer.Close()
	if s.reader != s.writer {
		err = errors.Join(s.reader.Close(), err) // the writer closes last, and tidies the WAL up
	}
	return wrap(err, "close")
}

func (s *Store) conn(q querier) conn { return conn{q, s.observe} }
