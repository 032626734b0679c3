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
// end, by statement, and the statements of which it does not say how: those with values that cannot be theirs. It
// runs none of them. SQL Server is not asked: there is no telling without a right that no reader should have.
func (db *DB) FullScans(ctx context.Context, values map[string]string) (scans map[Statement][]string, unknown []Statement, err error) {
	scans = map[Statement][]string{}
	known := contracts()
	for _, name := range slices.Sorted(maps.Keys(db.statements)) {
		c := known[name]
		if c.writes || c.scans() || name == CountUsers || name == ListGroups || name == ListSolutions {
			continue
		}
		if db.config.Engine == SQLServer {
			unknown = append(unknown, name)
			continue
		}
		tables, err := db.explain(ctx, db.statements[name], values)
		if err != nil && !errors.Is(err, errNoPlan) {
			// A value may be none of its column's type. Without values, every statement was tried at the start.
			if _, trouble := db.explain(ctx, db.statements[name], nil); trouble != nil && !errors.Is(trouble, errNoPlan) {
				return nil, nil, fmt.Errorf("legacy: %s: explain: %w", name, err)
			}
		}
		switch {
		case err != nil:
			unknown = append(unknown, name)
		case len(tables) > 0:
			scans[name] = tables
		}
	}
	return scans, unknown, nil
}

// errNoPlan says that with these values the database sees at once that no row can be found.
var errNoPlan = errors.New("there is no row to be found")

func (db *DB) explain(ctx context.Context, s *statement, values map[string]string) (tables []string, err error) {
	bound, possible := db.bind(s, values)
	if !possible {
		return nil, errNoPlan
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
		if impossible(db.config.Engine, r) {
			return nil, errNoPlan
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

// impossible reports whether a line of a plan says that nothing is read, whatever the tables hold.
func impossible(engine Engine, r row) bool {
	var text string
	switch engine {
	case MySQL:
		text, _ = r.text("Extra") // what is no text says nothing of the kind
		return text == "Impossible WHERE"
	case Postgres:
		text, _ = r.text("QUERY PLAN") // likewise
		return strings.Contains(text, "One-Time Filter: false")
	case SQLite, SQLServer:
	}
	return false
}

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
		if table := line("table"); (line("type") == "ALL" || line("type") == "index") && !strings.HasPrefix(table, "<") && len(line("rows")) > 2 {
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
