package keyring_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker/keyring"
	"github.com/patchbay-auth/patchbay/internal/keyfile"
)

var (
	start   = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	errDown = errors.New("store is down")
	_       = keyring.Store(&memory{})
	_       = keyring.Sealer(&keyfile.Keys{})
	allAlgs = keyring.Algorithms()
)

// memory is a store for one test. Its counters count calls.
type memory struct {
	mu      sync.Mutex
	records []keyring.Record
	down    bool
	loads   int
	inserts int
	changes []keyring.Change
	// beforeInsert runs, outside the lock, before each insert.
	beforeInsert func()
}

func (m *memory) LoadKeys(context.Context) ([]keyring.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.loads++
	if m.down {
		return nil, errDown
	}
	return slices.Clone(m.records), nil
}

func (m *memory) ChangeKeys(_ context.Context, c keyring.Change) error {
	if m.beforeInsert != nil {
		m.beforeInsert()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.inserts++
	if m.down {
		return errDown
	}
	for _, r := range c.Insert {
		for _, have := range m.records {
			if r.ID == have.ID || r.Scope == have.Scope && r.Algorithm == have.Algorithm && r.Sequence == have.Sequence {
				return keyring.ErrKeyExists
			}
		}
	}
	m.records = slices.DeleteFunc(append(m.records, c.Insert...), func(r keyring.Record) bool { return slices.Contains(c.Delete, r.ID) })
	for i, r := range m.records {
		if slices.Contains(c.Revoke, r.ID) && !r.Revoked() {
			m.records[i].RevokedAt = c.At
		}
	}
	m.changes = append(m.changes, c)
	return nil
}

// edit changes the records as somebody with access to the database could.
func (m *memory) edit(f func([]keyring.Record)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(m.records)
}

func (m *memory) setDown(down bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = down
}

// clock is a hand-moved clock.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at
}

func newSealer(t testing.TB) *keyfile.Keys {
	t.Helper()
	keys, err := keyfile.Generate(start)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func open(t testing.TB, store keyring.Store, sealer keyring.Sealer, c *clock, scopes ...keyring.Scope) *keyring.Keyring {
	t.Helper()
	k, err := keyring.Open(t.Context(), keyring.Config{Store: store, Sealer: sealer, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Ensure(t.Context(), scopes...); err != nil {
		t.Fatal(err)
	}
	return k
}

func signer(t testing.TB, k *keyring.Keyring, scope keyring.Scope, alg keyring.Algorithm) *keyring.Signer {
	t.Helper()
	s, err := k.Signer(scope, alg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
