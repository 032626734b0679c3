package sqlstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/keyring"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/broker/sqlstore"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

// TestLostReply breaks the connection after the server has committed: whoever asked must be told of
// their own success, the thing must have been done once, and its changes announced.
func TestLostReply(t *testing.T) {
	at := time.Now().UTC().Truncate(time.Microsecond)
	code := grant.Code{Hash: grant.Hash{1}, CreatedAt: at, ExpiresAt: at}
	family := grant.Family{ID: id.New(), Seq: 1, SealedSeed: []byte{1}, CreatedAt: at, RotatedAt: at, ExpiresAt: at, AbsoluteAt: at}
	attempt := broker.Attempt{ID: id.New(), State: broker.StateNew, CreatedAt: at, ExpiresAt: at}
	done := attempt
	done.State = broker.StateDone
	session := broker.Session{ID: id.New(), Token: grant.Hash{2}, CreatedAt: at, ExpiresAt: at, AbsoluteAt: at}
	link := broker.Link{Account: "acme", Key: mapping.LinkKey{Connection: "corp", ExternalID: "7"}, UserID: "4711", CreatedAt: at}
	login := broker.Login{ID: id.New(), At: at}
	event := func() []broker.Event { return []broker.Event{{ID: id.New(), At: at, Kind: broker.LoginSucceeded}} }
	revocation := func() grant.Revocation {
		return grant.Revocation{ID: id.New(), Kind: grant.KindSession, Subject: session.ID.String(), NotBefore: at, ExpiresAt: at.Add(time.Hour)}
	}
	steps := []struct {
		name    string
		lose    string
		run     func(context.Context, *sqlstore.Store) error
		changes int
	}{
		{"insert attempt", "insert_attempt", func(ctx context.Context, s *sqlstore.Store) error { return s.InsertAttempt(ctx, attempt) }, 0},
		{"move attempt", "move_attempt", func(ctx context.Context, s *sqlstore.Store) error {
			sent := attempt
			sent.State = broker.StateSent
			return s.MoveAttempt(ctx, sent, id.New(), broker.StateNew)
		}, 0},
		{"settle", "COMMIT", func(ctx context.Context, s *sqlstore.Store) error {
			return s.Settle(ctx, broker.Settlement{
				Attempt: done, From: []broker.State{broker.StateSent}, Nonce: id.New(),
				Session: &session, Login: &login, Link: &link, Code: &code, Events: event(),
			})
		}, 0},
		{"settle without attempt", "COMMIT", func(ctx context.Context, s *sqlstore.Store) error {
			fresh := login
			fresh.ID = id.New()
			return s.Settle(ctx, broker.Settlement{Nonce: id.New(), Login: &fresh, Events: event()})
		}, 0},
		{"redeem code", "COMMIT", func(ctx context.Context, s *sqlstore.Store) error {
			return s.RedeemCode(ctx, code.Hash, id.New(), at, &family)
		}, 0},
		{"rotate family", "rotate_family", func(ctx context.Context, s *sqlstore.Store) error {
			now, err := s.RotateFamily(ctx, grant.Rotation{Found: family, Seq: 1, Nonce: id.New(), At: at.Add(-time.Hour), ExpiresAt: at})
			if now.Seq != 2 {
				t.Errorf("sequence is %d", now.Seq)
			}
			return err
		}, 0},
		{"touch session", "touch_session", func(ctx context.Context, s *sqlstore.Store) error {
			return s.TouchSession(ctx, session.ID, at, at)
		}, 0},
		{"end session", "COMMIT", func(ctx context.Context, s *sqlstore.Store) error {
			return s.EndSession(ctx, session.ID, revocation(), event()[0])
		}, 1},
		{"revoke", "COMMIT", func(ctx context.Context, s *sqlstore.Store) error {
			return s.Revoke(ctx, []grant.Revocation{revocation()})
		}, 1},
		{"append events", "insert_event", func(ctx context.Context, s *sqlstore.Store) error { return s.AppendEvents(ctx, event()) }, 0},
		{"insert keys", "COMMIT", func(ctx context.Context, s *sqlstore.Store) error {
			return s.ChangeKeys(ctx, keyring.Change{At: at, Insert: []keyring.Record{
				{ID: "kid", Scope: keyring.Shared, Algorithm: keyring.ES256, Sequence: 1, Sealed: []byte{1}},
			}})
		}, 1},
		{"revoke keys", "COMMIT", func(ctx context.Context, s *sqlstore.Store) error {
			return s.ChangeKeys(ctx, keyring.Change{At: at, Revoke: []keyring.KeyID{"kid"}})
		}, 1},
		{"change registry", "COMMIT", func(ctx context.Context, s *sqlstore.Store) error {
			return s.ChangeRegistry(ctx, registry.Change{At: at, Save: registry.Records{Tenants: []registry.Tenant{{Account: "acme"}}}})
		}, 1},
	}
	dsn, proxies := through(t, 1)
	s := migrated(t, dsn)
	for _, step := range steps {
		heard := 0
		s.OnChange(func(broker.Change) { heard++ })
		proxies[0].lose.Store(step.lose)
		if err := step.run(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if proxies[0].lose.Load() != "" {
			t.Fatalf("%s: no reply was lost", step.name)
		}
		if heard < step.changes {
			t.Errorf("%s: %d changes announced, want %d", step.name, heard, step.changes)
		}
	}
	stored, err := s.Events(t.Context(), time.Time{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	if len(stored) != 7 { // two settlements, the ended session, the appended one, the key twice, the tenant saved
		t.Errorf("%d events are stored: something was done twice, or not", len(stored))
	}
	if _, err := s.FindFamily(t.Context(), family.ID); err != nil {
		t.Errorf("the redeemed family: %v", err)
	}
}
