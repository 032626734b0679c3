package keyring

import (
	"testing"
	"time"
)

func TestTheKeyThatSigns(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC) }
	key := func(seq int64, active, retire time.Time) *entry {
		return &entry{Record: Record{Algorithm: ES256, Sequence: seq, ActiveAt: active, RetireAt: retire}}
	}
	never := time.Time{}
	other := &entry{Record: Record{Algorithm: RS256, Sequence: 9, ActiveAt: day(1)}}
	cases := []struct {
		name string
		keys []*entry // newest first
		at   time.Time
		want int64 // sequence; 0 means none
	}{
		{name: "the only one", keys: []*entry{key(1, day(1), never)}, at: day(1), want: 1},
		{name: "the first one although our clock lags", keys: []*entry{key(1, day(2), never)}, at: day(1), want: 1},
		{name: "not the announced one", keys: []*entry{key(2, day(9), never), key(1, day(1), day(9))}, at: day(8), want: 1},
		{name: "the announced one in its time", keys: []*entry{key(2, day(9), never), key(1, day(1), day(9))}, at: day(9), want: 2},
		{name: "the newest of two active", keys: []*entry{key(2, day(5), never), key(1, day(1), never)}, at: day(6), want: 2},
		{name: "the next one early rather than a retired one", keys: []*entry{key(2, day(9), never), key(1, day(1), day(5))}, at: day(6), want: 2},
		{name: "none when all have retired", keys: []*entry{key(1, day(1), day(5))}, at: day(5), want: 0},
		{name: "of the algorithm", keys: []*entry{other, key(1, day(1), never)}, at: day(3), want: 1},
		{name: "none of the algorithm", keys: []*entry{other}, at: day(3), want: 0},
	}
	for _, tc := range cases {
		var got int64
		if e := (&scopeKeys{entries: tc.keys}).signing(ES256, tc.at); e != nil {
			got = e.Sequence
		}
		if got != tc.want {
			t.Errorf("%s: key %d signs, want %d", tc.name, got, tc.want)
		}
	}
}
