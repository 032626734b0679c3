package federation_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/federation"
)

// TestHungEndpointsHangNobody: an IdP that takes a request and says nothing, or less and less, has not answered.
func TestHungEndpointsHangNobody(t *testing.T) {
	for _, path := range []string{discovery, "/keys", "/token", "/userinfo"} {
		for kind, hang := range map[string]http.HandlerFunc{
			"silent": func(_ http.ResponseWriter, r *http.Request) { <-gone(r) },
			"byte by byte": func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				for left := gone(r); ; {
					select {
					case <-left:
						return
					case <-time.After(10 * time.Millisecond):
					}
					if _, err := w.Write([]byte(" ")); err != nil {
						return
					}
					if err := http.NewResponseController(w).Flush(); err != nil {
						return
					}
				}
			},
		} {
			t.Run(strings.TrimPrefix(path, "/")+": "+kind, func(t *testing.T) {
				h := newHostile(t)
				o := h.open(func(c *federation.Config) { c.Timeout = 300 * time.Millisecond })
				h.info = map[string]any{"sub": "ana"}
				h.replace(path, hang)
				began := time.Now()
				_, err := h.run(o, attempt{change: without("email")})
				if !errors.Is(err, federation.ErrUnreachable) || h.count(path) != 1 {
					t.Errorf("asked %d times, %v", h.count(path), err)
				}
				if took := time.Since(began); took > 5*time.Second {
					t.Errorf("took %s", took)
				}
			})
		}
	}
}

// TestWhatIsKnownOutlivesAHungRefresh: metadata and keys that are due, and not expired, serve while the IdP
// is still being asked.
func TestWhatIsKnownOutlivesAHungRefresh(t *testing.T) {
	for path, due := range map[string]time.Duration{discovery: 61 * time.Minute, "/keys": 16 * time.Minute} {
		t.Run(strings.TrimPrefix(path, "/"), func(t *testing.T) {
			h := newHostile(t)
			o := h.open(func(c *federation.Config) { c.Timeout = 4 * time.Second })
			if _, err := h.run(o, attempt{}); err != nil {
				t.Fatal("positive control:", err)
			}
			if path == discovery { // the keys, which are due later, stay known
				h.now = h.now.Add(50 * time.Minute)
				due -= 50 * time.Minute
				if _, err := h.run(o, attempt{}); err != nil {
					t.Fatal("positive control:", err)
				}
			}
			asked, still, done := make(chan context.Context, 1), false, make(chan struct{})
			defer close(done)
			h.replace(path, func(_ http.ResponseWriter, r *http.Request) {
				asked <- r.Context()
				select {
				case <-gone(r):
				case <-done:
				}
			})
			h.now = h.now.Add(due)
			_, err := h.run(o, attempt{})
			select {
			case request := <-asked:
				still = request.Err() == nil
			default:
			}
			if err != nil || !still {
				t.Errorf("%v; the identity provider is still being asked: %t", err, still)
			}
		})
	}
}

// gone is closed when the client has hung up, which the server notices once the body is read.
func gone(r *http.Request) <-chan struct{} {
	_, _ = io.Copy(io.Discard, r.Body)
	return r.Context().Done()
}
