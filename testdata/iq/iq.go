// Package iq is a sample of the legacy user database that patchbay is made for: a schema of 2005
// with integer keys, mixed-case columns, hardly a constraint, and a seed of 200 users in three
// tenants, including everything such a table collects over twenty years. The demo and the tests
// run on it. It exists for MySQL and for SQLite.
package iq

import (
	"context"
	"database/sql"
	_ "embed"
	"fmt"
	"strings"
)

//go:generate go run ./gen

var (
	//go:embed schema.mysql.sql
	schemaMySQL string
	//go:embed schema.sqlite.sql
	schemaSQLite string
	//go:embed seed.sql
	seed string
)

// Seed returns the INSERT statements of the 200 users, one SQL text for both engines.
func Seed() string { return seed }

// Load creates the tables in the empty database db and fills them, in one transaction. The engine
// is "mysql" or "sqlite". MySQL commits each CREATE TABLE by itself, so after an error there the
// database is to be dropped.
func Load(ctx context.Context, db *sql.DB, engine string) error {
	schema, known := map[string]string{"mysql": schemaMySQL, "sqlite": schemaSQLite}[engine]
	if !known {
		return fmt.Errorf("iq: there is no sample for engine %q", engine)
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("iq: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit it has nothing to do
	for _, statement := range append(statements(schema), statements(seed)...) {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			head, _, _ := strings.Cut(statement, "(")
			return fmt.Errorf("iq: %s: %w", strings.TrimSpace(head), err)
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("iq: %w", err)
	}
	return nil
}

// statements cuts a text of ours into statements: each ends with a semicolon at the end of a line.
func statements(text string) []string {
	list := strings.Split(text, ";\n")
	return list[:len(list)-1] // what follows the last semicolon
}
