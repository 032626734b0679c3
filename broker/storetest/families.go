package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/internal/id"
)

func rotation(f grant.Family) grant.Rotation {
	at := now()
	return grant.Rotation{
		Found: f, ClientID: f.Grant.ClientID, Seq: f.Seq, Nonce: id.New(), At: at, ExpiresAt: at.Add(2 * time.Hour),
	}
}

func familyRoundTrip(t *testing.T, s Store) {
	f := sampleFamily()
	putFamily(t, s, f)
	same(t, get(t, s.FindFamily, f.ID), f)
	_, err := s.FindFamily(t.Context(), id.New())
	wantErr(t, err, grant.ErrNotFound)

	r := rotation(f)
	got, err := s.RotateFamily(t.Context(), r)
	must(t, err)
	f.Seq, f.RotatedAt, f.ExpiresAt = 2, r.At, r.ExpiresAt
	same(t, got, f)
	same(t, get(t, s.FindFamily, f.ID), f)
}

func rotationRace(t *testing.T, s Store) {
	f := sampleFamily()
	putFamily(t, s, f)
	errs := race(64, func(int) error {
		now, err := s.RotateFamily(t.Context(), rotation(f))
		if now.Seq != 2 {
			t.Errorf("sequence is %d, error %v", now.Seq, err)
		}
		return err
	})
	oneWinner(t, errs, grant.ErrConflict)
}

func rotationRefused(t *testing.T, s Store) {
	f := sampleFamily()
	putFamily(t, s, f)
	for _, test := range []struct {
		name   string
		change func(*grant.Rotation)
	}{
		{"another client", func(r *grant.Rotation) { r.ClientID = "other" }},
		{"the client in another case", func(r *grant.Rotation) { r.ClientID = "Agent-App" }},
		{"an older token", func(r *grant.Rotation) { r.Seq-- }},
		{"a token of the future", func(r *grant.Rotation) { r.Seq++ }},
		{"expired", func(r *grant.Rotation) { r.At = f.ExpiresAt }},
	} {
		for _, keep := range []bool{false, true} {
			r := rotation(f)
			r.Keep = keep
			test.change(&r)
			got, err := s.RotateFamily(t.Context(), r)
			if !errors.Is(err, grant.ErrConflict) {
				t.Errorf("%s, keep %v: error is %v", test.name, keep, err)
				continue
			}
			same(t, got, f)
		}
	}
	unknown := rotation(f)
	unknown.Found.ID = id.New()
	_, err := s.RotateFamily(t.Context(), unknown)
	wantErr(t, err, grant.ErrConflict)

	_, err = s.RotateFamily(t.Context(), rotation(f)) // nothing else was wrong with it
	must(t, err)
}

func rotateAgain(t *testing.T, s Store) {
	f := sampleFamily()
	putFamily(t, s, f)
	r := rotation(f)
	for range 2 {
		got, err := s.RotateFamily(t.Context(), r)
		must(t, err)
		if got.Seq != 2 {
			t.Fatalf("sequence is %d", got.Seq)
		}
	}
}

func rotateKeep(t *testing.T, s Store) {
	f := sampleFamily()
	putFamily(t, s, f)
	r := rotation(f)
	r.Keep = true
	got, err := s.RotateFamily(t.Context(), r)
	must(t, err)
	f.ExpiresAt = r.ExpiresAt
	same(t, got, f)
}
