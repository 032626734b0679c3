package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// downFor is how long a host that failed is passed over.
const downFor = 500 * time.Millisecond

// A hostConnector connects to the first host that is up. All connections go to the same host while
// it is well: two writers on two Galera nodes conflict only at COMMIT, which costs a whole retry.
type hostConnector struct{ hosts []*host }

type host struct {
	driver.Connector
	now    func() time.Time
	failed atomic.Int64 // microseconds since 1970
}

func (h *host) markDown()  { h.failed.Store(h.now().UnixMicro()) }
func (h *host) down() bool { return h.now().Sub(time.UnixMicro(h.failed.Load())) < downFor }

// Connect implements driver.Connector. When all hosts are down it tries them all.
func (c *hostConnector) Connect(ctx context.Context) (driver.Conn, error) {
	var failures []error
	for _, down := range []bool{false, true} {
		for _, h := range c.hosts {
			if h.down() != down {
				continue
			}
			conn, err := h.connect(ctx)
			if err == nil {
				return conn, nil
			}
			failures = append(failures, err)
			if ctx.Err() != nil {
				return nil, errors.Join(failures...)
			}
		}
	}
	return nil, errors.Join(failures...)
}

// Driver implements driver.Connector.
func (c *hostConnector) Driver() driver.Driver { return c.hosts[0].Driver() }

func (h *host) connect(ctx context.Context) (driver.Conn, error) {
	raw, err := h.Connector.Connect(ctx)
	if err != nil {
		h.markDown()
		return nil, err
	}
	conn, ok := raw.(serverConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("mysql driver's %T lacks what its interface needs", raw), raw.Close())
	}
	if err := prepare(ctx, conn); err != nil {
		h.markDown()
		return nil, errors.Join(err, raw.Close())
	}
	return &hostConn{serverConn: conn, host: h}, nil
}

// serverConn is what database/sql makes use of in a connection of the MySQL driver.
type serverConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.NamedValueChecker
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// A hostConn is a connection that tells its host's state: a Galera node that has left the cluster
// keeps its connections open and refuses every statement.
type hostConn struct {
	serverConn
	host   *host
	broken bool
}

func (c *hostConn) watch(err error) error {
	if isNodeDown(err) {
		c.broken = true
		c.host.markDown()
	}
	return err
}

// IsValid implements driver.Validator.
func (c *hostConn) IsValid() bool { return !c.broken && c.serverConn.IsValid() }

// ExecContext implements driver.ExecerContext.
func (c *hostConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	result, err := c.serverConn.ExecContext(ctx, query, args)
	return result, c.watch(err)
}

// QueryContext implements driver.QueryerContext.
func (c *hostConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := c.serverConn.QueryContext(ctx, query, args)
	return rows, c.watch(err)
}

// BeginTx implements driver.ConnBeginTx.
func (c *hostConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	tx, err := c.serverConn.BeginTx(ctx, opts)
	if err != nil {
		return nil, c.watch(err)
	}
	return hostTx{tx, c}, nil
}

type hostTx struct {
	driver.Tx
	conn *hostConn
}

// Commit implements driver.Tx.
func (t hostTx) Commit() error { return t.conn.watch(t.Tx.Commit()) }
