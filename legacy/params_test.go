package legacy

import (
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
		{name: "last semicolon", sql: "SELECT 1;\n", engine: SQLite, text: "SELECT 1"},
		{name: "semicolon in quotes", sql: "';' ", engine: SQLite, text: "';' "},

		{name: "two statements", sql: "SELECT 1; DROP TABLE users", engine: SQLite, fault: "more than one statement"},
		{name: "question mark", sql: "a = ?", engine: SQLite, fault: "question mark"},
		{name: "question mark in quotes", sql: "'?'", engine: SQLite, fault: "question mark"},
		{name: "open quote", sql: "'a", engine: SQLite, fault: "' is not closed"},
		{name: "open quote behind a backslash", sql: `'a\'`, engine: MySQL, fault: "' is not closed"},
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

// FuzzParseParams holds that placeholders and parameters are as many, that what stood in quotes
// stands there still, and that parsing what was parsed changes nothing.
func FuzzParseParams(f *testing.F) {
	for _, sql := range []string{"a = :x", `'\' :x' :y`, "-- :x\n:y", "/* */ :x::y", "5--:x;", "`:x` \":y\" ':z'"} {
		f.Add(sql, true)
		f.Add(sql, false)
	}
	f.Fuzz(func(t *testing.T, sql string, isMySQL bool) {
		engine := SQLite
		if isMySQL {
			engine = MySQL
		}
		text, params, err := parseParams(sql, engine)
		if err != nil {
			return
		}
		if strings.Count(text, "?") != len(params) {
			t.Fatalf("%q became %q with %d parameters", sql, text, len(params))
		}
		named := text
		for _, p := range params {
			if !strings.Contains(sql, ":"+p) {
				t.Fatalf("%q has no :%s", sql, p)
			}
			named = strings.Replace(named, "?", ":"+p, 1)
		}
		again, same, err := parseParams(named, engine)
		if err != nil || again != text || !slices.Equal(same, params) {
			t.Fatalf("%q became %q %q, and that %q %q (%v)", sql, text, params, again, same, err)
		}
	})
}
