package grant_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/broker/sqlstore"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/internal/keyfile"
	"github.com/patchbay-auth/patchbay/internal/secret"
)

const (
	issuer   = "https://patchbay.example/id"
	redirect = "https://agent.example/callback"
	verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B
)

var policy = registry.Refresh{Rotation: true, Grace: 30 * time.Second, Sliding: time.Hour, Absolute: 12 * time.Hour}

// A bench is a service on a real store, with a clock of its own.
type bench struct {
	*grant.Service
	store       *sqlstore.Store
	revocations *grant.Revocations

	mu  sync.Mutex
	now time.Time
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{now: time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)}
	store, err := sqlstore.Open(t.Context(), sqlstore.Config{DSN: secret.New("sqlite:" + filepath.Join(t.TempDir(), "state.db")), Now: b.clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	keys, err := keyfile.Generate(b.now)
	if err != nil {
		t.Fatal(err)
	}
	b.store, b.revocations = store, &grant.Revocations{Now: b.clock}
	if err := b.revocations.Load(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	b.Service = grant.New(grant.Config{Store: store, Sealer: keys, Revocations: b.revocations, Now: b.clock})
	return b
}

func (b *bench) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bench) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

func (b *bench) grant() grant.Grant {
	return grant.Grant{
		ID: id.New(), Issuer: issuer, Account: "acme", ClientID: "agent-app", RequestedClientID: "Agent-App",
		UserID: "4711", Scope: []string{"openid", "offline_access"}, SessionID: id.New(), IDP: "local",
		AuthTime: b.clock(), CreatedAt: b.clock(),
	}
}

// code stores a fresh code with the challenge of verifier.
func (b *bench) code(t *testing.T) (string, grant.Grant) {
	t.Helper()
	sum := sha256.Sum256([]byte(verifier))
	g := b.grant()
	code, record := b.NewCode(g, redirect, base64.RawURLEncoding.EncodeToString(sum[:]))
	if err := b.store.Settle(t.Context(), broker.Settlement{Nonce: id.New(), Code: &record}); err != nil {
		t.Fatal(err)
	}
	return code, g
}

func redemption(code string) grant.Redemption {
	return grant.Redemption{
		Code: code, Issuer: issuer, ClientID: "agent-app", RedirectURI: redirect, Verifier: verifier,
		Refresh: func(grant.Grant) *registry.Refresh { return &policy },
	}
}

func fine(context.Context, grant.Grant) error { return nil }

func (b *bench) revoked(t *testing.T, g grant.Grant) bool {
	t.Helper()
	revoked, err := b.revocations.Check(grant.Facts{Grant: g.ID.String(), IssuedAt: b.clock().Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	return revoked
}

func TestACodeIsBoundToWhatItWasIssuedFor(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		name   string
		change func(*grant.Redemption)
		wait   time.Duration
		ok     bool
	}{
		{name: "as it was issued", ok: true},
		{name: "another client", change: func(r *grant.Redemption) { r.ClientID = "other" }},
		{name: "another issuer", change: func(r *grant.Redemption) { r.Issuer = "https://patchbay.example/auth/realms/acme" }},
		{name: "another redirect_uri", change: func(r *grant.Redemption) { r.RedirectURI += "/" }},
		{name: "another verifier", change: func(r *grant.Redemption) { r.Verifier = "x" + r.Verifier[1:] }},
		{name: "no verifier", change: func(r *grant.Redemption) { r.Verifier = "" }},
		{name: "the challenge as verifier", change: func(r *grant.Redemption) { r.Verifier = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" }},
		{name: "too late", wait: time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, g := b.code(t)
			r := redemption(code)
			if c.change != nil {
				c.change(&r)
			}
			b.pass(c.wait)
			got, err := b.Redeem(t.Context(), r, fine)
			if c.ok {
				if err != nil || got.Grant.ID != g.ID || got.RefreshToken == "" {
					t.Fatalf("Redeem = %+v, %v", got, err)
				}
				return
			}
			var invalid *grant.Invalid
			if !errors.As(err, &invalid) {
				t.Fatalf("Redeem = %+v, %v; want invalid", got, err)
			}
			// Presented wrongly, a code is burned: the right client gets nothing for it either.
			if _, err := b.Redeem(t.Context(), redemption(code), fine); !errors.As(err, &invalid) {
				t.Errorf("the code still works afterwards: %v", err)
			}
		})
	}
}

func TestAVerifierWithoutAChallengeIsRefused(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		verifier string
		ok       bool
	}{{"", true}, {verifier, false}} {
		code, record := b.NewCode(b.grant(), redirect, "")
		if err := b.store.Settle(t.Context(), broker.Settlement{Nonce: id.New(), Code: &record}); err != nil {
			t.Fatal(err)
		}
		r := redemption(code)
		r.Verifier = c.verifier
		if _, err := b.Redeem(t.Context(), r, fine); (err == nil) != c.ok {
			t.Errorf("with verifier %q: %v", c.verifier, err)
		}
	}
}

func TestAReplayedCodeRevokesWhatItIssued(t *testing.T) {
	b := newBench(t)
	code, g := b.code(t)
	first, err := b.Redeem(t.Context(), redemption(code), fine)
	if err != nil || b.revoked(t, g) {
		t.Fatalf("first use: %v, revoked %t", err, b.revoked(t, g))
	}
	_, err = b.Redeem(t.Context(), redemption(code), fine)
	var invalid *grant.Invalid
	if !errors.As(err, &invalid) || !invalid.Reused {
		t.Fatalf("second use: %v", err)
	}
	if !b.revoked(t, g) {
		t.Error("the grant lives on")
	}
	if _, err := b.Rotate(t.Context(), presented(first.RefreshToken), fine); !errors.As(err, &invalid) {
		t.Errorf("its refresh token lives on: %v", err)
	}
}

func TestParallelUsesOfOneCodeHaveOneWinner(t *testing.T) {
	b := newBench(t)
	code, _ := b.code(t)
	won := parallel(64, func() bool {
		_, err := b.Redeem(context.Background(), redemption(code), fine)
		return err == nil
	})
	if won != 1 {
		t.Errorf("%d of 64 won", won)
	}
}

// parallel runs f n times at once and counts what it returned true for.
func parallel(n int, f func() bool) int {
	var wg sync.WaitGroup
	var mu sync.Mutex
	count := 0
	for range n {
		wg.Go(func() {
			if f() {
				mu.Lock()
				count++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return count
}

func TestTroubleOfOursConsumesNothing(t *testing.T) {
	b := newBench(t)
	down := errors.New("legacy database is down")
	code, _ := b.code(t)
	failing := func(context.Context, grant.Grant) error { return down }
	if _, err := b.Redeem(t.Context(), redemption(code), failing); !errors.Is(err, down) {
		t.Fatalf("Redeem = %v", err)
	}
	got, err := b.Redeem(t.Context(), redemption(code), fine)
	if err != nil {
		t.Fatalf("the code was consumed: %v", err)
	}
	if _, err := b.Rotate(t.Context(), presented(got.RefreshToken), failing); !errors.Is(err, down) {
		t.Fatalf("Rotate = %v", err)
	}
	next, err := b.Rotate(t.Context(), presented(got.RefreshToken), fine)
	if err != nil || next.Replayed {
		t.Errorf("the refresh token was consumed: %+v, %v", next, err)
	}
}
