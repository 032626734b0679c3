package storetest

import (
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/internal/id"
)

func putPushed(t *testing.T, s Store) grant.Pushed {
	t.Helper()
	at := now()
	p := grant.Pushed{
		Hash: newHash(), Issuer: "https://sso.example/id", ClientID: "agent-app", Parameters: "state=%27%5C%00&scope=openid",
		CreatedAt: at, ExpiresAt: at.Add(time.Minute),
	}
	must(t, s.InsertPushed(t.Context(), p))
	return p
}

func pushedRoundTrip(t *testing.T, s Store) {
	p := putPushed(t, s)
	same(t, get(t, s.FindPushed, p.Hash), p)
	_, err := s.FindPushed(t.Context(), newHash())
	wantErr(t, err, grant.ErrNotFound)

	nonce := id.New()
	for range 2 { // the second is what a retry after a lost reply does
		must(t, s.RedeemPushed(t.Context(), p.Hash, nonce, now()))
	}
	wantErr(t, s.RedeemPushed(t.Context(), p.Hash, id.New(), now()), grant.ErrConflict)
	wantErr(t, s.RedeemPushed(t.Context(), newHash(), id.New(), now()), grant.ErrNotFound)
}

func pushedRace(t *testing.T, s Store) {
	p := putPushed(t, s)
	errs := race(64, func(int) error { return s.RedeemPushed(t.Context(), p.Hash, id.New(), now()) })
	oneWinner(t, errs, grant.ErrConflict)
}
