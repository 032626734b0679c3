package resource_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/patchbay-auth/patchbay/resource"
)

// TestKeysAreFetchedOnce: however many requests come first.
func TestKeysAreFetchedOnce(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier()
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if _, err := v.Verify(t.Context(), i.token()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := i.fetches("/jwks"); n != 1 {
		t.Errorf("fetched %d times", n)
	}
}

// TestKeyRotation: a new key is found when its first token comes, a withdrawn one is forgotten, and
// invented kids cost the issuer one fetch in ten seconds.
func TestKeyRotation(t *testing.T) {
	i := newIssuer(t)
	next := i.keys["ed"]
	i.set(func() { delete(i.keys, "ed") })
	v := i.verifier()
	if _, err := v.Verify(t.Context(), i.token()); err != nil {
		t.Fatalf("control: %v", err)
	}
	for range 20 {
		if _, err := v.Verify(t.Context(), i.sign(next, "at+jwt", i.claims())); !errors.Is(err, resource.ErrInvalid) {
			t.Fatalf("a key that is not published: %v", err)
		}
	}
	if n := i.fetches("/jwks"); n != 1 {
		t.Errorf("a storm of unknown kids made %d fetches", n)
	}
	i.set(func() { i.keys["ed"] = next })
	i.pass(10 * time.Second)
	if _, err := v.Verify(t.Context(), i.sign(next, "at+jwt", i.claims())); err != nil {
		t.Errorf("after the rotation: %v", err)
	}
	old := i.token()
	i.set(func() { delete(i.keys, "ec") })
	i.pass(15*time.Minute - 11*time.Second) // the token lives a second longer
	if _, err := v.Verify(t.Context(), old); err != nil {
		t.Errorf("a key set that is young enough: %v", err)
	}
	long := i.sign(mustSigner(t, "ec"), "at+jwt", i.claims(with("exp", epoch.Add(time.Hour).Unix())))
	i.pass(11 * time.Second)
	if _, err := v.Verify(t.Context(), long); !errors.Is(err, resource.ErrInvalid) {
		t.Errorf("a key that was withdrawn: %v", err)
	}
}

func mustSigner(t *testing.T, kid string) jose.JSONWebKey {
	t.Helper()
	keys, err := signers()
	if err != nil {
		t.Fatal(err)
	}
	return keys[kid]
}

// TestIssuerDown: it is no fault of the token's, and known keys go on working.
func TestIssuerDown(t *testing.T) {
	i := newIssuer(t)
	i.set(func() { i.down = true })
	v := i.verifier()
	if _, err := v.Verify(t.Context(), i.token()); err == nil || errors.Is(err, resource.ErrInvalid) {
		t.Fatalf("before the first keys: %v", err)
	}
	i.set(func() { i.down = false })
	i.pass(time.Second)
	if _, err := v.Verify(t.Context(), i.token()); err != nil {
		t.Fatalf("control: %v", err)
	}
	i.set(func() { i.down = true })
	i.pass(20 * time.Minute)
	if _, err := v.Verify(t.Context(), i.token(with("exp", epoch.Add(time.Hour).Unix()))); err != nil {
		t.Errorf("known key: %v", err)
	}
	stranger := mustSigner(t, "ec")
	stranger.KeyID = "x"
	if _, err := v.Verify(t.Context(), i.sign(stranger, "at+jwt", i.claims(with("exp", epoch.Add(time.Hour).Unix())))); err == nil || errors.Is(err, resource.ErrInvalid) {
		t.Errorf("unknown key: %v", err)
	}
}

// TestMetadataFaults: metadata that is not the issuer's leads nowhere.
func TestMetadataFaults(t *testing.T) {
	for name, edit := range map[string]func(map[string]any){
		"another issuer": func(m map[string]any) { m["issuer"] = "https://evil.example" },
		"keys in http":   func(m map[string]any) { m["jwks_uri"] = "http://keys.example/jwks" },
		"no keys":        func(m map[string]any) { delete(m, "jwks_uri") },
	} {
		i := newIssuer(t)
		if _, err := i.verifier().Verify(t.Context(), i.token()); err != nil {
			t.Fatalf("control: %v", err)
		}
		i.set(func() { i.editing = edit })
		if _, err := i.verifier().Verify(t.Context(), i.token()); err == nil || errors.Is(err, resource.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
