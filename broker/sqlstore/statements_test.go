package sqlstore

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/internal/mariadbtest"
	"github.com/patchbay-auth/patchbay/internal/secret"
)

// statements reads every constant of type query from the source of this package, so that none can
// be left out of the tests below.
func statements(t *testing.T) map[string]query {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]query{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if typ, ok := spec.Type.(*ast.Ident); ok && typ.Name == "query" {
				q := query(text(t, spec.Values[0]))
				if _, twice := found[q.name()]; twice {
					t.Errorf("two statements are called %s", q.name())
				}
				found[q.name()] = q
			}
			return true
		})
	}
	if len(found) < 40 {
		t.Fatalf("found only %d statements", len(found))
	}
	return found
}

// text evaluates a constant made of literals and schemaTable.
func text(t *testing.T, e ast.Expr) string {
	t.Helper()
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		if err != nil {
			t.Fatal(err)
		}
		return s
	case *ast.BinaryExpr:
		return text(t, e.X) + text(t, e.Y)
	case *ast.Ident:
		if e.Name == "schemaTable" {
			return schemaTable
		}
	}
	t.Fatalf("cannot evaluate a %T", e)
	return ""
}

func openMigrated(t *testing.T, dsn string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Config{DSN: secret.New(dsn)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func sqliteStore(t *testing.T) *Store {
	return openMigrated(t, "sqlite:"+filepath.Join(t.TempDir(), "state.db"))
}

func TestStatementsPrepareOnBothEngines(t *testing.T) {
	all := statements(t)
	for engine, s := range map[string]*Store{
		"sqlite": sqliteStore(t), "mariadb": openMigrated(t, "mysql:"+mariadbtest.DSN(t)),
	} {
		for name, q := range all {
			if q == mysqlClock && engine == "sqlite" {
				continue
			}
			prepared, err := s.writer.PrepareContext(t.Context(), string(q))
			if err != nil {
				t.Errorf("%s: %s: %v", engine, name, err)
				continue
			}
			if err := prepared.Close(); err != nil { //nolint:sqlclosecheck // there are too many to keep them open
				t.Error(err)
			}
		}
	}
}

// TestStatementsKeepToTheCommonSubset names what works on one engine, or works otherwise on it.
func TestStatementsKeepToTheCommonSubset(t *testing.T) {
	banned := regexp.MustCompile(`(?i)\b(LIKE|RETURNING|IGNORE|REPLACE|NOW|GET_LOCK|SKIP LOCKED|FOR UPDATE|ON (CONFLICT|DUPLICATE))\b|\|\||"`)
	if !banned.MatchString("INSERT INTO t VALUES (?) RETURNING id") {
		t.Fatal("the test finds nothing")
	}
	shape := regexp.MustCompile(`^/\* [a-z_]+ \*/ (SELECT|INSERT|UPDATE|DELETE)\s`)
	for name, q := range statements(t) {
		if q == mysqlClock {
			continue
		}
		if !shape.MatchString(string(q)) {
			t.Errorf("%s does not begin with its name and a verb: %.40q", name, q)
		}
		if word := banned.FindString(string(q)); word != "" {
			t.Errorf("%s contains %q", name, word)
		}
		if writes := !strings.Contains(string(q), "SELECT"); writes && strings.Contains(string(q), "LIMIT") {
			t.Errorf("%s limits a write, which SQLite cannot", name)
		}
	}
}

// TestStatementsUseIndexes asks SQLite's planner about every WHERE clause.
func TestStatementsUseIndexes(t *testing.T) {
	s := sqliteStore(t)
	plan := func(q query) string {
		t.Helper()
		args := make([]any, strings.Count(string(q), "?"))
		for i := range args {
			args[i] = []byte("x")
		}
		if strings.Contains(string(q), "LIMIT") {
			args[len(args)-1] = 1
		}
		var lines []string
		rows, err := s.reader.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+string(q), args...)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var id, parent, unused int
			var line string
			if err := rows.Scan(&id, &parent, &unused, &line); err != nil {
				t.Fatal(err)
			}
			lines = append(lines, line)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return strings.Join(lines, "; ")
	}
	if p := plan("SELECT id FROM pb_families WHERE seq = ?"); !strings.Contains(p, "SCAN") {
		t.Fatalf("the test does not see a full scan: %s", p)
	}
	for name, q := range statements(t) {
		if !strings.Contains(string(q), "WHERE") {
			continue
		}
		p := strings.ReplaceAll(plan(q), "SCAN seen", "") // tally_logins' own intermediate result
		sorts := slices.Contains([]string{
			"select_events", "logins_through", "tally_logins", "compared_people", "differing_people", "shadow_groups", "shadow_tallies",
		}, name) // asked by people, not by requests
		if strings.Contains(p, "SCAN") || strings.Contains(p, "TEMP B-TREE") && !sorts {
			t.Errorf("%s: %s", name, p)
		}
	}
}

func TestQueriesWiden(t *testing.T) {
	for _, test := range []struct{ got, want query }{
		{query("INSERT INTO t (a, b) VALUES (?, ?)").rows(1), "INSERT INTO t (a, b) VALUES (?, ?)"},
		{query("INSERT INTO t (a, b) VALUES (?, ?)").rows(3), "INSERT INTO t (a, b) VALUES (?, ?), (?, ?), (?, ?)"},
		{query("DELETE FROM t WHERE id IN (?) AND at < ?").list(3), "DELETE FROM t WHERE id IN (?, ?, ?) AND at < ?"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}
