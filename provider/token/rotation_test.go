package token_test

import (
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/patchbay-auth/patchbay/broker/keyring"
	"github.com/patchbay-auth/patchbay/internal/keyfile"
	"github.com/patchbay-auth/patchbay/provider/token"
)

// sharedClock is a clock that many goroutines read.
type sharedClock struct {
	mu sync.Mutex
	at time.Time
}

func (c *sharedClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *sharedClock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at
}

// replica is one of several processes on the same store. It reads the store when it maintains its
// keys, and not when another replica has changed them: the slowest change feed there can be.
type replica struct {
	*token.Tokens
	keys *keyring.Keyring
}

func newReplica(t *testing.T, store keyring.Store, sealer keyring.Sealer, now func() time.Time) replica {
	t.Helper()
	keys, err := keyring.Open(t.Context(), keyring.Config{Store: store, Sealer: sealer, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return replica{token.New(token.Config{Keys: keys, Issuer: scopeOf, Now: now}), keys}
}

// live is a token that must verify everywhere until it expires.
type live struct {
	raw string
	token.Access
}

// TestRotationUnderLoad turns 280 days into steps of 8 hours. In each, two replicas maintain their
// keys while goroutines mint on one and verify on the other, tokens of all lifetimes up to the
// longest. Every token verifies at once, and again when it is about to expire; and a resource server
// that reads the key set once a day never meets a key that it does not know.
func TestRotationUnderLoad(t *testing.T) {
	const (
		step    = 8 * time.Hour
		longest = 24 * time.Hour
	)
	days := 280
	if testing.Short() { // with -race
		days = 100
	}
	sealer, err := keyfile.Generate(start)
	if err != nil {
		t.Fatal(err)
	}
	clock, store := &sharedClock{at: start}, &memory{}
	replicas := []replica{newReplica(t, store, sealer, clock.now), newReplica(t, store, sealer, clock.now)}
	for _, r := range replicas {
		if err := r.keys.Ensure(t.Context(), keyring.Shared); err != nil {
			t.Fatal(err)
		}
	}

	var minted []live
	var cached jose.JSONWebKeySet
	var cachedAt time.Time
	kids := map[keyring.KeyID]bool{}
	for now := start; now.Before(start.AddDate(0, 0, days)); now = now.Add(step) {
		// A moment before the step those tokens are checked that end with it.
		clock.set(now.Add(-time.Second))
		kept := minted[:0]
		for _, m := range minted {
			if m.Expires.After(now) {
				kept = append(kept, m)
				continue
			}
			for i, r := range replicas {
				if _, err := r.VerifyAccess(t.Context(), m.raw); err != nil {
					t.Fatalf("day %d: replica %d refuses a token of %v before it ends: %v", dayOf(now), i, m.IssuedAt, err)
				}
			}
		}
		minted = kept
		clock.set(now)
		if now.Sub(cachedAt) >= 24*time.Hour {
			rendered, err := replicas[1].keys.KeySet(keyring.Shared)
			if err == nil {
				cached = jose.JSONWebKeySet{}
				err = json.Unmarshal(rendered, &cached)
			}
			if err != nil {
				t.Fatal(err)
			}
			cachedAt = now
		}
		var load sync.WaitGroup
		results := make(chan live, 2*len(keyring.Algorithms()))
		for i := range replicas {
			load.Go(func() {
				if err := replicas[i].keys.Maintain(t.Context()); err != nil {
					t.Errorf("day %d: replica %d: %v", dayOf(now), i, err)
				}
			})
			for a, alg := range keyring.Algorithms() {
				load.Go(func() {
					how := token.Signing{Algorithm: alg, Lifetime: longest - time.Duration((a+i)%3)*step}
					raw, access, err := replicas[i].MintAccess(how, person())
					if err == nil {
						_, err = replicas[1-i].VerifyAccess(t.Context(), raw)
					}
					if err != nil {
						t.Errorf("day %d: %s by replica %d: %v", dayOf(now), alg, i, err)
						return
					}
					results <- live{raw, access}
				})
			}
		}
		load.Wait()
		close(results)
		for m := range results {
			kids[m.KeyID] = true
			if len(cached.Key(string(m.KeyID))) == 0 {
				t.Errorf("day %d: a resource server has not read %s yet", dayOf(now), m.KeyID)
			}
			minted = append(minted, m)
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	if want := len(keyring.Algorithms()) * (1 + days/90); len(kids) != want {
		t.Errorf("%d keys have signed, want %d", len(kids), want)
	}
}

func dayOf(at time.Time) int { return int(at.Sub(start) / (24 * time.Hour)) }
