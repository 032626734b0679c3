package keyring

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"
)

const (
	// refreshTimeout bounds one reading of the store in the background.
	refreshTimeout = 5 * time.Second
	// refreshPause follows a reading that failed; nobody waits for it.
	refreshPause = time.Second
	// ensureTimeout bounds the making of one scope's keys, RSA on a slow machine included.
	ensureTimeout = 30 * time.Second
)

// Config is what a Keyring needs.
type Config struct {
	Store     Store
	Sealer    Sealer
	Lifetimes Lifetimes
	// Now reports the time; nil means time.Now.
	Now func() time.Time
	// Log hears of keys that could not be read again; nil discards.
	Log *slog.Logger
}

// A Keyring holds all signing keys in memory. It is safe for concurrent use.
type Keyring struct {
	store  Store
	sealer Sealer
	lives  Lifetimes
	now    func() time.Time
	log    *slog.Logger

	current atomic.Pointer[snapshot]
	loading sync.Mutex // makes readings of the store succeed each other, never overtake
	making  singleflight.Group

	stale      atomic.Bool
	refreshing atomic.Bool
	retryAt    atomic.Int64 // Unix microseconds
}

// Open reads all keys. It fails when the store cannot be read or the sealer cannot open what is in it.
func Open(ctx context.Context, c Config) (*Keyring, error) {
	k := &Keyring{store: c.Store, sealer: c.Sealer, lives: c.Lifetimes.withDefaults(), now: c.Now, log: c.Log}
	if k.now == nil {
		k.now = time.Now
	}
	if k.log == nil {
		k.log = slog.New(slog.DiscardHandler)
	}
	k.current.Store(&snapshot{})
	if err := k.load(ctx); err != nil {
		return nil, err
	}
	return k, nil
}

// Ensure makes the keys that the scopes lack. It costs nothing when they have them; else 100 ms and
// more, scopes in parallel, each once however many callers ask. A replica that was slower than
// another takes the other's keys. When ctx ends the making goes on, for those who ask next.
func (k *Keyring) Ensure(ctx context.Context, scopes ...Scope) error {
	have := k.snapshot()
	lacking := slices.DeleteFunc(slices.Clone(scopes), func(s Scope) bool { return len(have.missing(s)) == 0 })
	if len(lacking) == 0 {
		return nil
	}
	var group errgroup.Group
	for _, scope := range lacking {
		group.Go(func() error {
			made := k.making.DoChan(string(scope), func() (any, error) {
				detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), ensureTimeout)
				defer cancel()
				return nil, k.fill(detached, scope)
			})
			select {
			case result := <-made:
				return result.Err
			case <-ctx.Done():
				return fmt.Errorf("signing keys for %s: %w", scope, ctx.Err())
			}
		})
	}
	return group.Wait()
}

func (k *Keyring) fill(ctx context.Context, scope Scope) error {
	if err := k.load(ctx); err != nil { // another replica may have made them
		return err
	}
	var records []Record
	for _, alg := range k.current.Load().missing(scope) {
		// Active at once: nobody can have fetched a JWKS of the scope yet.
		record, err := k.generate(scope, alg, 1, k.now())
		if err != nil {
			return err
		}
		records = append(records, record)
	}
	if len(records) == 0 {
		return nil
	}
	if err := k.store.ChangeKeys(ctx, Change{Insert: records, At: k.now()}); err != nil && !errors.Is(err, ErrKeyExists) {
		return fmt.Errorf("store signing keys for %s: %w", scope, err)
	}
	if err := k.load(ctx); err != nil {
		return err
	}
	if missing := k.current.Load().missing(scope); len(missing) > 0 {
		return fmt.Errorf("signing keys for %s: %w: %v after they were stored", scope, ErrNoKey, missing)
	}
	return nil
}

// Signer returns the key that signs for scope now. The error wraps ErrNoKey when the scope has none;
// Ensure comes first.
func (k *Keyring) Signer(scope Scope, alg Algorithm) (*Signer, error) {
	keys := k.snapshot().byScope[scope]
	if keys == nil {
		return nil, fmt.Errorf("signer for %s: %w", scope, ErrNoKey)
	}
	e := keys.signing(alg, k.now())
	if e == nil {
		return nil, fmt.Errorf("signer for %s with %q: %w", scope, alg, ErrNoKey)
	}
	return e.signer()
}

// Key returns the public key of a kid, of any scope, until ID token hints that it signed are no longer
// accepted. The error wraps ErrNoKey when there is no such key, or it was revoked; any other error
// means that the store could not say. The store is asked only when it is known to have changed, so
// unknown kids, which cost a stranger nothing, cost us nothing either.
func (k *Keyring) Key(ctx context.Context, id KeyID) (PublicKey, error) {
	e := k.current.Load().byID[id]
	switch stale := k.stale.Load(); {
	case e != nil && stale:
		e = k.snapshot().byID[id]
	case stale:
		if err := k.load(ctx); err != nil {
			return PublicKey{}, err
		}
		e = k.current.Load().byID[id]
	}
	if e == nil || e.Revoked() || e.forgotten(k.now()) {
		return PublicKey{}, ErrNoKey
	}
	signer, err := e.signer()
	if err != nil {
		return PublicKey{}, err
	}
	return PublicKey{
		ID: e.ID, Scope: e.Scope, Algorithm: e.Algorithm, ExpiresAt: e.expiresAt, key: signer.key.Public(),
	}, nil
}

// KeySet returns the JWKS of scope, to be served as it is and not to be written to. The error wraps
// ErrNoKey when the scope has no keys.
func (k *Keyring) KeySet(scope Scope) ([]byte, error) {
	keys := k.snapshot().byScope[scope]
	if keys == nil {
		return nil, fmt.Errorf("key set of %s: %w", scope, ErrNoKey)
	}
	return keys.rendered(k.now())
}
