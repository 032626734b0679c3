package storetest

import (
	"testing"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/internal/id"
)

func codeRoundTrip(t *testing.T, s Store) {
	code := putCode(t, s)
	same(t, get(t, s.FindCode, code.Hash), code)
	_, err := s.FindCode(t.Context(), newHash())
	wantErr(t, err, grant.ErrNotFound)
	wantErr(t, s.RedeemCode(t.Context(), newHash(), id.New(), now(), nil), grant.ErrNotFound)
}

func redemptionRace(t *testing.T, s Store) {
	code := putCode(t, s)
	families := make([]grant.Family, 64)
	for i := range families {
		families[i] = sampleFamily()
	}
	errs := race(len(families), func(i int) error {
		return s.RedeemCode(t.Context(), code.Hash, id.New(), now(), &families[i])
	})
	oneWinner(t, errs, grant.ErrConflict)
	stored := 0
	for _, f := range families {
		if _, err := s.FindFamily(t.Context(), f.ID); err == nil {
			stored++
		}
	}
	if stored != 1 {
		t.Errorf("%d families were stored", stored)
	}
}

func redeemWithoutFamily(t *testing.T, s Store) {
	code, at := putCode(t, s), now()
	must(t, s.RedeemCode(t.Context(), code.Hash, id.New(), at, nil))
	code.UsedAt = at
	same(t, get(t, s.FindCode, code.Hash), code)
}

func redeemAgain(t *testing.T, s Store) {
	code, nonce, family := putCode(t, s), id.New(), sampleFamily()
	for range 2 { // the second is what a retry after a lost reply does
		must(t, s.RedeemCode(t.Context(), code.Hash, nonce, now(), &family))
	}
	wantErr(t, s.RedeemCode(t.Context(), code.Hash, id.New(), now(), &family), grant.ErrConflict)
}

func redeemRollback(t *testing.T, s Store) {
	taken := sampleFamily()
	putFamily(t, s, taken)
	code := putCode(t, s)
	if err := s.RedeemCode(t.Context(), code.Hash, id.New(), now(), &taken); err == nil {
		t.Fatal("a family was stored twice")
	}
	if used := get(t, s.FindCode, code.Hash).UsedAt; !used.IsZero() {
		t.Fatalf("the code was used at %v by a redemption that failed", used)
	}
	must(t, s.RedeemCode(t.Context(), code.Hash, id.New(), now(), nil))
}
