package keyring

import (
	"cmp"
	"slices"
	"time"
)

// State is where a key is in its life.
type State string

// The states of a key, in their order.
const (
	Announced State = "announced" // published, does not sign yet
	Signing   State = "signing"
	Retired   State = "retired" // published, no longer signs
	Expired   State = "expired" // verifies ID token hints only
	Revoked   State = "revoked" // verifies nothing
)

// Info is a key and its schedule.
type Info struct {
	Record
	State State
	// RetireAt is when the key stops signing: planned, as long as no successor is announced.
	RetireAt time.Time
	// ExpiresAt is when it leaves the JWKS. A revoked key has left it.
	ExpiresAt time.Time
}

// List returns all keys by scope, algorithm and age, the newest first.
func (k *Keyring) List() []Info {
	now, list := k.now(), []Info{}
	for _, keys := range k.snapshot().byScope {
		for _, e := range keys.entries {
			i := Info{Record: e.Record, State: e.state(now), RetireAt: e.retireAt, ExpiresAt: e.expiresAt}
			if i.RetireAt.IsZero() {
				i.RetireAt = e.ActiveAt.Add(rotateEvery)
				i.ExpiresAt = i.RetireAt.Add(k.lives.Token + lag)
			}
			list = append(list, i)
		}
	}
	slices.SortStableFunc(list, func(a, b Info) int { return cmp.Compare(b.Scope, a.Scope) }) // "shared" before the realms
	return list
}

func (e *entry) state(now time.Time) State {
	switch {
	case e.Revoked():
		return Revoked
	case now.Before(e.ActiveAt):
		return Announced
	case !e.retired(now):
		return Signing
	case e.published(now):
		return Retired
	}
	return Expired
}
