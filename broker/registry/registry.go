package registry

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
)

// A Registry keeps the current Snapshot of a Store. It is safe for concurrent use.
type Registry struct {
	store   Store
	loading sync.Mutex // so that an older load never replaces a newer one
	current atomic.Pointer[Snapshot]
}

// Open loads the registry. A record that is not valid is an error that names it.
func Open(ctx context.Context, store Store) (*Registry, error) {
	r := &Registry{store: store}
	if err := r.load(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

// Snapshot returns the state as of the last load. It takes no lock.
func (r *Registry) Snapshot() *Snapshot { return r.current.Load() }

// Invalidate reloads the registry when kind is ChangeKind, and ignores other kinds. On an error the
// old snapshot stays, and the caller must try again. The subject is not looked at: the whole registry
// is small, and one state is easier to reason about than a mixture.
func (r *Registry) Invalidate(ctx context.Context, kind, _ string) error {
	if kind != ChangeKind {
		return nil
	}
	return r.load(ctx)
}

func (r *Registry) load(ctx context.Context) error {
	r.loading.Lock()
	defer r.loading.Unlock()
	records, err := r.store.LoadRegistry(ctx)
	if err != nil {
		return fmt.Errorf("load registry: %w", err)
	}
	next, err := NewSnapshot(records)
	if err != nil {
		return fmt.Errorf("stored registry is not valid: %w", err)
	}
	r.current.Store(next)
	return nil
}
