package keyring

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// maintainEvery is how often Run looks whether a key is due. Keys are announced a day ahead, so that
// a state database may be down for hours without a rotation being late.
const maintainEvery = time.Hour

// tries is how often an operator's rotation competes with those of others.
const tries = 3

// Run maintains the keys until ctx ends.
func (k *Keyring) Run(ctx context.Context) {
	ticker := time.NewTicker(maintainEvery)
	defer ticker.Stop()
	for {
		if err := k.Maintain(ctx); err != nil && ctx.Err() == nil {
			k.log.ErrorContext(ctx, "signing keys could not be maintained; they sign on, and it is tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Maintain does what the schedule says is due: it announces the successors of keys that retire within
// a day, and deletes keys that verify nothing any more. It may run on every replica at once: they
// decide from the same records, the first to insert wins, and the others take its keys. The error
// joins those of single scopes.
func (k *Keyring) Maintain(ctx context.Context) error {
	if err := k.load(ctx); err != nil {
		return err
	}
	var errs []error
	changed := false
	for scope, keys := range k.current.Load().byScope { // in random order: replicas share the work
		due, err := k.due(scope, keys)
		if err == nil && !due.empty() {
			changed = true
			err = k.change(ctx, due)
		}
		if err != nil && !errors.Is(err, ErrKeyExists) {
			errs = append(errs, fmt.Errorf("keys of %s: %w", scope, err))
		}
	}
	if changed {
		errs = append(errs, k.load(ctx))
	}
	return errors.Join(errs...)
}

// due returns what the schedule asks for now.
func (k *Keyring) due(scope Scope, keys *scopeKeys) (Change, error) {
	now := k.now()
	change := Change{At: now}
	for _, alg := range Algorithms() {
		entries := keys.of(alg)
		if len(entries) == 0 {
			continue // Ensure makes the first
		}
		if at, due := entries[0].successor(now); due {
			record, err := k.generate(scope, alg, entries[0].Sequence+1, at)
			if err != nil {
				return Change{}, err
			}
			change.Insert = append(change.Insert, record)
		}
		for _, e := range entries[1:] { // the newest stays, for its number
			if e.forgotten(now) {
				change.Delete = append(change.Delete, e.ID)
			}
		}
	}
	return change, nil
}

// Announce begins a rotation of a scope's keys ahead of the schedule: their successors sign in 24
// hours. Keys whose successor is announced already are left alone. It returns the new keys.
func (k *Keyring) Announce(ctx context.Context, scope Scope, by string) ([]Record, error) {
	return k.rotate(ctx, scope, func(keys *scopeKeys) (Change, error) {
		now := k.now()
		change := Change{At: now, By: by}
		for _, alg := range Algorithms() {
			entries := keys.of(alg)
			if len(entries) == 0 || entries[0].ActiveAt.After(now) {
				continue
			}
			record, err := k.generate(scope, alg, entries[0].Sequence+1, now.Add(announceAhead))
			if err != nil {
				return Change{}, err
			}
			change.Insert = append(change.Insert, record)
		}
		return change, nil
	})
}

// Replace withdraws every key of a scope, announced and retired ones too, and makes new ones that sign
// at once: what is done when private keys may have been seen. Tokens that the old keys signed are
// invalid from the moment that a replica knows of it; resource servers that verify by themselves go on
// accepting them until they read the key set again. It returns the new keys.
func (k *Keyring) Replace(ctx context.Context, scope Scope, by string) ([]Record, error) {
	return k.rotate(ctx, scope, func(keys *scopeKeys) (Change, error) {
		change := Change{At: k.now(), By: by}
		for _, alg := range Algorithms() {
			var sequence int64
			for _, e := range keys.of(alg) {
				sequence = max(sequence, e.Sequence)
				if !e.Revoked() {
					change.Revoke = append(change.Revoke, e.ID)
				}
			}
			record, err := k.generate(scope, alg, sequence+1, change.At)
			if err != nil {
				return Change{}, err
			}
			change.Insert = append(change.Insert, record)
		}
		return change, nil
	})
}

// rotate makes the change that plan returns for the scope's keys as they are, and plans again when
// another replica was faster.
func (k *Keyring) rotate(ctx context.Context, scope Scope, plan func(*scopeKeys) (Change, error)) ([]Record, error) {
	for try := 1; ; try++ {
		if err := k.load(ctx); err != nil {
			return nil, err
		}
		keys := k.current.Load().byScope[scope]
		if keys == nil {
			return nil, fmt.Errorf("rotate the keys of %q: %w", scope, ErrNoKey)
		}
		change, err := plan(keys)
		if err == nil && !change.empty() {
			err = k.change(ctx, change)
		}
		switch {
		case errors.Is(err, ErrKeyExists) && try < tries:
			continue
		case err != nil:
			return nil, fmt.Errorf("rotate the keys of %s: %w", scope, err)
		}
		return change.Insert, k.load(ctx)
	}
}

func (k *Keyring) change(ctx context.Context, c Change) error {
	ctx, cancel := context.WithTimeout(ctx, refreshTimeout)
	defer cancel()
	return k.store.ChangeKeys(ctx, c)
}
