package keyring

import (
	"testing"
	"time"
)

func day(n int) time.Time { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC) }

// key is a key of March 2026 that begins to sign on a day.
func key(seq int64, active int) *entry {
	return &entry{Record: Record{Algorithm: ES256, Sequence: seq, ActiveAt: day(active)}}
}

func revoked(e *entry, on int) *entry {
	e.RevokedAt = day(on)
	return e
}

func TestTheKeyThatSigns(t *testing.T) {
	other := &entry{Record: Record{Algorithm: RS256, Sequence: 9, ActiveAt: day(1)}}
	cases := []struct {
		name string
		keys []*entry // newest first
		at   time.Time
		want int64 // sequence; 0 means none
	}{
		{name: "the only one", keys: []*entry{key(1, 1)}, at: day(1), want: 1},
		{name: "the first one although our clock lags", keys: []*entry{key(1, 2)}, at: day(1), want: 1},
		{name: "not the announced one", keys: []*entry{key(2, 9), key(1, 1)}, at: day(9).Add(-1), want: 1},
		{name: "the announced one in its time", keys: []*entry{key(2, 9), key(1, 1)}, at: day(9), want: 2},
		{name: "the newest of three", keys: []*entry{key(3, 7), key(2, 5), key(1, 1)}, at: day(8), want: 3},
		{name: "not a revoked one", keys: []*entry{key(2, 6), revoked(key(1, 1), 6)}, at: day(6), want: 2},
		{name: "not a revoked one although our clock lags", keys: []*entry{key(2, 6), revoked(key(1, 1), 6)}, at: day(5), want: 2},
		{name: "not an announced one that was revoked", keys: []*entry{key(3, 5), revoked(key(2, 9), 5), revoked(key(1, 1), 5)}, at: day(9), want: 3},
		{name: "none when all are revoked", keys: []*entry{revoked(key(1, 1), 5)}, at: day(5), want: 0},
		{name: "of the algorithm", keys: []*entry{other, key(1, 1)}, at: day(3), want: 1},
		{name: "none of the algorithm", keys: []*entry{other}, at: day(3), want: 0},
	}
	for _, tc := range cases {
		Lifetimes{}.withDefaults().schedule(tc.keys)
		var got int64
		if e := (&scopeKeys{entries: tc.keys}).signing(ES256, tc.at); e != nil {
			got = e.Sequence
		}
		if got != tc.want {
			t.Errorf("%s: key %d signs, want %d", tc.name, got, tc.want)
		}
	}
}

func TestTheSchedule(t *testing.T) {
	lives := Lifetimes{Token: 24 * time.Hour, Session: 12 * time.Hour}
	never := moments{}
	retires := func(on int) moments {
		return moments{day(on), day(on).Add(25 * time.Hour), day(on).Add(30*24*time.Hour + 12*time.Hour)}
	}
	for _, tc := range []struct {
		name string
		keys []*entry // newest first
		want []moments
	}{
		{name: "the newest goes on", keys: []*entry{key(1, 1)}, want: []moments{never}},
		{name: "its successor retires it", keys: []*entry{key(2, 9), key(1, 1)}, want: []moments{never, retires(9)}},
		{name: "each the one before", keys: []*entry{key(3, 19), key(2, 9), key(1, 1)}, want: []moments{never, retires(19), retires(9)}},
		{name: "not that of another algorithm", keys: []*entry{{Record: Record{Algorithm: RS256, ActiveAt: day(9)}}, key(1, 1)}, want: []moments{never, never}},
		{name: "a revoked one retires at once", keys: []*entry{key(2, 6), revoked(key(1, 1), 6)}, want: []moments{never, retires(6)}},
		{name: "a successor that never signed retires nobody", keys: []*entry{revoked(key(2, 9), 8), key(1, 1)}, want: []moments{retires(8), never}},
		{name: "a successor that signed and was revoked did", keys: []*entry{revoked(key(2, 9), 10), key(1, 1)}, want: []moments{retires(10), retires(9)}},
	} {
		lives.schedule(tc.keys)
		for i, e := range tc.keys {
			if e.moments != tc.want[i] {
				t.Errorf("%s: key %d has %v, want %v", tc.name, e.Sequence, e.moments, tc.want[i])
			}
		}
	}
}
