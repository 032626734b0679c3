package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/shadow"
	"github.com/patchbay-auth/patchbay/mapping"
)

func differs(codes ...shadow.Code) (list []shadow.Difference) {
	for _, code := range codes {
		list = append(list, shadow.Difference{Code: code})
	}
	return list
}

func recordComparisons(t *testing.T, s Store, list ...shadow.Comparison) {
	t.Helper()
	must(t, s.RecordComparisons(t.Context(), shadow.Batch{Comparisons: list}))
}

func shadowCompared(t *testing.T, s Store) {
	ctx, at := t.Context(), now()
	day, old := at.Truncate(24*time.Hour), at.AddDate(0, 0, -10)
	missing := shadow.Difference{Code: shadow.UserMissing, By: "external_id corp"}
	tally := func(day time.Time, tenant mapping.TenantKey, o shadow.Outcome, n int) shadow.Tally {
		return shadow.Tally{Day: day, Tenant: tenant, Outcome: o, N: n}
	}
	must(t, s.RecordComparisons(ctx, shadow.Batch{}))
	recordComparisons(t, s,
		shadow.Comparison{At: old, Tenant: "10010", User: "4710", Proven: true, Differences: differs(shadow.RolesDiffer)},
		shadow.Comparison{At: at, Tenant: "10010", User: "4711", Proven: true},
		shadow.Comparison{At: at, Tenant: "10010", User: "4712", Differences: append(differs(shadow.PasswordRefused, shadow.RolesDiffer), missing)},
		shadow.Comparison{At: at.Add(time.Second), Tenant: "10010", User: "4713", Differences: differs(shadow.RolesDiffer, shadow.SchemeDiffers)},
		shadow.Comparison{At: at, Tenant: "10010", User: "4714", Proven: true, Differences: differs(shadow.SchemeDiffers)},
		shadow.Comparison{At: at, Tenant: "10010 ", User: "4712", Differences: differs(shadow.UserExtra)},
	)
	recordComparisons(t, s, shadow.Comparison{At: at.Add(time.Minute), Tenant: "10010", User: "4712", Differences: differs(shadow.RolesDiffer)})
	for range 2 {
		must(t, s.RecordComparisons(ctx, shadow.Batch{Tallies: []shadow.Tally{
			tally(day, "10010", shadow.Agreed, 3), tally(day, "10010", shadow.Dropped, 1), tally(day, "10020", shadow.Agreed, 1),
			tally(day.AddDate(0, 0, -10), "10010", shadow.Agreed, 100),
		}}))
	}

	people, err := s.ComparedPeople(ctx, at.AddDate(0, 0, -1))
	must(t, err)
	same(t, people, []shadow.People{
		{Tenant: "10010", Compared: 4, Proven: 2, Differing: 2, First: at},
		{Tenant: "10010 ", Compared: 1, First: at},
	})
	groups, err := s.ShadowGroups(ctx, at.AddDate(0, 0, -1))
	must(t, err)
	roles := shadow.Group{
		Tenant: "10010", Difference: shadow.Difference{Code: shadow.RolesDiffer}, Users: 2, Times: 3, First: at, Last: at.Add(time.Minute),
	}
	same(t, groups, []shadow.Group{
		{Tenant: "10010", Difference: shadow.Difference{Code: shadow.PasswordRefused}, Users: 1, Times: 1, First: at, Last: at},
		roles,
		{Tenant: "10010", Difference: shadow.Difference{Code: shadow.SchemeDiffers}, Users: 2, Times: 2, First: at, Last: at.Add(time.Second)},
		{Tenant: "10010", Difference: missing, Users: 1, Times: 1, First: at, Last: at},
		{Tenant: "10010 ", Difference: shadow.Difference{Code: shadow.UserExtra}, Users: 1, Times: 1, First: at, Last: at},
	})
	for limit, want := range map[int][]mapping.UserID{5: {"4712", "4713"}, 1: {"4712"}} {
		users, err := s.ShadowSamples(ctx, roles, at.AddDate(0, 0, -1), limit)
		must(t, err)
		same(t, users, want)
	}
	tallies, err := s.ShadowTallies(ctx, at.Add(-time.Hour))
	must(t, err)
	if at.Sub(day) < time.Hour { // then an hour ago was yesterday, of which nothing is there
		t.Log("just after midnight")
	}
	same(t, tallies, []shadow.Tally{
		tally(time.Time{}, "10010", shadow.Agreed, 6), tally(time.Time{}, "10010", shadow.Dropped, 2), tally(time.Time{}, "10020", shadow.Agreed, 2),
	})
	all, err := s.ComparedPeople(ctx, time.Time{})
	must(t, err)
	same(t, all[0], shadow.People{Tenant: "10010", Compared: 5, Proven: 3, Differing: 3, First: old})
}

// shadowLongIDs: an id that does not fit is cut, and keeps nothing else from being stored.
func shadowLongIDs(t *testing.T, s Store) {
	long := strings.Repeat("4", 300)
	recordComparisons(t, s,
		shadow.Comparison{At: now(), Tenant: "10010", User: mapping.UserID(long + "1"), Differences: []shadow.Difference{{Code: shadow.UserMissing, By: "external_id " + long}}},
		shadow.Comparison{At: now(), Tenant: "10010", User: mapping.UserID(long + "2"), Differences: differs(shadow.NamesDiffer)},
	)
	people, err := s.ComparedPeople(t.Context(), time.Time{})
	must(t, err)
	same(t, people[0].Compared, 2)
	groups, err := s.ShadowGroups(t.Context(), time.Time{})
	must(t, err)
	same(t, len(groups), 2)
	users, err := s.ShadowSamples(t.Context(), groups[0], time.Time{}, 5)
	must(t, err)
	same(t, users, []mapping.UserID{mapping.UserID(long[:255])})
}

func shadowSettled(t *testing.T, s Store) {
	ctx, at := t.Context(), now()
	viaMail := shadow.Difference{Code: shadow.UserMissing, By: "email"}
	recordComparisons(t, s,
		shadow.Comparison{At: at, Tenant: "10010", User: "4711", Differences: append(differs(shadow.PasswordRefused, shadow.NamesDiffer), viaMail)},
		shadow.Comparison{At: at, Tenant: "10010", User: "4712", Differences: differs(shadow.PasswordRefused)},
		shadow.Comparison{At: at, Tenant: "10020", User: "4711", Differences: differs(shadow.PasswordRefused)},
	)
	left := func() (list []string) {
		groups, err := s.ShadowGroups(ctx, time.Time{})
		must(t, err)
		for _, g := range groups {
			users, err := s.ShadowSamples(ctx, g, time.Time{}, 10)
			must(t, err)
			for _, u := range users {
				list = append(list, string(g.Tenant)+" "+string(u)+" "+string(g.Code)+" "+g.By)
			}
		}
		return list
	}
	same(t, len(left()), 5)
	recordComparisons(t, s, shadow.Comparison{
		At: at.Add(time.Hour), Tenant: "10010", User: "4711", Proven: true, Differences: differs(shadow.NamesDiffer),
		Settled: append(differs(shadow.PasswordRefused, shadow.EmailDiffers), shadow.Difference{Code: shadow.UserMissing, By: "login"}),
	})
	same(t, left(), []string{
		"10010 4711 names_differ ", "10010 4712 password_refused ", "10010 4711 user_missing email", "10020 4711 password_refused ",
	})
	groups, err := s.ShadowGroups(ctx, time.Time{})
	must(t, err)
	same(t, groups[0].First, at) // it differs since then, and was met again
	same(t, groups[0].Last, at.Add(time.Hour))
}

func shadowRace(t *testing.T, s Store) {
	at := now()
	errs := race(16, func(int) error {
		return s.RecordComparisons(t.Context(), shadow.Batch{
			Comparisons: []shadow.Comparison{{At: at, Tenant: "10010", User: "4711", Differences: differs(shadow.NamesDiffer)}},
			Tallies:     []shadow.Tally{{Day: at.Truncate(24 * time.Hour), Tenant: "10010", Outcome: shadow.Differed, N: 2}},
		})
	})
	for _, err := range errs {
		must(t, err)
	}
	groups, err := s.ShadowGroups(t.Context(), time.Time{})
	must(t, err)
	same(t, groups, []shadow.Group{{
		Tenant: "10010", Difference: shadow.Difference{Code: shadow.NamesDiffer}, Users: 1, Times: 16, First: at, Last: at,
	}})
	tallies, err := s.ShadowTallies(t.Context(), at)
	must(t, err)
	same(t, tallies, []shadow.Tally{{Tenant: "10010", Outcome: shadow.Differed, N: 32}})
}

func shadowForgotten(t *testing.T, s Store) {
	ctx, at := t.Context(), now()
	for i := range 2 {
		met := at.AddDate(0, 0, 2*i)
		must(t, s.RecordComparisons(ctx, shadow.Batch{
			Comparisons: []shadow.Comparison{{At: met, Tenant: "10010", User: mapping.UserID("471" + string(rune('0'+i))), Differences: differs(shadow.NamesDiffer)}},
			Tallies:     []shadow.Tally{{Day: met.Truncate(24 * time.Hour), Tenant: "10010", Outcome: shadow.Differed, N: 1}},
		}))
	}
	counts := func() []int {
		people, err := s.ComparedPeople(ctx, time.Time{})
		must(t, err)
		groups, err := s.ShadowGroups(ctx, time.Time{})
		must(t, err)
		tallies, err := s.ShadowTallies(ctx, time.UnixMicro(0))
		must(t, err)
		if len(people) == 0 || len(groups) == 0 || len(tallies) == 0 {
			return []int{len(people), len(groups), len(tallies)}
		}
		return []int{people[0].Compared, groups[0].Users, tallies[0].N}
	}
	same(t, counts(), []int{2, 2, 2})
	for _, step := range []struct {
		after int
		want  []int
	}{{29, []int{2, 2, 2}}, {31, []int{1, 1, 1}}, {40, []int{0, 0, 0}}} {
		_, err := s.Sweep(ctx, at.AddDate(0, 0, step.after), broker.Retention{Logins: 30 * 24 * time.Hour})
		must(t, err)
		same(t, counts(), step.want)
	}
}
