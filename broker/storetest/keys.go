package storetest

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/keyring"
)

func signingKey(kid keyring.KeyID, scope keyring.Scope, seq int64, at time.Time) keyring.Record {
	return keyring.Record{
		ID: kid, Scope: scope, Algorithm: keyring.ES256, Sequence: seq, Sealed: []byte{0, 1},
		CreatedAt: at, ActiveAt: at.Add(time.Hour),
	}
}

func wantKeys(t *testing.T, s Store, want ...keyring.Record) {
	t.Helper()
	got, err := s.LoadKeys(t.Context())
	must(t, err)
	byID := cmpopts.SortSlices(func(a, b keyring.Record) bool { return a.ID < b.ID })
	if diff := cmp.Diff(want, got, byID); diff != "" {
		t.Fatalf("keys differ (-want +got):\n%s", diff)
	}
}

func keysUnique(t *testing.T, s Store) {
	at := now()
	must(t, s.ChangeKeys(t.Context(), keyring.Change{At: at}))
	first := []keyring.Record{signingKey("a", keyring.Shared, 1, at), signingKey("b", keyring.Realm("acme"), 1, at)}
	must(t, s.ChangeKeys(t.Context(), keyring.Change{Insert: first, At: at}))
	for _, taken := range [][]keyring.Record{
		first,
		{signingKey("c", keyring.Shared, 2, at), signingKey("a", keyring.Shared, 3, at)},
		{signingKey("c", keyring.Shared, 2, at), signingKey("d", keyring.Shared, 1, at)},
	} {
		// What else the change would do is not done either.
		wantErr(t, s.ChangeKeys(t.Context(), keyring.Change{Insert: taken, Revoke: []keyring.KeyID{"b"}, Delete: []keyring.KeyID{"a"}, At: at}), keyring.ErrKeyExists)
	}
	wantKeys(t, s, first...)
	if n := len(get(t, s.Changes, time.Time{})); n != 2 {
		t.Errorf("%d changes for two scopes", n)
	}
	replicas := race(8, func(i int) error {
		return s.ChangeKeys(t.Context(), keyring.Change{
			Insert: []keyring.Record{signingKey(keyring.KeyID("m"+strconv.Itoa(i)), keyring.Shared, 2, at)}, At: at,
		})
	})
	oneWinner(t, replicas, keyring.ErrKeyExists)
}

func keysRevoked(t *testing.T, s Store) {
	at := now()
	old, next, other := signingKey("old", keyring.Realm("acme"), 1, at), signingKey("next", keyring.Realm("acme"), 2, at), signingKey("other", keyring.Shared, 1, at)
	must(t, s.ChangeKeys(t.Context(), keyring.Change{Insert: []keyring.Record{old, other}, At: at}))
	must(t, s.ChangeKeys(t.Context(), keyring.Change{
		Insert: []keyring.Record{next}, Revoke: []keyring.KeyID{"old", "nobody"}, At: at, By: "cli:ana",
	}))
	old.RevokedAt = at
	wantKeys(t, s, old, next, other)
	must(t, s.ChangeKeys(t.Context(), keyring.Change{Revoke: []keyring.KeyID{"old"}, At: at.Add(time.Hour)}))
	wantKeys(t, s, old, next, other) // revoked is revoked: the time stays
	must(t, s.ChangeKeys(t.Context(), keyring.Change{Delete: []keyring.KeyID{"old", "nobody"}, At: at}))
	must(t, s.ChangeKeys(t.Context(), keyring.Change{Delete: []keyring.KeyID{"old"}, At: at}))
	wantKeys(t, s, next, other)

	events, err := s.Events(t.Context(), time.Time{}, 100)
	must(t, err)
	var told []string
	for _, e := range events {
		told = append(told, string(e.Kind)+" "+e.Detail["kid"]+" of "+e.Detail["scope"]+" in "+string(e.Account)+" by "+e.Actor)
	}
	slices.Sort(told)
	want := []string{
		string(broker.KeyAdded) + " next of realm:acme in acme by cli:ana",
		string(broker.KeyAdded) + " old of realm:acme in acme by ",
		string(broker.KeyAdded) + " other of shared in  by ",
		string(broker.KeyDeleted) + " old of realm:acme in acme by ",
		string(broker.KeyRevoked) + " old of realm:acme in acme by cli:ana",
	}
	same(t, told, want)
	if n := len(get(t, s.Changes, time.Time{})); n != 4 { // two scopes, then one each time something changed
		t.Errorf("%d changes, want 4", n)
	}
}
