package saml

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/federation/idptest"
)

const base = "http://127.0.0.1:9/login/acme/adfs/saml"

// memory is a Store without a database.
type memory struct {
	mu       sync.Mutex
	keys     []Key
	seen     map[[sha256.Size]byte]time.Time
	metadata []byte
}

func newMemory(keys ...Key) *memory {
	return &memory{keys: keys, seen: map[[sha256.Size]byte]time.Time{}}
}

func (m *memory) Keys(context.Context) ([]Key, error) { return m.keys, nil }

func (m *memory) Once(_ context.Context, message [sha256.Size]byte, until time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, twice := m.seen[message]; twice {
		return ErrReplayed
	}
	m.seen[message] = until
	return nil
}

func (m *memory) Metadata(context.Context) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.metadata, nil
}

func (m *memory) KeepMetadata(_ context.Context, text []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.metadata = text
	return nil
}

// ownKey is made once: RSA keys take long.
var ownKey = sync.OnceValues(func() (Key, error) { return federation.NewKeyPair("patchbay", time.Now()) })

func testKey(t testing.TB) Key {
	t.Helper()
	k, err := ownKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func open(t testing.TB, cfg Config) *SAML {
	t.Helper()
	cfg.Connection, cfg.Base, cfg.AllowPrivateNetwork = "adfs", base, true
	if cfg.Store == nil {
		cfg.Store = newMemory(testKey(t))
	}
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func startIdP(t *testing.T) *idptest.SAML {
	t.Helper()
	idp, err := idptest.StartSAML(idptest.SAMLConfig{Users: []idptest.User{{
		Subject: "acme\\ana", Login: "ana", Password: "correct horse",
		Claims: map[string]any{"mail": "ana@acme.example", "department": "Support", "employeeNumber": "4711"},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := idp.Close(); err != nil {
			t.Error(err)
		}
	})
	return idp
}

// introduce tells the IdP about us.
func introduce(t *testing.T, idp *idptest.SAML, s *SAML) {
	t.Helper()
	own, err := s.ServiceMetadata(t.Context())
	if err == nil {
		err = idp.AddService(own)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func isReplay(err error) bool { return errors.Is(err, ErrReplayed) }
