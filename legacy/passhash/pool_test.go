package passhash_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/legacy/passhash"
)

func TestPoolVerifiesAndMeasures(t *testing.T) {
	now := time.Unix(0, 0)
	pool := passhash.NewPool(newVerifier(t), passhash.PoolConfig{Workers: 1, Now: func() time.Time {
		now = now.Add(time.Millisecond) // each verification asks twice
		return now
	}})
	if got := pool.Slowest(); got != 0 {
		t.Errorf("before the first verification: %v", got)
	}
	md5 := passhash.Stored{Hash: "5f4dcc3b5aa765d61d8327deb882cf99"}
	for password, want := range map[string]bool{"password": true, "passwort": false} {
		ok, err := pool.Verify(t.Context(), "10010", md5, password)
		if err != nil || ok != want {
			t.Errorf("%s: %v, %v", password, ok, err)
		}
	}
	if got := pool.Slowest(); got != time.Millisecond {
		t.Errorf("slowest is %v, want 1ms", got)
	}
	if _, err := pool.Verify(t.Context(), "10010", passhash.Stored{Hash: "!"}, "password"); !errors.Is(err, passhash.ErrUnknown) {
		t.Errorf("unknown hash: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := pool.Verify(ended, "10010", md5, "password"); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: %v", err)
	}
}
