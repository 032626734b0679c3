package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/federation/saml"
	"github.com/patchbay-auth/patchbay/internal/id"
)

// connectionState keeps in the state database what a SAML connection must remember.
type connectionState struct {
	*State
	of  registry.ConnectionKey
	now func() time.Time

	mu     sync.Mutex
	keys   []saml.Key
	loaded time.Time
}

// keysFor is how long a connection's keys are used without another look. A new one is announced for much
// longer than that before it is used.
const keysFor = time.Minute

// Keys implements saml.Store. The first key is made when it is first asked for.
func (c *connectionState) Keys(ctx context.Context) ([]saml.Key, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if len(c.keys) > 0 && now.Sub(c.loaded) < keysFor {
		return slices.Clone(c.keys), nil
	}
	stored, err := c.Store.UpstreamKeys(ctx, c.of)
	if err == nil && len(stored) == 0 {
		err = c.AnnounceKey(ctx, c.of, 1, now, now)
		if err == nil || errors.Is(err, broker.ErrConflict) { // another server was first
			stored, err = c.Store.UpstreamKeys(ctx, c.of)
		}
	}
	if err != nil {
		return nil, err
	}
	if c.keys, err = c.open(stored); err != nil {
		return nil, err
	}
	c.loaded = now
	return slices.Clone(c.keys), nil
}

func (s *State) open(stored []broker.UpstreamKey) ([]saml.Key, error) {
	var keys []saml.Key
	for _, k := range stored {
		private, err := s.Keys.Open(k.SealedKey, k.Context())
		if err != nil {
			return nil, fmt.Errorf("key %d of connection %s/%s: %w", k.Generation, k.Connection.Account, k.Connection.ID, err)
		}
		key, err := saml.ParseKey(private, k.Certificate, k.UseFrom)
		if err != nil {
			return nil, fmt.Errorf("key %d of connection %s/%s: %w", k.Generation, k.Connection.Account, k.Connection.ID, err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// AnnounceKey makes the key of a generation of a SAML connection, which signs from useFrom on. It returns
// broker.ErrConflict if that generation exists.
func (s *State) AnnounceKey(ctx context.Context, of registry.ConnectionKey, generation int, now, useFrom time.Time) error {
	key, err := saml.NewKey(string(of.Account)+"/"+of.ID, now)
	if err != nil {
		return err
	}
	private, err := saml.MarshalKey(key)
	if err != nil {
		return err
	}
	stored := broker.UpstreamKey{
		Connection: of, Generation: generation, Certificate: key.Certificate.Raw, CreatedAt: now, UseFrom: useFrom,
	}
	if stored.SealedKey, err = s.Keys.Seal(private, stored.Context()); err != nil {
		return err
	}
	return s.Store.InsertUpstreamKey(ctx, stored)
}

// Once implements saml.Store.
func (c *connectionState) Once(ctx context.Context, message [sha256.Size]byte, until time.Time) error {
	seen := grant.HashOf("saml\x00" + string(c.of.Account) + "\x00" + c.of.ID + "\x00" + hex.EncodeToString(message[:]))
	err := c.Store.UseAssertion(ctx, seen, id.New(), until)
	if errors.Is(err, grant.ErrConflict) {
		return saml.ErrReplayed
	}
	return err
}

// Metadata implements saml.Store.
func (c *connectionState) Metadata(ctx context.Context) ([]byte, error) {
	document, err := c.Store.UpstreamMetadata(ctx, c.of)
	if errors.Is(err, broker.ErrNotFound) {
		return nil, nil
	}
	return document, err
}

// KeepMetadata implements saml.Store.
func (c *connectionState) KeepMetadata(ctx context.Context, document []byte) error {
	return c.Store.SaveUpstreamMetadata(ctx, c.of, document, c.now())
}
