package legacy

import (
	"context"
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/internal/secret"
)

// silent listens, accepts, and says nothing. It returns its address.
func silent(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		<-done
	})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			defer func() { _ = conn.Close() }() // the other side may have
		}
	}()
	return listener.Addr().String()
}

// TestASilentServerIsNotWaitedFor: a server that accepts connections and never answers costs no more than
// the statement timeout, and nothing once nobody waits.
func TestASilentServerIsNotWaitedFor(t *testing.T) {
	address := silent(t)
	for _, tt := range []struct {
		engine Engine
		dsn    string
	}{
		{Postgres, "postgres://pb:x@" + address + "/a?sslmode=disable"}, // the control
		{MySQL, "pb:x@tcp(" + address + ")/a"},
		{SQLServer, "sqlserver://pb:x@" + address + "?database=a&encrypt=disable"},
		{SQLServer, "sqlserver://pb:x@" + address + "?database=a&encrypt=strict"},
		{SQLServer, "sqlserver://pb:x@" + address + "?database=a&dial+timeout=60&connection+timeout=60"},
	} {
		for name, wait := range map[string]struct{ caller, timeout time.Duration }{
			"the caller goes":   {100 * time.Millisecond, time.Minute},
			"the timeout is up": {time.Minute, 100 * time.Millisecond},
		} {
			pool, _, err := tt.engine.pools(secret.New(tt.dsn), 1, wait.timeout)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), wait.caller)
			answer := make(chan error, 1)
			go func() { answer <- pool.PingContext(ctx) }()
			select {
			case err := <-answer:
				late := errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) // ours, or the driver's
				if err == nil || tt.engine == SQLServer && !late {
					t.Errorf("%s, %s: %v", tt.dsn, name, err)
				}
			case <-time.After(5 * time.Second):
				t.Fatalf("%s, %s: still waiting", tt.dsn, name)
			}
			cancel()
			if err := pool.Close(); err != nil {
				t.Errorf("%s, %s: %v", tt.dsn, name, err)
			}
		}
	}
}
