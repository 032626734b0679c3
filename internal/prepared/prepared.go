// Package prepared keeps a connection's prepared statements, so that a text is parsed once for each
// connection and not once for each use.
package prepared

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
)

// A Connector makes connections that keep their prepared statements. It is for SQLite, where parsing
// was 29 % of a refresh. MySQL has no need of it while parameters are interpolated and the text is all.
type Connector struct{ driver.Connector }

// Bounds of what one connection keeps.
const (
	maxStatements = 128
	// maxText is the length, in bytes, of a text that is kept at first sight. Longer ones are batches, of
	// which few are alike: they have to come twice in a row, as they do under load, when all are full.
	maxText = 1000
)

// Connect implements driver.Connector.
func (p Connector) Connect(ctx context.Context) (driver.Conn, error) {
	raw, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	conn, ok := raw.(fileConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("sqlite driver's %T lacks what its interface needs", raw), raw.Close())
	}
	return &keeper{fileConn: conn, kept: map[string]driver.Stmt{}}, nil
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

// A keeper is used by one goroutine at a time, like every driver.Conn. A result is closed
// before the next statement runs, so that a kept statement is never in use twice.
type keeper struct {
	fileConn
	kept map[string]driver.Stmt
	// long is the last text that was longer than maxText.
	long string
}

// prepared returns a kept statement, or nil for a text that is not worth keeping.
func (c *keeper) prepared(ctx context.Context, text string) (driver.Stmt, error) {
	if stmt, ok := c.kept[text]; ok {
		return stmt, nil
	}
	if len(c.kept) >= maxStatements {
		return nil, nil
	}
	if len(text) > maxText && text != c.long {
		c.long = text
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
func (c *keeper) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
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
func (c *keeper) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
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
func (c *keeper) Close() error {
	var failures []error
	for _, stmt := range c.kept {
		failures = append(failures, stmt.Close())
	}
	return errors.Join(append(failures, c.fileConn.Close())...)
}
