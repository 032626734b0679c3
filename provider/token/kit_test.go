package token_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker/keyring"
	"github.com/patchbay-auth/patchbay/internal/keyfile"
	"github.com/patchbay-auth/patchbay/provider/token"
)

const (
	shared = "https://login.example/id"
	realm  = "https://login.example/auth/realms/acme"
)

var start = time.Date(2026, 3, 1, 8, 0, 0, 123456000, time.UTC)

// bench is tokens of two issuers over keys in memory, at a time that tests move.
type bench struct {
	*token.Tokens
	keys  *keyring.Keyring
	store *memory
	now   time.Time
}

func newBench(t testing.TB) *bench {
	t.Helper()
	sealer, records, err := firstKeys()
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{store: &memory{records: records}, now: start}
	clock := func() time.Time { return b.now }
	if b.keys, err = keyring.Open(t.Context(), keyring.Config{Store: b.store, Sealer: sealer, Now: clock}); err != nil {
		t.Fatal(err)
	}
	b.Tokens = token.New(token.Config{Keys: b.keys, Issuer: scopeOf, Now: clock})
	return b
}

// firstKeys makes the keys of both scopes once, because RSA keys take their time.
func firstKeys() (*keyfile.Keys, []keyring.Record, error) {
	made, err := makeKeys()
	return made.sealer, slices.Clone(made.records), err
}

type keyset struct {
	sealer  *keyfile.Keys
	records []keyring.Record
}

var makeKeys = sync.OnceValues(func() (keyset, error) {
	sealer, err := keyfile.Generate(start)
	if err != nil {
		return keyset{}, err
	}
	store := &memory{}
	keys, err := keyring.Open(context.Background(), keyring.Config{
		Store: store, Sealer: sealer, Now: func() time.Time { return start },
	})
	if err != nil {
		return keyset{}, err
	}
	err = keys.Ensure(context.Background(), keyring.Shared, keyring.Realm("acme"))
	return keyset{sealer, store.records}, err
})

func scopeOf(iss string) (keyring.Scope, bool) {
	switch iss {
	case shared:
		return keyring.Shared, true
	case realm:
		return keyring.Realm("acme"), true
	}
	return "", false
}

type memory struct {
	mu      sync.Mutex
	records []keyring.Record
	err     error
}

func (m *memory) LoadKeys(context.Context) ([]keyring.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]keyring.Record(nil), m.records...), m.err
}

func (m *memory) ChangeKeys(_ context.Context, c keyring.Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range c.Insert {
		for _, have := range m.records {
			if r.Scope == have.Scope && r.Algorithm == have.Algorithm && r.Sequence == have.Sequence {
				return keyring.ErrKeyExists
			}
		}
	}
	m.records = slices.DeleteFunc(append(m.records, c.Insert...), func(r keyring.Record) bool { return slices.Contains(c.Delete, r.ID) })
	for i, r := range m.records {
		if slices.Contains(c.Revoke, r.ID) {
			m.records[i].RevokedAt = c.At
		}
	}
	return nil
}

// person is an access token of somebody who logged in.
func person() token.Access {
	return token.Access{
		Issuer: shared, Subject: "4711", SubjectType: token.User, Audience: []string{shared + "/resources", "contact-centre"},
		ClientID: "agent-app", Scope: []string{"openid", "contact-centre"}, GrantID: "0123456789abcdef0123456789abcdef", Tenant: "acme",
		Login: token.Login{SessionID: "fedcba9876543210", AuthTime: start.Add(-time.Minute), ACR: "1", AMR: []string{"pwd", "otp"}, IDP: "corp"},
	}
}

func identity() token.ID {
	return token.ID{Issuer: shared, Subject: "4711", ClientID: "Agent-App", Nonce: "n-0S6_WzA2Mj", Login: person().Login}
}

func access(lifetime time.Duration) token.Signing {
	return token.Signing{Algorithm: keyring.ES256, Lifetime: lifetime}
}

func (b *bench) mint(t testing.TB, how token.Signing, a token.Access) (string, token.Access) {
	t.Helper()
	raw, minted, err := b.MintAccess(how, a)
	if err != nil {
		t.Fatal(err)
	}
	return raw, minted
}

func (b *bench) mintID(t testing.TB, how token.Signing, id token.ID, with token.Beside) (string, token.ID) {
	t.Helper()
	raw, minted, err := b.MintID(how, id, with)
	if err != nil {
		t.Fatal(err)
	}
	return raw, minted
}

// forge signs any header and payload with the key of a scope, as only a fault of ours could.
func (b *bench) forge(t testing.TB, scope keyring.Scope, alg keyring.Algorithm, header, payload string) string {
	t.Helper()
	signer, err := b.keys.Signer(scope, alg)
	if err != nil {
		t.Fatal(err)
	}
	input := encode(strings.ReplaceAll(header, "KID", string(signer.ID))) + "." + encode(payload)
	signature, err := signer.Sign([]byte(input))
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func part(t testing.TB, raw string, n int) string {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[n])
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func members(t testing.TB, text string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return m
}
