package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/internal/id"
)

// maxTransaction bounds a transaction with its retries. Readers of the change feed look 30 s back,
// which must be longer than this plus the difference between two replicas' clocks.
const maxTransaction = 5 * time.Second

// A tx is one try of a transaction.
type tx struct {
	conn
	// now is when the try began.
	now time.Time
	// again is true when the COMMIT of an earlier try may have succeeded.
	again   bool
	changes []broker.Change
}

// inTx runs fn in a transaction, and again as a whole while that may help. fn must not keep what an
// earlier try has read. After a COMMIT whose outcome is unknown, a duplicate key in the next try is
// taken for fn's own row: fn must have told other duplicates apart.
func (s *Store) inTx(ctx context.Context, fn func(context.Context, *tx) error) error {
	return s.transact(ctx, fn, func(_ context.Context, try func(beginner) error) error { return try(s.writer) })
}

// inDurableTx is inTx for what must survive a power cut on SQLite, too: see openSQLite.
func (s *Store) inDurableTx(ctx context.Context, fn func(context.Context, *tx) error) error {
	return s.transact(ctx, fn, s.durably)
}

// A beginner is a *sql.DB or a *sql.Conn.
type beginner interface {
	BeginTx(ctx context.Context, opts *sql.TxOptions) (*sql.Tx, error)
}

func (s *Store) transact(ctx context.Context, fn func(context.Context, *tx) error,
	on func(context.Context, func(beginner) error) error,
) error {
	ctx, cancel := context.WithTimeout(ctx, maxTransaction)
	defer cancel()
	again := false
	return s.retry(ctx, func() error {
		t := &tx{now: s.now(), again: again}
		committed := false
		err := on(ctx, func(b beginner) (err error) {
			committed, err = s.try(ctx, b, t, fn)
			return err
		})
		if committed { // for all we know
			s.announce(t.changes)
			again = true
		}
		if t.again && isDuplicate(err) {
			return nil
		}
		return err
	})
}

// try runs fn once. It reports committed unless the transaction was certainly rolled back.
func (s *Store) try(ctx context.Context, b beginner, t *tx, fn func(context.Context, *tx) error) (committed bool, err error) {
	sqlTx, err := b.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	t.conn = s.conn(sqlTx)
	if err := fn(ctx, t); err != nil {
		_ = sqlTx.Rollback() // it fails only together with the connection, whose end rolls back too
		return false, err
	}
	err = sqlTx.Commit()
	return !isContention(err), err
}

// inStatement runs fn, a single writing statement, without the round trips of BEGIN and COMMIT. After
// a lost reply a duplicate key is taken for fn's own row; fn recognises other successes by a nonce.
func (s *Store) inStatement(ctx context.Context, fn func(context.Context, conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, maxTransaction)
	defer cancel()
	again := false
	return s.retry(ctx, func() error {
		err := fn(ctx, s.conn(s.writer))
		if again && isDuplicate(err) {
			return nil
		}
		again = again || isNodeDown(err)
		return err
	})
}

// read runs fn on a connection that cannot write on SQLite. fn must not keep what an earlier try
// has read.
func (s *Store) read(ctx context.Context, fn func(context.Context, conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, maxTransaction)
	defer cancel()
	return s.retry(ctx, func() error { return fn(ctx, s.conn(s.reader)) })
}

// retry calls fn until it succeeds or fails for a reason that time does not cure. A database that
// is down is given up at once when every host was tried: the answer is 503, and soon.
func (s *Store) retry(ctx context.Context, fn func() error) error {
	down := 0
	for try := 0; ; try++ {
		err := fn()
		switch {
		case isNodeDown(err) && down <= s.hosts:
			down++
		case isContention(err):
		default:
			return err
		}
		// Between 1 ms and 64 ms, doubling, of which a random half is waited.
		pause := time.Millisecond << min(try, 6)
		timer := time.NewTimer(pause/2 + rand.N(pause/2)) //nolint:gosec // jitter, not a secret
		select {
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("gave up after %d tries: %w", try+1, err)
		case <-timer.C:
		}
	}
}

// change appends to the change feed.
func (t *tx) change(ctx context.Context, kind string, subjects ...string) error {
	if len(subjects) == 0 {
		return nil
	}
	args := make([]any, 0, 4*len(subjects))
	for _, subject := range subjects {
		c := broker.Change{ID: id.New(), At: t.now, Kind: kind, Subject: subject}
		t.changes = append(t.changes, c)
		args = append(args, c.ID[:], micros(c.At), key(c.Kind), key(c.Subject))
	}
	return t.run(ctx, insertChange.rows(len(subjects)), args...)
}

func (s *Store) announce(changes []broker.Change) {
	listener := s.listener.Load()
	if listener == nil {
		return
	}
	for _, c := range changes {
		(*listener)(c)
	}
}
