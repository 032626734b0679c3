package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/patchbay-auth/patchbay/broker/domain"
	"github.com/patchbay-auth/patchbay/broker/keyring"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/broker/sqlstore"
	"github.com/patchbay-auth/patchbay/internal/keyfile"
)

// State is what lives in the state database, opened: enough for the commands that administrate.
type State struct {
	Store    *sqlstore.Store
	Registry *registry.Registry
	Keys     *keyfile.Keys
	Keyring  *keyring.Keyring
	Domains  *domain.Prover
}

// StateConfig is what a State needs.
type StateConfig struct {
	sqlstore.Config
	Keys *keyfile.Keys
	// DomainResolver is the name server, host:port, that is asked for the proofs of domains; empty means this
	// machine's.
	DomainResolver string
	Log            *slog.Logger
}

// OpenState opens the state database with a current schema. Close it.
func OpenState(ctx context.Context, config StateConfig) (_ *State, err error) {
	keys, log := config.Keys, config.Log
	s := &State{Keys: keys}
	s.Store, err = sqlstore.Open(ctx, config.Config)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Store.Close())
		}
	}()
	if err := s.Store.CheckSchema(ctx); err != nil {
		return nil, err
	}
	if s.Registry, err = registry.Open(ctx, s.Store); err != nil {
		return nil, err
	}
	s.Keyring, err = keyring.Open(ctx, keyring.Config{
		Store: s.Store, Sealer: keys, Lifetimes: keyring.Lifetimes{Token: registry.MaxTokenLifetime}, Now: config.Now, Log: log,
	})
	if err != nil {
		return nil, err
	}
	proofs := domain.Config{Store: s.Store, Logger: log, Now: config.Now}
	if config.DomainResolver != "" {
		proofs.Resolver = domain.ServerAt(config.DomainResolver)
	}
	s.Domains = domain.NewProver(proofs)
	return s, nil
}

// Close closes the database.
func (s *State) Close() error { return s.Store.Close() }

// EnsureKeys makes the signing keys that the shared issuers, the tenants' realms and the connections that
// prove themselves by a key lack.
func (s *State) EnsureKeys(ctx context.Context) error {
	scopes := []keyring.Scope{keyring.Shared}
	snapshot := s.Registry.Snapshot()
	for _, t := range snapshot.Tenants() {
		scopes = append(scopes, keyring.Realm(string(t.Account)))
		for _, c := range snapshot.Connections(t.Account) {
			if c.OIDC != nil && c.OIDC.PublishesKeys() {
				scopes = append(scopes, keyring.Connection(string(c.Account), c.ID))
			}
		}
	}
	return s.Keyring.Ensure(ctx, scopes...)
}

// Apply makes the registry what a tenant file says. With dryRun nothing is written; the difference
// is returned either way.
func (s *State) Apply(ctx context.Context, file registry.TenantFile, o ApplyOptions) ([]registry.DiffLine, error) {
	change, diff, err := s.Registry.Snapshot().Plan(file, registry.Planning{Prune: o.Prune, By: o.By, Now: o.At, Sealer: s.Keys})
	if err != nil || o.DryRun || change.Empty() {
		return diff, err
	}
	if err := s.Store.ChangeRegistry(ctx, change); err != nil {
		return nil, fmt.Errorf("apply: %w", err)
	}
	if err := s.Registry.Invalidate(ctx, registry.ChangeKind, ""); err != nil {
		return nil, err
	}
	return diff, s.EnsureKeys(ctx)
}

// ApplyOptions say how to apply a tenant file.
type ApplyOptions struct {
	// Prune removes what the file does not name.
	Prune  bool
	DryRun bool
	// By is who applies it, for the audit log.
	By string
	At time.Time
}
