package iq_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/patchbay-auth/patchbay/testdata/iq"
)

// TestFill: as many users as asked for, each with one softphone, whatever the size of a batch.
func TestFill(t *testing.T) {
	for _, n := range []int{0, 1, 1000, 1001} {
		db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "iq.db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		if err := iq.Load(t.Context(), db, "sqlite"); err != nil {
			t.Fatal(err)
		}
		if err := iq.Fill(t.Context(), db, n); err != nil {
			t.Fatal(err)
		}
		var users, phones int
		err = db.QueryRowContext(t.Context(), `SELECT COUNT(DISTINCT u.UserID), COUNT(s.PhoneID) FROM users u
			JOIN softphones s ON s.UserID = u.UserID AND s.SipUri = 'sip:' || u.UserID || '@pbx.acme.example'
			WHERE u.UserID >= ? AND u.CustomerID = ?`, iq.FirstFilled, iq.Acme).Scan(&users, &phones)
		if err != nil || users != n || phones != n {
			t.Errorf("%d: %d users, %d softphones, %v", n, users, phones, err)
		}
	}
}
