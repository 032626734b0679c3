package legacy

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// FullScans asks the database how it would run each statement that is about one user or one search, with
// the values given by the parameters' names, and returns the tables that it would read from beginning to
// end, by statement. It runs none of them. SQL Server is not asked: there is no telling without a right
// that no reader should have.
func (db *DB) FullScans(ctx context.Context, values map[string]string) (map[Statement][]string, error) {
	scans := map[Statement][]string{}
	if db.config.Engine == SQLServer {
		return scans, nil
	}
	known := contracts()
	for _, name := range slices.Sorted(maps.Keys(db.statements)) {
		c := known[name]
		if c.writes || c.scans() || name == CountUsers || name == ListGroups || name == ListSolutions {
			continue
		}
		tables, err := db.explain(ctx, db.statements[name], values)
		if err != nil {
			return nil, fmt.Errorf("legacy: %s: explain: %w", name, err)
		}
		if len(tables) > 0 {
			scans[name] = tables
		}
	}
	return scans, nil
}

func (db *DB) explain(ctx context.Context, s *statement, values map[string]string) (tables []string, err error) {
	bound, possible := db.bind(s, values)
	if !possible {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, db.config.StatementTimeout)
	defer cancel()
	tx, err := db.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }()
	prefix := "EXPLAIN "
	switch db.config.Engine {
	case SQLite:
		prefix = "EXPLAIN QUERY PLAN "
	case Postgres:
		// So that a small table is read whole only where there is no index to read it by.
		if _, err := tx.ExecContext(ctx, "SET LOCAL enable_seqscan = off"); err != nil {
			return nil, err
		}
	case MySQL, SQLServer:
	}
	rows, err := tx.QueryContext(ctx, prefix+s.text, bound...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		r, err := readRow(rows, columns)
		if err != nil {
			return nil, err
		}
		if table := wholeTable(db.config.Engine, r); table != "" {
			tables = append(tables, table)
		}
	}
	return tables, rows.Err()
}

var (
	seqScan    = regexp.MustCompile(`Seq Scan on (\S+)`)
	sqliteScan = regexp.MustCompile(`^SCAN (\S+)`)
)

// wholeTable returns the table that a line of a plan reads from beginning to end, or nothing.
func wholeTable(engine Engine, r row) string {
	line := func(column string) string {
		text, err := r.text(column)
		if err != nil {
			return "" // a number that no plan of interest has there
		}
		return text
	}
	switch engine {
	case SQLite:
		if m := sqliteScan.FindStringSubmatch(line("detail")); m != nil && m[1] != "CONSTANT" && m[1] != "(subquery-1)" {
			return m[1]
		}
	case Postgres:
		if m := seqScan.FindStringSubmatch(line("QUERY PLAN")); m != nil {
			return m[1]
		}
	case MySQL:
		// Of a small table MySQL's optimiser rightly reads all; ten rows are no finding.
		if table := line("table"); line("type") == "ALL" && !strings.HasPrefix(table, "<") && len(line("rows")) > 2 {
			return table
		}
	case SQLServer:
	}
	return ""
}

// CountUsers returns how many users there are, about; zero where the profile has no count_users.
func (db *DB) CountUsers(ctx context.Context) (int, error) {
	if !db.has(CountUsers) {
		return 0, nil
	}
	rows, err := db.rows(ctx, db.read, CountUsers, nil)
	if err != nil || len(rows) != 1 {
		return 0, err
	}
	var n int
	text, err := rows[0].text("users")
	if err == nil {
		_, err = fmt.Sscan(text, &n)
	}
	if err != nil {
		return 0, fmt.Errorf("legacy: %s: %w", CountUsers, err)
	}
	return n, nil
}
