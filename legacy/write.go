package legacy

import (
	"context"
	"database/sql"
	"fmt"
)

// inTx runs fn in one transaction, which lasts no longer than a statement may.
func (db *DB) inTx(ctx context.Context, fn func(context.Context, *sql.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, db.config.StatementTimeout)
	defer cancel()
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("legacy: %w", err)
	}
	if err := fn(ctx, tx); err != nil {
		_ = tx.Rollback() // the error that led here says more
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("legacy: %w", err)
	}
	return nil
}

// change runs one of the profile's writes, and returns how many rows it has changed: none for what
// cannot be bound, such as an id that is no number.
func (db *DB) change(ctx context.Context, tx *sql.Tx, name Statement, args map[string]string) (int64, error) {
	s := db.statements[name]
	values, possible := db.bind(s, args)
	if !possible {
		return 0, nil
	}
	db.config.OnStatement(name)
	result, err := tx.ExecContext(ctx, s.text, values...)
	if err != nil {
		return 0, fmt.Errorf("legacy: %s: %w", name, err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("legacy: %s: %w", name, err)
	}
	return n, nil
}
