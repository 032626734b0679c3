package sqlstore_test

import (
	"slices"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/sqlstore"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/internal/secret"
)

// TestStatementBudgets holds the numbers that the performance budget is made of.
func TestStatementBudgets(t *testing.T) {
	var names []string
	s, err := sqlstore.Open(t.Context(), sqlstore.Config{
		DSN: secret.New(sqliteDSN(t)), OnStatement: func(name string) { names = append(names, name) },
	})
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
	at := time.Now()
	later := at.Add(time.Hour)
	attempt := broker.Attempt{ID: id.New(), State: broker.StateNew, CreatedAt: at, ExpiresAt: later}
	code := grant.Code{Hash: grant.Hash{1}, CreatedAt: at, ExpiresAt: later}
	family := grant.Family{ID: id.New(), Seq: 1, SealedSeed: []byte{1}, CreatedAt: at, RotatedAt: at, ExpiresAt: later, AbsoluteAt: later}
	settlement := broker.Settlement{
		Attempt: attempt, From: []broker.State{broker.StateNew}, Nonce: id.New(),
		Session: &broker.Session{ID: id.New(), Token: grant.Hash{2}, IDP: broker.LocalIDP, CreatedAt: at, ExpiresAt: later, AbsoluteAt: later},
		Login:   &broker.Login{ID: id.New(), At: at}, Code: &code,
		Events: []broker.Event{{ID: id.New(), At: at}, {ID: id.New(), At: at}},
	}
	for _, test := range []struct {
		name string
		run  func() error
		want []string
	}{
		{"begin", func() error { return s.InsertAttempt(t.Context(), attempt) }, []string{"insert_attempt"}},
		{"page", func() error { _, err := s.Attempt(t.Context(), attempt.ID); return err }, []string{"find_attempt"}},
		{
			"local login", func() error { return s.Settle(t.Context(), settlement) },
			[]string{"move_attempt", "insert_login", "insert_session", "insert_code", "insert_event"},
		},
		{"find code", func() error { _, err := s.FindCode(t.Context(), code.Hash); return err }, []string{"find_code"}},
		{
			"redeem code", func() error { return s.RedeemCode(t.Context(), code.Hash, id.New(), at, &family) },
			[]string{"redeem_code", "insert_family"},
		},
		{"refresh", func() error {
			if _, err := s.FindFamily(t.Context(), family.ID); err != nil {
				return err
			}
			_, err := s.RotateFamily(t.Context(), grant.Rotation{Found: family, Seq: 1, Nonce: id.New(), At: at, ExpiresAt: later})
			return err
		}, []string{"find_family", "rotate_family"}},
		{"session", func() error { _, err := s.SessionByToken(t.Context(), grant.Hash{2}); return err }, []string{"find_session_by_token"}},
	} {
		names = nil
		if err := test.run(); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		if !slices.Equal(names, test.want) {
			t.Errorf("%s: statements %v, want %v", test.name, names, test.want)
		}
	}
}
