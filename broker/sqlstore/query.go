package sqlstore

import (
	"context"
	"database/sql"
	"strings"
)

// A query is one SQL statement in the common subset of both engines. It begins with its name in a
// comment: /* find_code */ SELECT …
type query string

func (q query) name() string {
	name, _, _ := strings.Cut(strings.TrimPrefix(string(q), "/* "), " */")
	return name
}

// rows widens an INSERT of one row to n rows.
func (q query) rows(n int) query {
	row := q[strings.LastIndexByte(string(q), '('):]
	return q + query(strings.Repeat(", "+string(row), n-1))
}

// list widens its only "IN (?)" to n values.
func (q query) list(n int) query {
	return query(strings.Replace(string(q), "IN (?)", "IN (?"+strings.Repeat(", ?", n-1)+")", 1))
}

// querier is what *sql.DB and *sql.Tx have in common.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// A conn runs statements, and tells the observer their names.
type conn struct {
	querier
	observe func(name string)
}

// exec returns how many rows the WHERE clause matched, changed or not.
func (c conn) exec(ctx context.Context, q query, args ...any) (int64, error) {
	c.observe(q.name())
	result, err := c.ExecContext(ctx, string(q), args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// run is exec for statements whose number of rows nobody asks for.
func (c conn) run(ctx context.Context, q query, args ...any) error {
	_, err := c.exec(ctx, q, args...)
	return err
}

// one scans the only row of a result; none is sql.ErrNoRows.
func (c conn) one(ctx context.Context, q query, args []any, dst ...any) error {
	c.observe(q.name())
	return c.QueryRowContext(ctx, string(q), args...).Scan(dst...)
}

// each calls scan for every row of a result.
func (c conn) each(ctx context.Context, q query, args []any, scan func(*sql.Rows) error) error {
	c.observe(q.name())
	rows, err := c.QueryContext(ctx, string(q), args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err tells what went wrong
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
