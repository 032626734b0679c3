package resource_test

import (
	"errors"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/resource"
)

func introspecting(edits ...func(*resource.Introspection)) func(*resource.Config) {
	in := &resource.Introspection{ClientID: "api", ClientSecret: "secret"}
	for _, edit := range edits {
		edit(in)
	}
	return func(c *resource.Config) { c.Introspection = in }
}

// TestIntrospection: the issuer is asked once per CacheFor, and a revocation is seen after it.
func TestIntrospection(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier(introspecting())
	raw := i.token()
	for range 3 {
		token, err := v.Verify(t.Context(), raw)
		if err != nil || token.Subject != "4711" || !token.HasPermission("softphone") {
			t.Fatalf("control: %+v, %v", token, err)
		}
	}
	if n := i.fetches("/introspect"); n != 1 {
		t.Errorf("asked %d times", n)
	}
	i.set(func() { i.revoked[raw] = true })
	i.pass(10 * time.Second)
	if _, err := v.Verify(t.Context(), raw); !errors.Is(err, resource.ErrInvalid) {
		t.Errorf("revoked: %v", err)
	}
}

func TestIntrospectionRefuses(t *testing.T) {
	i := newIssuer(t)
	for name, c := range map[string]struct {
		raw   string
		valid bool
	}{
		"control":          {i.token(), true},
		"garbage":          {"garbage", false},
		"another audience": {i.token(with("aud", "masterdata")), false},
		"another issuer":   {i.token(with("iss", "https://evil.example")), false},
		"expired":          {i.token(with("exp", epoch.Unix())), false},
	} {
		v := i.verifier(introspecting())
		for range 2 { // the second time past the cache, if it was let in
			if _, err := v.Verify(t.Context(), c.raw); (err == nil) != c.valid || err != nil && !errors.Is(err, resource.ErrInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestIntrospectionExpires: a remembered answer does not outlive its token.
func TestIntrospectionExpires(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier(introspecting(func(in *resource.Introspection) { in.CacheFor = time.Hour }))
	if _, err := v.Verify(t.Context(), i.token()); err != nil {
		t.Fatalf("control: %v", err)
	}
	i.pass(15 * time.Minute)
	if _, err := v.Verify(t.Context(), i.token()); !errors.Is(err, resource.ErrInvalid) {
		t.Errorf("expired: %v", err)
	}
}

// TestIntrospectionCannotKnow: trouble at the issuer, or with our own credentials there, says nothing
// about the token.
func TestIntrospectionCannotKnow(t *testing.T) {
	i := newIssuer(t)
	if _, err := i.verifier(introspecting()).Verify(t.Context(), i.token()); err != nil {
		t.Fatalf("control: %v", err)
	}
	wrong := i.verifier(introspecting(func(in *resource.Introspection) { in.ClientSecret = "wrong" }))
	if _, err := wrong.Verify(t.Context(), i.token()); err == nil || errors.Is(err, resource.ErrInvalid) {
		t.Errorf("wrong secret: %v", err)
	}
	i.set(func() { i.down = true })
	if _, err := i.verifier(introspecting()).Verify(t.Context(), i.token()); err == nil || errors.Is(err, resource.ErrInvalid) {
		t.Errorf("down: %v", err)
	}
}

// TestIntrospectionCacheIsBounded: the oldest tokens are asked about again.
func TestIntrospectionCacheIsBounded(t *testing.T) {
	i := newIssuer(t)
	v := i.verifier(introspecting(func(in *resource.Introspection) { in.CacheSize = 4 }))
	verify := func(id string) {
		t.Helper()
		if _, err := v.Verify(t.Context(), i.remembered(id)); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"a", "b", "c", "d", "e", "a"} {
		verify(id)
	}
	if n := i.fetches("/introspect"); n != 6 {
		t.Errorf("asked %d times, want 6: a was forgotten for e", n)
	}
	verify("a")
	if n := i.fetches("/introspect"); n != 6 {
		t.Errorf("asked %d times, want 6: a is remembered again", n)
	}
	never := i.verifier(introspecting(func(in *resource.Introspection) { in.CacheFor = -1 }))
	for range 2 {
		if _, err := never.Verify(t.Context(), i.remembered("a")); err != nil {
			t.Fatal(err)
		}
	}
	if n := i.fetches("/introspect"); n != 8 {
		t.Errorf("asked %d times, want 8: nothing is remembered", n)
	}
}

// remembered is the same token each time it is asked for: ES256 signatures differ from one to the next.
func (i *issuer) remembered(id string) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.minted == nil {
		i.minted = map[string]string{}
	}
	if i.minted[id] == "" {
		i.minted[id] = i.token(with("jti", id))
	}
	return i.minted[id]
}
