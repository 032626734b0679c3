package keyring

import (
	"context"
	"fmt"
)

// Invalidate tells the keyring that keys were changed elsewhere; an empty kind says that anything may
// have been. It returns at once: the next reader sets off a reading of the store and goes on
// with the keys it has, which is soon enough because keys are announced long before they sign. A revoked
// key is the exception: it may verify one more token, for the milliseconds of that reading.
func (k *Keyring) Invalidate(kind, _ string) {
	if kind == ChangeKind || kind == "" {
		k.stale.Store(true)
	}
}

// snapshot returns the keys, and has them read again when they are stale. The store being down stops
// neither signing nor the JWKS.
func (k *Keyring) snapshot() *snapshot {
	if k.stale.Load() && k.now().UnixMicro() >= k.retryAt.Load() && k.refreshing.CompareAndSwap(false, true) {
		go k.refresh()
	}
	return k.current.Load()
}

func (k *Keyring) refresh() {
	defer k.refreshing.Store(false)
	ctx, cancel := context.WithTimeout(context.Background(), refreshTimeout)
	defer cancel()
	if err := k.load(ctx); err != nil {
		k.retryAt.Store(k.now().Add(refreshPause).UnixMicro())
		k.log.WarnContext(ctx, "signing keys could not be read again; the known ones stay in use", "error", err)
	}
}

// load replaces the snapshot with what the store has.
func (k *Keyring) load(ctx context.Context) error {
	k.loading.Lock()
	defer k.loading.Unlock()
	k.stale.Store(false) // before the reading: a change that arrives during it must not be lost
	next, err := k.read(ctx)
	if err != nil {
		k.stale.Store(true)
		return err
	}
	k.current.Store(next)
	return nil
}

func (k *Keyring) read(ctx context.Context) (*snapshot, error) {
	records, err := k.store.LoadKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("load signing keys: %w", err)
	}
	return newSnapshot(records, k.sealer, k.lives, k.current.Load())
}
