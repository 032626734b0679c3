package legacy

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestParseParams(t *testing.T) {
	for _, tt := range []struct {
		name, sql string
		engine    Engine
		text      string
		params    []string
		fault     string
	}{
		{name: "in order, repeated", sql: "a = :x AND b = :y OR c=:x", engine: SQLite, text: "a = ? AND b = ? OR c=?", params: []string{"x", "y", "x"}},
		{name: "name ends at an operator", sql: ":user_id+1", engine: SQLite, text: "?+1", params: []string{"user_id"}},
		{name: "in quotes", sql: "':x' \":x\" `:x` :y", engine: SQLite, text: "':x' \":x\" `:x` ?", params: []string{"y"}},
		{name: "doubled quote", sql: "'it''s :x' :y", engine: MySQL, text: "'it''s :x' ?", params: []string{"y"}},
		{name: "backslash escapes in MySQL", sql: `'\' :x' :y`, engine: MySQL, text: `'\' :x' ?`, params: []string{"y"}},
		{name: "backslash in double quotes in MySQL", sql: `"\" :x" :y`, engine: MySQL, text: `"\" :x" ?`, params: []string{"y"}},
		{name: "backslash is a character in SQLite", sql: `'\' :x`, engine: SQLite, text: `'\' ?`, params: []string{"x"}},
		{name: "backslash is a character in a MySQL name", sql: "`\\` :x", engine: MySQL, text: "`\\` ?", params: []string{"x"}},
		{name: "line comment", sql: "a -- :x'\n:y", engine: SQLite, text: "a  \n?", params: []string{"y"}},
		{name: "line comment at the end", sql: "a -- :x", engine: MySQL, text: "a  "},
		{name: "two minuses are a comment in SQLite", sql: "5--:x", engine: SQLite, text: "5 "},
		{name: "hash comment in MySQL", sql: "a # :x\n:y", engine: MySQL, text: "a  \n?", params: []string{"y"}},
		{name: "block comment", sql: "a /* :x ' -- */ :y", engine: SQLite, text: "a   ?", params: []string{"y"}},
		{name: "cast", sql: ":x::text", engine: SQLite, text: "?::text", params: []string{"x"}},
		{name: "assignment", sql: "@a := :x", engine: MySQL, text: "@a := ?", params: []string{"x"}},
		{name: "numbered in PostgreSQL, a name once", sql: "a = :x AND b = :y OR c = :x", engine: Postgres, text: "a = $1 AND b = $2 OR c = $1", params: []string{"x", "y"}},
		{name: "cast in PostgreSQL", sql: ":x::bigint", engine: Postgres, text: "$1::bigint", params: []string{"x"}},
		{name: "backslash is a character in PostgreSQL", sql: `'\' || :x`, engine: Postgres, text: `'\' || $1`, params: []string{"x"}},
		{name: "a name that ends in e before a text", sql: "type'a' :x", engine: Postgres, text: "type'a' $1", params: []string{"x"}},
		{name: "dollar in a name", sql: "a$b = :x", engine: Postgres, text: "a$b = $1", params: []string{"x"}},
		{name: "numbered in SQL Server", sql: "a = :x AND b = :y OR c = :x", engine: SQLServer, text: "a = @p1 AND b = @p2 OR c = @p1", params: []string{"x", "y"}},
		{name: "brackets", sql: "[it's :x] :y", engine: SQLServer, text: "[it's :x] @p1", params: []string{"y"}},
		{name: "doubled bracket", sql: "[a]]:x] :y", engine: SQLServer, text: "[a]]:x] @p1", params: []string{"y"}},
		{name: "brackets in SQLite", sql: "[:x] :y", engine: SQLite, text: "[:x] ?", params: []string{"y"}},
		{name: "subscript in PostgreSQL", sql: "a[1] = :x", engine: Postgres, text: "a[1] = $1", params: []string{"x"}},
		{name: "last semicolon", sql: "SELECT 1;\n", engine: SQLite, text: "SELECT 1"},
		{name: "semicolon in quotes", sql: "';' ", engine: SQLite, text: "';' "},

		{name: "two statements", sql: "SELECT 1; DROP TABLE users", engine: SQLite, fault: "more than one statement"},
		{name: "question mark", sql: "a = ?", engine: SQLite, fault: "question mark"},
		{name: "question mark in quotes", sql: "'?'", engine: SQLite, fault: "question mark"},
		{name: "open quote", sql: "'a", engine: SQLite, fault: "' is not closed"},
		{name: "open quote behind a backslash", sql: `'a\'`, engine: MySQL, fault: "' is not closed"},
		{name: "parameter of PostgreSQL's own", sql: "a = $1", engine: Postgres, fault: "a $ begins a parameter"},
		{name: "dollar quotes", sql: "$$ :x $$", engine: Postgres, fault: "a $ begins a parameter"},
		{name: "text with escapes", sql: `a = E'\'' :x'`, engine: Postgres, fault: "it contains an E'"},
		{name: "backtick in PostgreSQL", sql: "`a`", engine: Postgres, fault: "a ` begins"},
		{name: "parameter of SQL Server's own", sql: "a = @p1", engine: SQLServer, fault: "a @ begins a parameter"},
		{name: "parameter of SQLite's own", sql: "a = @x", engine: SQLite, fault: "a @ begins a parameter"},
		{name: "open bracket", sql: "[a", engine: SQLServer, fault: "[ is not closed"},
		{name: "comment in a comment", sql: "/* a /* b */ :x */", engine: Postgres, fault: "within a comment"},
		{name: "digit behind a name", sql: "a = :x1", engine: Postgres, fault: `:x is followed by "1"`},
		{name: "open comment", sql: "/* a", engine: SQLite, fault: "/* is not closed"},
		{name: "executable comment", sql: "/*!50000 DROP */", engine: MySQL, fault: "executable comment"},
		{name: "executable comment of MariaDB", sql: "/*M! DROP */", engine: MySQL, fault: "executable comment"},
		{name: "two minuses are arithmetic in MySQL", sql: "5--:x", engine: MySQL, fault: "write - - for two minuses"},
		{name: "no name", sql: ": x", engine: SQLite, fault: "colon is not followed"},
		{name: "positional", sql: ":1", engine: SQLite, fault: "colon is not followed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text, params, err := parseParams(tt.sql, tt.engine)
			if tt.fault != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fault) {
					t.Fatalf("got %q, %v, want fault %q", text, err, tt.fault)
				}
				return
			}
			if err != nil || text != tt.text || !slices.Equal(params, tt.params) {
				t.Errorf("got %q %q, %v", text, params, err)
			}
		})
	}
}

// FuzzParseParams holds, for every engine, that every parameter has its placeholder, and that no other one
// has come to be; and where placeholders are not numbered, that parsing what was parsed, its placeholders
// named again, changes nothing.
func FuzzParseParams(f *testing.F) {
	engines := []Engine{SQLite, MySQL, Postgres, SQLServer}
	for _, sql := range []string{"a = :x", `'\' :x' :y`, "-- :x\n:y", "/* */ :x::y", "5--:x;", "`:x` \":y\" ':z'", "[a]]:x] :y", ":x :y :x", "E'\\' :x", "a$b :x"} {
		for i := range engines {
			f.Add(sql, uint8(i))
		}
	}
	f.Fuzz(func(t *testing.T, sql string, which uint8) {
		engine := engines[int(which)%len(engines)]
		text, params, err := parseParams(sql, engine)
		if err != nil {
			return
		}
		for _, p := range params {
			if !strings.Contains(sql, ":"+p) {
				t.Fatalf("%q has no :%s", sql, p)
			}
		}
		named, found := text, 0
		if prefix := engine.dialect().numbered; prefix == "" {
			found = strings.Count(text, "?")
			for _, p := range params {
				named = strings.Replace(named, "?", ":"+p, 1)
			}
		} else {
			for n := len(params); n > 0; n-- { // @p12 before @p1
				placeholder := fmt.Sprint(prefix, n)
				if !strings.Contains(text, placeholder) {
					t.Fatalf("%q became %q, where %s is missing", sql, text, placeholder)
				}
				found++
			}
			if strings.Contains(text, fmt.Sprint(prefix, len(params)+1)) && !strings.Contains(sql, fmt.Sprint(prefix, len(params)+1)) {
				t.Fatalf("%q became %q, with %d parameters", sql, text, len(params))
			}
			return // its numbers may also stand in a text, so naming them again proves nothing
		}
		if found != len(params) {
			t.Fatalf("%q became %q with %d parameters", sql, text, len(params))
		}
		again, same, err := parseParams(named, engine)
		if err != nil || again != text || !slices.Equal(same, params) {
			t.Fatalf("%q became %q %q, and that %q %q (%v)", sql, text, params, again, same, err)
		}
	})
}
