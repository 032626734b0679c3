package grant_test

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
)

func presented(token string) grant.Presented {
	return grant.Presented{Token: token, Issuer: issuer, ClientID: "agent-app", Policy: policy}
}

// family returns the first refresh token of a new family.
func (b *bench) family(t *testing.T) (string, grant.Grant) {
	t.Helper()
	code, g := b.code(t)
	got, err := b.Redeem(t.Context(), redemption(code), fine)
	if err != nil {
		t.Fatal(err)
	}
	return got.RefreshToken, g
}

func (b *bench) rotate(t *testing.T, token string) string {
	t.Helper()
	got, err := b.Rotate(t.Context(), presented(token), fine)
	if err != nil {
		t.Fatalf("Rotate: %v", err)
	}
	return got.RefreshToken
}

func TestParallelRefreshesShareOneSuccessor(t *testing.T) {
	b := newBench(t)
	token, _ := b.family(t)
	var mu sync.Mutex
	successors := map[string]bool{}
	won := parallel(64, func() bool {
		got, err := b.Rotate(context.Background(), presented(token), fine)
		mu.Lock()
		defer mu.Unlock()
		successors[got.RefreshToken] = true
		return err == nil
	})
	if won != 64 || len(successors) != 1 || successors[token] {
		t.Fatalf("%d of 64 got %d different successors", won, len(successors))
	}
	for next := range successors {
		b.rotate(t, next)
	}
}

func TestOldRefreshTokens(t *testing.T) {
	for _, c := range []struct {
		name string
		// back is how many rotations lie between the token presented and the newest one.
		back  int
		wait  time.Duration
		grace time.Duration
		// replayed, dies: what becomes of it.
		replayed, dies bool
	}{
		{name: "the parent inside the window gets the same successor", back: 1, grace: 30 * time.Second, wait: 30 * time.Second, replayed: true},
		{name: "the parent outside the window ends the family", back: 1, grace: 30 * time.Second, wait: 31 * time.Second, dies: true},
		{name: "the grandparent inside the window is refused, nothing else", back: 2, grace: 30 * time.Second},
		{name: "the grandparent outside the window ends the family", back: 2, grace: 30 * time.Second, wait: 31 * time.Second, dies: true},
		{name: "without a window the parent ends the family at once", back: 1, dies: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			token, g := b.family(t)
			line := []string{token}
			for range c.back {
				line = append(line, b.rotate(t, line[len(line)-1]))
			}
			b.pass(c.wait)
			p := presented(token)
			p.Policy.Grace = c.grace
			got, err := b.Rotate(t.Context(), p, fine)
			newest := line[len(line)-1]
			if c.replayed {
				if err != nil || !got.Replayed || got.RefreshToken != newest {
					t.Fatalf("Rotate = %+v, %v", got, err)
				}
			} else {
				var invalid *grant.Invalid
				if !errors.As(err, &invalid) || invalid.Reused != c.dies {
					t.Fatalf("Rotate = %+v, %v", got, err)
				}
			}
			if b.revoked(t, g) != c.dies {
				t.Errorf("revoked is %t", b.revoked(t, g))
			}
			if _, err := b.Rotate(t.Context(), presented(newest), fine); (err != nil) != c.dies {
				t.Errorf("the newest token: %v", err)
			}
		})
	}
}

func TestAForgedRefreshTokenHarmsNobody(t *testing.T) {
	b := newBench(t)
	token, g := b.family(t)
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(token, "pbr_"))
	if err != nil {
		t.Fatal(err)
	}
	flip := func(at int) string {
		forged := append([]byte(nil), raw...)
		forged[at] ^= 1
		return "pbr_" + base64.RawURLEncoding.EncodeToString(forged)
	}
	for name, forged := range map[string]string{
		"another sequence": flip(23), "a negative sequence": flip(16), "another mac": flip(40), "another family": flip(0),
		"truncated": token[:len(token)-2], "without its prefix": token[4:], "padded": token + "=", "empty": "",
		"an old token of nobody": "pbr_" + strings.Repeat("A", 75),
	} {
		var invalid *grant.Invalid
		if _, err := b.Rotate(t.Context(), presented(forged), fine); !errors.As(err, &invalid) || invalid.Reused {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := presented(token)
	other.ClientID = "other"
	var invalid *grant.Invalid
	if _, err := b.Rotate(t.Context(), other, fine); !errors.As(err, &invalid) || invalid.Reused {
		t.Errorf("another client: %v", err)
	}
	elsewhere := presented(token)
	elsewhere.Issuer = "https://patchbay.example/auth/realms/acme"
	if _, err := b.Rotate(t.Context(), elsewhere, fine); !errors.As(err, &invalid) || invalid.Reused {
		t.Errorf("another issuer: %v", err)
	}
	if b.revoked(t, g) {
		t.Fatal("a forgery revoked the grant")
	}
	b.rotate(t, token) // the control: the genuine token still works
}

func TestARefreshTokenEnds(t *testing.T) {
	for _, c := range []struct {
		name  string
		waits []time.Duration
		alive bool
	}{
		{"used in time, again and again", []time.Duration{50 * time.Minute, 50 * time.Minute, 50 * time.Minute}, true},
		{"unused for the sliding lifetime", []time.Duration{time.Hour}, false},
		{"past the absolute lifetime, however busy", []time.Duration{
			55 * time.Minute, 55 * time.Minute, 55 * time.Minute, 55 * time.Minute, 55 * time.Minute, 55 * time.Minute, 55 * time.Minute,
			55 * time.Minute, 55 * time.Minute, 55 * time.Minute, 55 * time.Minute, 55 * time.Minute, 55 * time.Minute, 55 * time.Minute,
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			token, _ := b.family(t)
			var err error
			for i, wait := range c.waits {
				b.pass(wait)
				var got grant.Redeemed
				got, err = b.Rotate(t.Context(), presented(token), fine)
				if err != nil {
					if last := i == len(c.waits)-1; !last {
						t.Fatalf("ended after %d waits: %v", i+1, err)
					}
					break
				}
				token = got.RefreshToken
			}
			if (err == nil) != c.alive {
				t.Errorf("alive: %t, %v", err == nil, err)
			}
		})
	}
}

func TestAClientThatDoesNotRotateKeepsItsToken(t *testing.T) {
	b := newBench(t)
	token, _ := b.family(t)
	p := presented(token)
	p.Policy = registry.Refresh{Sliding: time.Hour, Absolute: 12 * time.Hour}
	for range 3 {
		b.pass(50 * time.Minute)
		got, err := b.Rotate(t.Context(), p, fine)
		if err != nil || got.RefreshToken != token {
			t.Fatalf("Rotate = %+v, %v", got, err)
		}
	}
}

func TestRevokingARefreshToken(t *testing.T) {
	b := newBench(t)
	token, g := b.family(t)
	if got, err := b.RevokeRefresh(t.Context(), token, "other"); err != nil || got != nil || b.revoked(t, g) {
		t.Fatalf("another client revoked it: %v, %v", got, err)
	}
	if got, err := b.RevokeRefresh(t.Context(), "pbr_x", "agent-app"); err != nil || got != nil {
		t.Fatalf("an unknown token: %v, %v", got, err)
	}
	if got, err := b.RevokeRefresh(t.Context(), token, "agent-app"); err != nil || got == nil || !b.revoked(t, g) {
		t.Fatalf("RevokeRefresh = %v, %v", got, err)
	}
	var invalid *grant.Invalid
	if _, err := b.Rotate(t.Context(), presented(token), fine); !errors.As(err, &invalid) {
		t.Errorf("it still works: %v", err)
	}
}

// A refresh that races a revocation may win its token, but not a life: the access token minted for
// it names a revoked grant, and its successor is dead.
func TestARefreshRacingARevocationNeverSurvives(t *testing.T) {
	for range 5 {
		b := newBench(t)
		token, g := b.family(t)
		var wg sync.WaitGroup
		var got grant.Redeemed
		wg.Go(func() { got, _ = b.Rotate(context.Background(), presented(token), fine) })
		wg.Go(func() {
			if err := b.Service.Revoke(context.Background(), grant.KindGrant, g.ID.String()); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		if !b.revoked(t, g) {
			t.Fatal("the grant lives")
		}
		if got.RefreshToken == "" {
			continue
		}
		if _, err := b.Rotate(t.Context(), presented(got.RefreshToken), fine); err == nil {
			t.Fatal("the successor lives")
		}
	}
}
