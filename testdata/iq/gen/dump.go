package main

import (
	"fmt"
	"strings"
)

// A dump collects rows by table, and writes them as INSERTs that MySQL and SQLite both read.
type dump struct {
	order  []string
	rows   map[string][]string
	keys   map[string]int
	hashes map[string]hashed
}

func newDump() *dump {
	return &dump{rows: map[string][]string{}, keys: map[string]int{}, hashes: map[string]hashed{}}
}

// next returns the next key of a table whose keys nobody refers to.
func (d *dump) next(table string) int {
	d.keys[table]++
	return d.keys[table]
}

func (d *dump) add(table string, values ...any) {
	if len(d.rows[table]) == 0 {
		d.order = append(d.order, table)
	}
	cells := make([]string, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case nil:
			cells[i] = "NULL"
		case int:
			cells[i] = fmt.Sprint(v)
		case string:
			cells[i] = "'" + strings.ReplaceAll(v, "'", "''") + "'"
		default:
			panic(fmt.Sprintf("%s: a %T has no SQL form here", table, v))
		}
	}
	d.rows[table] = append(d.rows[table], "("+strings.Join(cells, ", ")+")")
}

func (d *dump) text() string {
	var b strings.Builder
	b.WriteString("-- Written by testdata/iq/gen; change that instead, and run go generate ./testdata/iq\n")
	for _, table := range d.order {
		fmt.Fprintf(&b, "\nINSERT INTO %s VALUES\n%s;\n", table, strings.Join(d.rows[table], ",\n"))
	}
	return b.String()
}
