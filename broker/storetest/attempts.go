package storetest

import (
	"testing"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/internal/id"
)

func putAttempt(t *testing.T, s Store) broker.Attempt {
	t.Helper()
	a := sampleAttempt()
	must(t, s.InsertAttempt(t.Context(), a))
	return a
}

func attemptRoundTrip(t *testing.T, s Store) {
	a := putAttempt(t, s)
	same(t, get(t, s.Attempt, a.ID), a)
	putAttempt(t, s) // also without upstream state: that is no duplicate

	a.State, a.Connection, a.UpstreamState, a.SealedMemo = broker.StateSent, "corp", newHash(), []byte{0, 0xff}
	a.SessionID = id.New()
	must(t, s.MoveAttempt(t.Context(), a, id.New(), broker.StateNew))
	same(t, get(t, s.Attempt, a.ID), a)
	same(t, get(t, s.AttemptByUpstreamState, a.UpstreamState), a)

	_, err := s.Attempt(t.Context(), id.New())
	wantErr(t, err, broker.ErrNotFound)
	_, err = s.AttemptByUpstreamState(t.Context(), newHash())
	wantErr(t, err, broker.ErrNotFound)
}

func attemptMoves(t *testing.T, s Store) {
	a, nonce := putAttempt(t, s), id.New()
	a.State, a.Account, a.Connection = broker.StateSent, "globex", "elsewhere"
	wantErr(t, s.MoveAttempt(t.Context(), a, id.New(), broker.StateReturned), broker.ErrConflict)
	for range 2 { // a retry recognises itself
		must(t, s.MoveAttempt(t.Context(), a, nonce, broker.StateReturned, broker.StateNew))
	}
	same(t, get(t, s.Attempt, a.ID), a)
	wantErr(t, s.MoveAttempt(t.Context(), a, id.New(), broker.StateNew), broker.ErrConflict)
	must(t, s.MoveAttempt(t.Context(), a, id.New(), broker.StateNew, broker.StateSent))

	if err := s.MoveAttempt(t.Context(), a, id.New()); err == nil {
		t.Error("moved from no state")
	}
	unknown := sampleAttempt()
	wantErr(t, s.MoveAttempt(t.Context(), unknown, id.New(), broker.StateNew), broker.ErrConflict)
}

func moveRace(t *testing.T, s Store) {
	a := putAttempt(t, s)
	a.State = broker.StateReturned
	errs := race(64, func(int) error { return s.MoveAttempt(t.Context(), a, id.New(), broker.StateNew) })
	oneWinner(t, errs, broker.ErrConflict)
}
