package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/internal/mariadbtest"
)

func TestErrorsAreTold(t *testing.T) {
	server := func(number uint16) error { return fmt.Errorf("wrapped: %w", &mysql.MySQLError{Number: number}) }
	for _, test := range []struct {
		name                        string
		err                         error
		duplicate, contention, down bool
	}{
		{name: "none"},
		{name: "duplicate", err: server(1062), duplicate: true},
		{name: "deadlock", err: server(1213), contention: true},
		{name: "lock timeout", err: server(1205), contention: true},
		{name: "snapshot conflict", err: server(1020), contention: true},
		{name: "node outside the cluster", err: server(1047), down: true},
		{name: "error during commit", err: server(1180), down: true},
		{name: "gone", err: server(2006), down: true},
		{name: "lost", err: server(2013), down: true},
		{name: "bad connection", err: driver.ErrBadConn, down: true},
		{name: "invalid connection", err: mysql.ErrInvalidConn, down: true},
		{name: "refused", err: &net.OpError{Op: "dial", Err: errors.New("refused")}, down: true},
		{name: "deadline of the caller", err: context.DeadlineExceeded},
		{name: "caller gone", err: context.Canceled},
		{name: "access denied", err: server(1045)},
	} {
		if isDuplicate(test.err) != test.duplicate || isContention(test.err) != test.contention || isNodeDown(test.err) != test.down {
			t.Errorf("%s: duplicate %v, contention %v, down %v", test.name,
				isDuplicate(test.err), isContention(test.err), isNodeDown(test.err))
		}
	}
}

// TestDeadlockIsRetried makes two transactions take two rows in opposite order.
func TestDeadlockIsRetried(t *testing.T) {
	s := openMigrated(t, "mysql:"+mariadbtest.DSN(t))
	rows := []id.ID{id.New(), id.New()}
	for _, row := range rows {
		a := []any{row[:], key("authorize"), key("new"), key("acme"), key("{}"), make([]byte, 32), key(""), nil, nil, nil, nil, 1, 1}
		if err := s.conn(s.writer).run(t.Context(), insertAttempt, a...); err != nil {
			t.Fatal(err)
		}
	}
	tries := make(chan int, 100)
	var both [2]chan struct{}
	both[0], both[1] = make(chan struct{}), make(chan struct{})
	work := func(me int) error {
		first := true
		return s.inTx(t.Context(), func(ctx context.Context, tx *tx) error {
			tries <- me
			for i := range rows {
				row := rows[(i+me)%2]
				if err := tx.run(ctx, moveAttempt, key("new"), key(""), key(""), nil, nil, nil, nil, row[:], key("new")); err != nil {
					return err
				}
				if first && i == 0 { // meet when both hold one row
					first = false
					close(both[me])
					<-both[1-me]
				}
			}
			return nil
		})
	}
	errs := make(chan error)
	for me := range 2 {
		go func() { errs <- work(me) }()
	}
	for range 2 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if len(tries) < 3 {
		t.Errorf("%d tries: there was no deadlock", len(tries))
	}
}

// TestBusySQLite meets the lock of another process.
func TestBusySQLite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := openMigrated(t, "sqlite:"+path)
	other, err := sqlitePool(path, 1, url.Values{"_busy_timeout": {"0"}, "_txlock": {"immediate"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := other.Close(); err != nil {
			t.Error(err)
		}
	}()
	begin := func() error {
		tx, err := other.BeginTx(t.Context(), nil)
		if err != nil {
			return err
		}
		return tx.Rollback()
	}
	if err := begin(); err != nil {
		t.Fatalf("nobody holds the lock: %v", err)
	}
	err = s.inTx(t.Context(), func(context.Context, *tx) error {
		if err := begin(); !isContention(err) {
			t.Errorf("a busy database is told as %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestRetryGivesUp(t *testing.T) {
	s := &Store{engine: engine{hosts: 2}}
	tries := 0
	cause := mysql.ErrInvalidConn
	err := s.retry(t.Context(), func() error { tries++; return cause })
	if !errors.Is(err, cause) || tries != 4 {
		t.Errorf("servers that are down: %d tries, error %v", tries, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	busy := &mysql.MySQLError{Number: mysqlDeadlock, Message: "deadlock"}
	if err := s.retry(ctx, func() error { return busy }); !errors.Is(err, busy) {
		t.Errorf("contention without end: %v", err)
	}
}
