package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
)

//go:embed migrations/*.sql
var migrations embed.FS

// schemaTable is where goose notes what has run.
const schemaTable = "pb_schema_version"

const schemaVersion query = `/* schema_version */ SELECT COALESCE(MAX(version_id), 0),
	COUNT(*) FROM ` + schemaTable

// dialect is goose's name of an engine.
type dialect = database.Dialect

const (
	dialectSQLite = database.DialectSQLite3
	dialectMySQL  = database.DialectMySQL
)

// Errors of CheckSchema.
var (
	ErrSchemaTooOld = errors.New("schema of the state database is too old: run 'patchbay migrate'")
	ErrSchemaTooNew = errors.New("schema of the state database is too new: run a newer patchbay, " +
		"or restore the backup made before its 'patchbay migrate'")
)

// CheckSchema returns an error that wraps ErrSchemaTooOld or ErrSchemaTooNew unless the database has
// exactly the schema that this program knows.
func (s *Store) CheckSchema(ctx context.Context) error {
	steps, err := goMigrations()
	if err != nil {
		return err
	}
	want := steps[len(steps)-1].Version
	var have int64
	var ran int
	err = s.read(ctx, func(ctx context.Context, c conn) error {
		have, ran = 0, 0
		err := c.one(ctx, schemaVersion, nil, &have, &ran)
		if isNoTable(err) {
			return nil
		}
		return err
	})
	switch {
	case err != nil:
		return wrap(err, "read schema version")
	case have < want:
		return fmt.Errorf("%w (it is at version %d, not %d)", ErrSchemaTooOld, have, want)
	case have > want:
		return fmt.Errorf("%w (it is at version %d, not %d)", ErrSchemaTooNew, have, want)
	case ran < 1+len(steps): // goose's own version 0, and all steps; a development version did not have all of them yet
		return fmt.Errorf("%w (%d of %d steps have run)", ErrSchemaTooOld, ran-1, len(steps))
	}
	return nil
}

// Migrate brings the schema up to date. One process at a time may run it, with the right to create
// tables; a schema that is too new is left alone.
func (s *Store) Migrate(ctx context.Context) error {
	if err := s.CheckSchema(ctx); err == nil || errors.Is(err, ErrSchemaTooNew) {
		return err
	}
	steps, err := goMigrations()
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(s.dialect, s.writer, nil, goose.WithTableName(schemaTable),
		goose.WithDisableGlobalRegistry(true), goose.WithGoMigrations(steps...), goose.WithAllowOutofOrder(true))
	if err != nil {
		return wrap(err, "migrate")
	}
	_, err = provider.Up(ctx)
	return wrap(err, "migrate")
}

// goMigrations returns the embedded migrations in order. They are given to goose as functions
// because MySQL commits every CREATE and ALTER by itself: a migration that was cut short must run again, and
// pass over what it had made.
func goMigrations() ([]*goose.Migration, error) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	var steps []*goose.Migration
	for _, file := range files { // in lexical order, which is that of their versions
		number, _, _ := strings.Cut(path.Base(file), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("migration %s has no version: %w", file, err)
		}
		text, err := migrations.ReadFile(file)
		if err != nil {
			return nil, err
		}
		up := &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error { return create(ctx, tx, string(text)) }}
		steps = append(steps, goose.NewGoMigration(version, up, nil))
	}
	return steps, nil
}

// create runs statements that each end with a semicolon at the end of a line.
func create(ctx context.Context, tx *sql.Tx, text string) error {
	for statement := range strings.SplitSeq(text, ";\n") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		_, err := tx.ExecContext(ctx, statement)
		switch mysqlCode(err) {
		case mysqlTableExists, mysqlDuplicateColumn, mysqlNoColumn, mysqlDuplicateIndex:
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}
