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
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/internal/id"
)

// ownKeys are the keys with certificates by which the IdP of one connection knows us, as they are in the
// state database.
type ownKeys struct {
	*State
	of  registry.ConnectionKey
	now func() time.Time

	mu     sync.Mutex
	keys   []federation.KeyPair
	loaded time.Time
}

// keysFor is how long a connection's keys are used without another look. Who has announced a key fetches the
// metadata next, from any server, and must find it there.
const keysFor = 5 * time.Second

func (s *State) ownKeys(c *registry.Connection, now func() time.Time) *ownKeys {
	return &ownKeys{State: s, of: registry.ConnectionKey{Account: c.Account, ID: c.ID}, now: now}
}

// Keys returns at least one key. The first is made when it is first asked for.
func (k *ownKeys) Keys(ctx context.Context) ([]federation.KeyPair, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	if len(k.keys) > 0 && now.Sub(k.loaded) < keysFor {
		return slices.Clone(k.keys), nil
	}
	stored, err := k.Store.UpstreamKeys(ctx, k.of)
	if err == nil && len(stored) == 0 {
		// Making one is dear: who asks for our metadata and goes away shall not be able to have it done again.
		err = k.AnnounceKey(context.WithoutCancel(ctx), k.of, Announcement{Generation: 1, At: now, UseFrom: now})
		if err == nil || errors.Is(err, broker.ErrConflict) { // another server was first
			stored, err = k.Store.UpstreamKeys(ctx, k.of)
		}
	}
	if err != nil {
		return nil, err
	}
	if k.keys, err = k.open(stored); err != nil {
		return nil, err
	}
	k.loaded = now
	return slices.Clone(k.keys), nil
}

func (s *State) open(stored []broker.UpstreamKey) ([]federation.KeyPair, error) {
	var keys []federation.KeyPair
	for _, k := range stored {
		private, err := s.Keys.Open(k.SealedKey, k.Context())
		if err != nil {
			return nil, fmt.Errorf("key %d of connection %s/%s: %w", k.Generation, k.Connection.Account, k.Connection.ID, err)
		}
		key, err := federation.ParseKeyPair(private, k.Certificate, k.UseFrom)
		if err != nil {
			return nil, fmt.Errorf("key %d of connection %s/%s: %w", k.Generation, k.Connection.Account, k.Connection.ID, err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// An Announcement is how the next key of a connection comes to be.
type Announcement struct {
	Generation int
	// At is now; UseFrom is when the key begins to sign.
	At, UseFrom time.Time
	// By is who wants it, for the audit log; empty for a first key, which nobody asks for.
	By string
}

// AnnounceKey makes the key of a generation of a connection. It returns broker.ErrConflict if that generation
// exists.
func (s *State) AnnounceKey(ctx context.Context, of registry.ConnectionKey, a Announcement) error {
	key, err := federation.NewKeyPair(string(of.Account)+"/"+of.ID, a.At)
	if err != nil {
		return err
	}
	private, err := key.Marshal()
	if err != nil {
		return err
	}
	stored := broker.UpstreamKey{
		Connection: of, Generation: a.Generation, Certificate: key.Certificate.Raw, CreatedAt: a.At, UseFrom: a.UseFrom,
	}
	if stored.SealedKey, err = s.Keys.Seal(private, stored.Context()); err != nil {
		return err
	}
	sum := sha256.Sum256(key.Certificate.Raw)
	return s.Store.InsertUpstreamKey(ctx, stored, broker.Event{
		ID: id.New(), At: a.At, Kind: broker.KeyAdded, Account: of.Account, Actor: a.By, Detail: map[string]string{
			"connection": of.ID, "certificate": hex.EncodeToString(sum[:]), "use_from": a.UseFrom.UTC().Format(time.RFC3339),
		},
	})
}

// OwnKeys returns the keys by whose certificates the IdP of a connection should know us: the one that signs,
// then those that will.
func (s *State) OwnKeys(ctx context.Context, c *registry.Connection, now func() time.Time) ([]federation.KeyPair, error) {
	all, err := s.ownKeys(c, now).Keys(ctx)
	if err != nil {
		return nil, err
	}
	return federation.Published(all, now())
}

// HasCertificate reports whether the IdP of a connection knows us by a certificate.
func HasCertificate(c *registry.Connection) bool { return c.SAML != nil || c.OIDC.ByCertificate() }

// examineCertificate tells of the certificates that have to be at the IdP.
func (s *State) examineCertificate(ctx context.Context, c *registry.Connection, now func() time.Time, f *federation.Findings) {
	const code = "own_key"
	keys, err := s.OwnKeys(ctx, c, now)
	if err != nil {
		f.Fail(code, federation.Here, "Look at the state database and the key file.", "the connection's own key: %v", err)
		return
	}
	f.Good(code, "our own certificate is valid until %s", keys[0].Certificate.NotAfter.UTC().Format(time.DateOnly))
	for _, next := range keys[1:] {
		f.Warn(code, federation.There, fmt.Sprintf("Upload its certificate before then: patchbay connection certificate --next %s/%s", c.Account, c.ID),
			"our next key signs from %s on", next.UseFrom.UTC().Format(time.RFC3339))
	}
}
