package storetest

import (
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/census"
	"github.com/patchbay-auth/patchbay/internal/id"
)

func claimOf(at time.Time) census.Claim {
	return census.Claim{Day: census.DayOf(at), By: id.New(), At: at}
}

func censusClaimed(t *testing.T, s Store) {
	ctx, at := t.Context(), now()
	oneWinner(t, race(16, func(int) error { return s.ClaimCensus(ctx, claimOf(at)) }), census.ErrTaken)

	// A day on which a node began, and never came to the end.
	begun := at.AddDate(0, 0, 1)
	first, second := claimOf(begun), claimOf(begun.Add(census.Lease+time.Second))
	second.Day = first.Day
	must(t, s.ClaimCensus(ctx, first))
	must(t, s.ClaimCensus(ctx, first)) // as after a lost reply
	early := second
	early.At = begun.Add(census.Lease - time.Second)
	wantErr(t, s.ClaimCensus(ctx, early), census.ErrTaken)
	must(t, s.ClaimCensus(ctx, second))

	counted := census.Census{Day: first.Day, TakenAt: second.At, Counts: []census.Count{{Tenant: "10010", Scheme: "bcrypt", Users: 7, Able: 5}}}
	wantErr(t, s.SaveCensus(ctx, first, counted), census.ErrTaken)
	must(t, s.SaveCensus(ctx, second, counted))
	must(t, s.SaveCensus(ctx, second, counted)) // as after a lost reply
	wantErr(t, s.SaveCensus(ctx, first, counted), census.ErrTaken)
	late := claimOf(begun.Add(3 * census.Lease))
	late.Day = first.Day
	wantErr(t, s.ClaimCensus(ctx, late), census.ErrDone)

	all, err := s.Censuses(ctx, "2000-01-01", "2999-12-31")
	must(t, err)
	same(t, all, []census.Census{counted})
}

func censusesInOrder(t *testing.T, s Store) {
	ctx, at := t.Context(), now()
	var want []census.Census
	for i := range 3 {
		taken := at.AddDate(0, 0, i)
		claim := claimOf(taken)
		c := census.Census{Day: claim.Day, TakenAt: taken, Counts: []census.Count{
			{Tenant: "", Scheme: "none", Users: 1},
			{Tenant: "10010", Scheme: "bcrypt", Users: 100 + i, Able: 90 + i},
			{Tenant: "10010", Scheme: "template:SHA 1", Users: 40 - i},
			{Tenant: "10010 ", Scheme: "bcrypt", Users: 3},
		}}
		for n := range 300 { // more than one batch
			c.Counts = append(c.Counts, census.Count{Tenant: "9", Scheme: string(rune('a'+n/26%26)) + string(rune('a'+n%26)), Users: n})
		}
		must(t, s.ClaimCensus(ctx, claim))
		must(t, s.SaveCensus(ctx, claim, c))
		want = append(want, c)
	}
	for _, test := range []struct {
		from, to time.Time
		want     []census.Census
	}{
		{at, at.AddDate(0, 0, 2), want},
		{at.AddDate(0, 0, 1), at.AddDate(0, 0, 1), want[1:2]},
		{at.AddDate(0, 0, 3), at.AddDate(0, 0, 9), nil},
	} {
		got, err := s.Censuses(ctx, census.DayOf(test.from), census.DayOf(test.to))
		must(t, err)
		same(t, got, test.want)
	}

	_, err := s.Sweep(ctx, at.AddDate(0, 0, 31), broker.Retention{Logins: 30 * 24 * time.Hour})
	must(t, err)
	got, err := s.Censuses(ctx, "2000-01-01", "2999-12-31")
	must(t, err)
	same(t, got, want[1:])
	again := claimOf(at)
	must(t, s.ClaimCensus(ctx, again)) // its claim is forgotten, too
}
