package keyring_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker/keyring"
)

const (
	hour   = time.Hour
	aDay   = 24 * time.Hour
	rotate = 90 * aDay
)

// maintained moves the clock and lets the keyring do what is due.
func maintained(t *testing.T, k *keyring.Keyring, c *clock, at time.Time) {
	t.Helper()
	c.set(at)
	if err := k.Maintain(t.Context()); err != nil {
		t.Fatalf("at %v: %v", at, err)
	}
}

func published(t *testing.T, k *keyring.Keyring, kid keyring.KeyID) bool {
	t.Helper()
	set, err := k.KeySet(keyring.Shared)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(set), string(kid))
}

// TestALife follows the first ES256 key of a scope from its making to its end.
func TestALife(t *testing.T) {
	store, c := &memory{}, &clock{at: start}
	k := open(t, store, newSealer(t), c, keyring.Shared)
	first := signer(t, k, keyring.Shared, keyring.ES256).ID
	var next keyring.KeyID
	for _, step := range []struct {
		name                      string
		after                     time.Duration
		state                     keyring.State // of the first key
		records                   int           // of ES256
		published, signs, forHint bool          // the first key
	}{
		{"at its first moment", 0, keyring.Signing, 1, true, true, true},
		{"before the announcement", rotate - aDay - 1, keyring.Signing, 1, true, true, true},
		{"at the announcement", rotate - aDay, keyring.Signing, 2, true, true, true},
		{"at its last moment", rotate - 1, keyring.Signing, 2, true, true, true},
		{"retired", rotate, keyring.Retired, 2, true, false, true},
		{"before the last token ends", rotate + aDay + hour - 1, keyring.Retired, 2, true, false, true},
		{"expired", rotate + aDay + hour, keyring.Expired, 2, false, false, true},
		{"the last hint", rotate + 12*hour + 30*aDay - 1, keyring.Expired, 2, false, false, true},
		{"forgotten", rotate + 12*hour + 30*aDay, "", 1, false, false, false},
		{"much later", 10 * rotate, "", 1, false, false, false},
	} {
		maintained(t, k, c, start.Add(step.after))
		var state keyring.State
		count := 0
		for _, info := range k.List() {
			if info.Algorithm == keyring.ES256 {
				count++
				if info.ID == first {
					state = info.State
				} else if next == "" {
					next = info.ID
				}
			}
		}
		if step.name == "much later" { // one rotation was missed, and made up for
			count--
		}
		key, err := k.Key(t.Context(), first)
		got := []any{state, count, published(t, k, first), signer(t, k, keyring.Shared, keyring.ES256).ID == first, err == nil}
		want := []any{step.state, step.records, step.published, step.signs, step.forHint}
		if !slices.Equal(got, want) {
			t.Errorf("%s: state, records, published, signs, for hints: %v, want %v", step.name, got, want)
		}
		if err == nil && key.Published(c.now()) != step.published {
			t.Errorf("%s: Published is %v", step.name, !step.published)
		}
		if next != "" && step.after < 2*rotate && !published(t, k, next) {
			t.Errorf("%s: the next key is not published", step.name)
		}
	}
}

func TestALateRotationIsAnnouncedAllTheSame(t *testing.T) {
	store, c := &memory{}, &clock{at: start}
	k := open(t, store, newSealer(t), c, keyring.Shared)
	old := signer(t, k, keyring.Shared, keyring.RS256).ID
	late := start.Add(rotate + 100*aDay)
	maintained(t, k, c, late)
	if got := signer(t, k, keyring.Shared, keyring.RS256).ID; got != old {
		t.Errorf("a key signs that nobody can have fetched")
	}
	c.set(late.Add(aDay))
	if got := signer(t, k, keyring.Shared, keyring.RS256).ID; got == old || !published(t, k, got) {
		t.Errorf("a day later the old key signs, or the new one is not published")
	}
	before := len(store.changes)
	if err := k.Maintain(t.Context()); err != nil || len(store.changes) != before {
		t.Errorf("maintaining again changed something: %v", err)
	}
}

// TestReplicasRotateOnce lets two replicas maintain at the same moment, each insert held back until
// the other's keys are made too.
func TestReplicasRotateOnce(t *testing.T) {
	store, sealer, c := &memory{}, newSealer(t), &clock{at: start}
	replicas := []*keyring.Keyring{open(t, store, sealer, c, keyring.Shared), open(t, store, sealer, c)}
	var both sync.WaitGroup
	both.Add(2)
	store.beforeInsert = func() { both.Done(); both.Wait() }
	c.set(start.Add(rotate - aDay))
	var done sync.WaitGroup
	for _, k := range replicas {
		done.Go(func() {
			if err := k.Maintain(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	store.beforeInsert = nil
	if len(store.records) != 2*len(allAlgs) {
		t.Fatalf("%d keys, want two of each of %v", len(store.records), allAlgs)
	}
	c.set(start.Add(rotate))
	for _, alg := range allAlgs {
		a, b := signer(t, replicas[0], keyring.Shared, alg), signer(t, replicas[1], keyring.Shared, alg)
		if a.ID != b.ID {
			t.Errorf("%s: one replica signs with %s, the other with %s", alg, a.ID, b.ID)
		}
	}
}

func TestAReplicaThatLagsKeepsToTheSchedule(t *testing.T) {
	store, sealer, ahead := &memory{}, newSealer(t), &clock{at: start}
	behind := &clock{at: start.Add(-10 * time.Second)}
	here := open(t, store, sealer, ahead, keyring.Shared)
	there := open(t, store, sealer, behind)
	old := signer(t, there, keyring.Shared, keyring.EdDSA)
	maintained(t, here, ahead, start.Add(rotate))
	maintained(t, there, behind, start.Add(rotate-10*time.Second))
	ahead.set(start.Add(rotate + aDay))
	behind.set(ahead.now().Add(-10 * time.Second))
	if got := signer(t, there, keyring.Shared, keyring.EdDSA).ID; got != old.ID {
		t.Fatalf("the replica that lags signs with %s before its time", got)
	}
	next := signer(t, here, keyring.Shared, keyring.EdDSA)
	for what, id := range map[string]keyring.KeyID{"the old key here": old.ID, "the next key there": next.ID} {
		k, now := here, ahead.now()
		if id == next.ID {
			k, now = there, behind.now()
		}
		if key, err := k.Key(t.Context(), id); err != nil || !key.Published(now) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestAnnounce(t *testing.T) {
	store, c := &memory{}, &clock{at: start}
	k := open(t, store, newSealer(t), c, keyring.Shared, keyring.Realm("acme"))
	old := signer(t, k, keyring.Shared, keyring.ES256).ID
	added, err := k.Announce(t.Context(), keyring.Shared, "cli:ana")
	if err != nil || len(added) != len(allAlgs) {
		t.Fatalf("%v, %v", added, err)
	}
	if by := store.changes[len(store.changes)-1].By; by != "cli:ana" {
		t.Errorf("the change is by %q", by)
	}
	if again, err := k.Announce(t.Context(), keyring.Shared, "cli:ana"); err != nil || len(again) != 0 {
		t.Errorf("announced twice: %v, %v", again, err)
	}
	if signer(t, k, keyring.Shared, keyring.ES256).ID != old {
		t.Error("the new key signs before its time")
	}
	c.set(start.Add(aDay))
	if signer(t, k, keyring.Shared, keyring.ES256).ID == old {
		t.Error("the old key signs after a day")
	}
	maintained(t, k, c, start.Add(rotate-aDay)) // the other scope is due, this one a day later
	for _, scope := range []keyring.Scope{keyring.Shared, keyring.Realm("acme")} {
		announced := slices.ContainsFunc(k.List(), func(i keyring.Info) bool { return i.Scope == scope && i.State == keyring.Announced })
		if announced != (scope != keyring.Shared) {
			t.Errorf("%s announced: %v", scope, announced)
		}
	}
	if _, err := k.Announce(t.Context(), keyring.Realm("nobody"), ""); !errors.Is(err, keyring.ErrNoKey) {
		t.Errorf("an unknown scope: %v, want ErrNoKey", err)
	}
}

func TestReplace(t *testing.T) {
	store, sealer, c := &memory{}, newSealer(t), &clock{at: start}
	k := open(t, store, sealer, c, keyring.Shared, keyring.Realm("acme"))
	other := signer(t, k, keyring.Realm("acme"), keyring.ES256).ID
	maintained(t, k, c, start.Add(rotate-aDay)) // so that there are announced keys
	maintained(t, k, c, start.Add(rotate))      // and retired ones
	if _, err := k.Announce(t.Context(), keyring.Shared, ""); err != nil {
		t.Fatal(err)
	}
	var old []keyring.KeyID
	for _, i := range k.List() {
		if i.Scope == keyring.Shared {
			old = append(old, i.ID)
		}
	}
	if len(old) != 3*len(allAlgs) {
		t.Fatalf("control: %d keys", len(old))
	}
	lagging := open(t, store, sealer, &clock{at: c.now().Add(-10 * time.Second)})
	added, err := k.Replace(t.Context(), keyring.Shared, "cli:ana")
	if err != nil || len(added) != len(allAlgs) {
		t.Fatalf("%v, %v", added, err)
	}
	lagging.Invalidate(keyring.ChangeKind, string(keyring.Shared))
	if _, err := lagging.Key(t.Context(), added[0].ID); err != nil { // has the store read
		t.Fatal(err)
	}
	for _, replica := range []*keyring.Keyring{k, lagging, open(t, store, sealer, c)} {
		for _, id := range old {
			if _, err := replica.Key(t.Context(), id); !errors.Is(err, keyring.ErrNoKey) || published(t, replica, id) {
				t.Errorf("revoked key %s: %v, or it is published", id, err)
			}
		}
		for _, r := range added {
			if got := signer(t, replica, keyring.Shared, r.Algorithm).ID; got != r.ID || !published(t, replica, r.ID) {
				t.Errorf("%s: %s signs, or is not published; want %s", r.Algorithm, got, r.ID)
			}
		}
		if _, err := replica.Key(t.Context(), other); err != nil {
			t.Errorf("a key of another scope: %v", err)
		}
	}
	// The new keys have a life like any other, and the revoked ones are deleted in the end.
	maintained(t, k, c, c.now().Add(rotate))
	maintained(t, k, c, c.now().Add(aDay))
	for _, r := range store.records {
		if r.Revoked() {
			t.Errorf("%v is still there", r)
		}
	}
}

func TestReplaceWinsAgainstTheSchedule(t *testing.T) {
	store, sealer, c := &memory{}, newSealer(t), &clock{at: start}
	here, there := open(t, store, sealer, c, keyring.Shared), open(t, store, sealer, c)
	c.set(start.Add(rotate - aDay))
	store.beforeInsert = func() { // between the reading of one and its insert, the other announces
		store.beforeInsert = nil
		if err := there.Maintain(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if _, err := here.Replace(t.Context(), keyring.Shared, ""); err != nil {
		t.Fatal(err)
	}
	for _, i := range here.List() {
		if (i.State == keyring.Signing) != (i.Sequence == 3) || (i.State == keyring.Revoked) != (i.Sequence < 3) {
			t.Errorf("%v is %s", i.Record, i.State)
		}
	}
}

func TestKeysThatWereRevokedAloneAreReplaced(t *testing.T) {
	store, c := &memory{}, &clock{at: start}
	k := open(t, store, newSealer(t), c, keyring.Shared)
	store.edit(func(r []keyring.Record) { r[0].RevokedAt = start })
	maintained(t, k, c, start.Add(time.Minute))
	if got := signer(t, k, keyring.Shared, store.records[0].Algorithm).ID; got == store.records[0].ID {
		t.Error("a revoked key signs")
	}
}

func TestAStoreThatIsDownDelaysARotation(t *testing.T) {
	store, c := &memory{}, &clock{at: start}
	k := open(t, store, newSealer(t), c, keyring.Shared)
	c.set(start.Add(rotate + aDay))
	store.setDown(true)
	if err := k.Maintain(t.Context()); !errors.Is(err, errDown) {
		t.Errorf("got %v, want the store's error", err)
	}
	if _, err := k.Replace(t.Context(), keyring.Shared, ""); !errors.Is(err, errDown) {
		t.Errorf("got %v, want the store's error", err)
	}
	signer(t, k, keyring.Shared, keyring.ES256) // it signs on
	store.setDown(false)
	if err := k.Maintain(t.Context()); err != nil || len(store.records) != 2*len(allAlgs) {
		t.Errorf("afterwards: %v, %d keys", err, len(store.records))
	}
}

// TestRunMaintains is the one test that waits for Run itself.
func TestRunMaintains(t *testing.T) {
	store, c := &memory{}, &clock{at: start}
	k := open(t, store, newSealer(t), c, keyring.Shared)
	c.set(start.Add(rotate))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		k.Run(t.Context())
	}()
	eventually(t, func() bool {
		store.mu.Lock()
		defer store.mu.Unlock()
		return len(store.records) == 2*len(allAlgs)
	})
	t.Cleanup(func() { <-ended }) // the context ends first
}
