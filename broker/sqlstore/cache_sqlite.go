package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
)

// A preparing connector makes connections that keep their prepared statements: parsing SQL was 29 %
// of a refresh. MySQL has no need of it, where parameters are interpolated and the text is all.
type preparing struct{ driver.Connector }

// Bounds of what one connection keeps. Longer texts are batches, of which no two are alike.
const (
	preparedStatements = 128
	preparedText       = 1000 // bytes
)

// Connect implements driver.Connector.
func (p preparing) Connect(ctx context.Context) (driver.Conn, error) {
	raw, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	conn, ok := raw.(fileConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("sqlite driver's %T lacks what its interface needs", raw), raw.Close())
	}
	return &preparingConn{fileConn: conn, kept: map[string]driver.Stmt{}}, nil
}

// fileConn is what database/sql makes use of in a connection of the SQLite driver.
type fileConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// A preparingConn is used by one goroutine at a time, like every driver.Conn. A result is closed
// before the next statement runs, so that a kept statement is never in use twice.
type preparingConn struct {
	fileConn
	kept map[string]driver.Stmt
}

// prepared returns a kept statement, or nil for a text that is not worth keeping.
func (c *preparingConn) prepared(ctx context.Context, text string) (driver.Stmt, error) {
	if stmt, ok := c.kept[text]; ok {
		return stmt, nil
	}
	if len(text) > preparedText || len(c.kept) >= preparedStatements {
		return nil, nil
	}
	stmt, err := c.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	c.kept[text] = stmt
	return stmt, nil
}

// ExecContext implements driver.ExecerContext.
func (c *preparingConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	stmt, err := c.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	if stmt, ok := stmt.(driver.StmtExecContext); ok {
		return stmt.ExecContext(ctx, args)
	}
	return c.fileConn.ExecContext(ctx, text, args)
}

// QueryContext implements driver.QueryerContext.
func (c *preparingConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	stmt, err := c.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	if stmt, ok := stmt.(driver.StmtQueryContext); ok {
		return stmt.QueryContext(ctx, args)
	}
	return c.fileConn.QueryContext(ctx, text, args)
}

// Close implements driver.Conn.
func (c *preparingConn) Close() error {
	var failures []error
	for _, stmt := range c.kept {
		failures = append(failures, stmt.Close())
	}
	return errors.Join(append(failures, c.fileConn.Close())...)
}
