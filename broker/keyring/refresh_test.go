package keyring_test

import (
	"errors"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker/keyring"
)

func TestAKeyOfAnotherReplicaIsFoundOnceTheFeedNamesIt(t *testing.T) {
	store, sealer, c := &memory{}, newSealer(t), &clock{at: start}
	here, there := open(t, store, sealer, c), open(t, store, sealer, c, keyring.Realm("acme"))
	kid := signer(t, there, keyring.Realm("acme"), keyring.ES256).ID

	loads := store.loads
	for range 100 {
		if _, err := here.Key(t.Context(), kid); !errors.Is(err, keyring.ErrNoKey) {
			t.Fatalf("before the feed named it: %v, want ErrNoKey", err)
		}
	}
	here.Invalidate("registry", "acme")
	if _, err := here.Key(t.Context(), kid); !errors.Is(err, keyring.ErrNoKey) {
		t.Fatalf("after another kind of change: %v, want ErrNoKey", err)
	}
	if store.loads != loads {
		t.Errorf("unknown kids made the store be read %d times", store.loads-loads)
	}
	here.Invalidate(keyring.ChangeKind, "realm:acme")
	if _, err := here.Key(t.Context(), kid); err != nil {
		t.Errorf("after the feed named it: %v", err)
	}
	if _, err := here.Key(t.Context(), "nobody"); !errors.Is(err, keyring.ErrNoKey) {
		t.Errorf("an unknown kid afterwards: %v, want ErrNoKey", err)
	}
	if store.loads != loads+1 {
		t.Errorf("one change made the store be read %d times, want 1", store.loads-loads)
	}
}

func TestAStoreThatIsDownStopsNoSigning(t *testing.T) {
	store, sealer, c := &memory{}, newSealer(t), &clock{at: start}
	k := open(t, store, sealer, c, keyring.Shared)
	store.setDown(true)
	k.Invalidate("", "")
	kid := signer(t, k, keyring.Shared, keyring.ES256).ID
	if _, err := k.KeySet(keyring.Shared); err != nil {
		t.Errorf("JWKS: %v", err)
	}
	if err := k.Ensure(t.Context(), keyring.Shared); err != nil {
		t.Errorf("Ensure of a known scope: %v", err)
	}
	if _, err := k.Key(t.Context(), kid); err != nil {
		t.Errorf("a known kid: %v", err)
	}
	if _, err := k.Key(t.Context(), "nobody"); !errors.Is(err, errDown) {
		t.Errorf("an unknown kid: %v, want the store's error: we cannot know", err)
	}
	if err := k.Ensure(t.Context(), keyring.Realm("new")); !errors.Is(err, errDown) {
		t.Errorf("Ensure of a new scope: %v, want the store's error", err)
	}
}

func TestReadersHaveStaleKeysReadAgain(t *testing.T) {
	store, sealer, c := &memory{}, newSealer(t), &clock{at: start}
	here, there := open(t, store, sealer, c), open(t, store, sealer, c)
	if err := there.Ensure(t.Context(), keyring.Shared); err != nil {
		t.Fatal(err)
	}
	store.setDown(true)
	here.Invalidate(keyring.ChangeKind, "shared")
	eventually(t, func() bool { // one failed reading, nobody waits for it
		_, err := here.Signer(keyring.Shared, keyring.ES256)
		if !errors.Is(err, keyring.ErrNoKey) {
			t.Fatalf("while the store is down: %v, want ErrNoKey", err)
		}
		store.mu.Lock()
		defer store.mu.Unlock()
		return store.loads == 5 // two openings, two while making the keys, one that failed
	})
	store.setDown(false)
	eventually(t, func() bool {
		c.set(c.now().Add(time.Second)) // the pause after a failure
		_, err := here.Signer(keyring.Shared, keyring.ES256)
		return err == nil
	})
}

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("did not happen within 10 s")
		}
	}
}
