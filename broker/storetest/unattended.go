package storetest

import (
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/internal/id"
)

func assertionOnce(t *testing.T, s Store) {
	assertion, expires := newHash(), now().Add(time.Minute)
	must(t, s.AssertionUsed(t.Context(), assertion))
	errs := race(64, func(int) error { return s.UseAssertion(t.Context(), assertion, id.New(), expires) })
	oneWinner(t, errs, grant.ErrConflict)
	wantErr(t, s.AssertionUsed(t.Context(), assertion), grant.ErrConflict)

	other, nonce := newHash(), id.New()
	for range 2 { // the second is what a retry after a lost reply does
		must(t, s.UseAssertion(t.Context(), other, nonce, expires))
	}
	wantErr(t, s.UseAssertion(t.Context(), other, id.New(), expires), grant.ErrConflict)
}

func assertionSwept(t *testing.T, s Store) {
	assertion, expires := newHash(), now().Add(time.Minute)
	must(t, s.UseAssertion(t.Context(), assertion, id.New(), expires))
	_, err := s.Sweep(t.Context(), expires, broker.Retention{})
	must(t, err)
	wantErr(t, s.UseAssertion(t.Context(), assertion, id.New(), expires), grant.ErrConflict)
	_, err = s.Sweep(t.Context(), expires.Add(time.Hour), broker.Retention{})
	must(t, err)
	must(t, s.UseAssertion(t.Context(), assertion, id.New(), expires))
}

// unattendedLimit: of the families that nobody logged in for, the newest stay; others are untouched.
func unattendedLimit(t *testing.T, s Store) {
	const limit = 3
	person := sampleFamily()
	must(t, s.OpenFamily(t.Context(), person, limit))
	var opened []grant.Family
	for i := range 2 * limit {
		f := sampleFamily()
		f.Grant.IDP, f.Grant.SessionID = "", id.ID{}
		f.CreatedAt = f.CreatedAt.Add(time.Duration(i) * time.Second)
		must(t, s.OpenFamily(t.Context(), f, limit))
		opened = append(opened, f)
	}
	same(t, get(t, s.FindFamily, person.ID), person)
	for i, f := range opened {
		revoked := !get(t, s.FindFamily, f.ID).RevokedAt.IsZero()
		if want := i < limit; revoked != want {
			t.Errorf("family %d of %d is revoked: %v", i+1, len(opened), revoked)
		}
	}
	other := sampleFamily()
	other.Grant.IDP, other.Grant.ClientID = "", "other"
	must(t, s.OpenFamily(t.Context(), other, limit))
	same(t, get(t, s.FindFamily, opened[limit].ID).RevokedAt, time.Time{})
}
