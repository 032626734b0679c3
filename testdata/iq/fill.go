package iq

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// FirstFilled is the id of the first user that Fill adds; the others follow it without a gap.
const FirstFilled = 1_000_000

// fillBatch is how many users one statement adds. SQLite takes at most 32766 parameters.
const fillBatch = 1000

// Fill adds n active users of Acme to a loaded database, each with a softphone that bears their id, for
// measuring how cost grows. They have no passwords.
func Fill(ctx context.Context, db *sql.DB, n int) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("iq: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit it has nothing to do
	for first := 0; first < n; first += fillBatch {
		var users, phones []any
		count := min(fillBatch, n-first)
		for i := range count {
			id := FirstFilled + first + i
			users = append(users, id, fmt.Sprintf("filled%d", id), fmt.Sprintf("filled%d@acme.example", id))
			phones = append(phones, id, fmt.Sprintf("sip:%d@pbx.acme.example", id))
		}
		for _, insert := range []struct {
			text, row string
			args      []any
		}{
			{"INSERT INTO users (UserID, CustomerID, UserName, eMail, Status, UserType) VALUES ", "(?, " + Acme + ", ?, ?, 'A', 'person')", users},
			{"INSERT INTO softphones (UserID, SipUri, isDefault) VALUES ", "(?, ?, 1)", phones},
		} {
			text := insert.text + insert.row + strings.Repeat(", "+insert.row, count-1)
			if _, err := tx.ExecContext(ctx, text, insert.args...); err != nil {
				return fmt.Errorf("iq: fill: %w", err)
			}
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("iq: %w", err)
	}
	return nil
}
