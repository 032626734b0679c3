package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// drained is a server whose drain a test watches.
type drained struct {
	*drain
	server  *http.Server
	address string
	unready atomic.Bool
	slow    chan struct{} // what /slow waits for
}

func newDrained(t *testing.T, delay time.Duration) *drained {
	t.Helper()
	d := &drained{drain: &drain{delay: delay, timeout: 10 * time.Second, log: slog.New(slog.DiscardHandler)}, slow: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
	})
	mux.HandleFunc("POST /slow", func(w http.ResponseWriter, _ *http.Request) {
		<-d.slow
		_, _ = io.WriteString(w, "slow")
	})
	d.server = newHTTPServer(d.handler(mux), d.log)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.address = "http://" + listener.Addr().String()
	go func() { _ = d.server.Serve(listener) }()
	t.Cleanup(func() { _ = d.server.Close() })
	return d
}

func (d *drained) run(ctx context.Context) error {
	return d.drain.run(ctx, func() { d.unready.Store(true) }, d.server)
}

// post sends a body that cannot be sent twice: the client's transport must not hide a reset by trying
// again. It reports whether the server asked to connect elsewhere.
func post(ctx context.Context, client *http.Client, url string) (bool, error) {
	body := io.MultiReader(bytes.NewReader([]byte("token=x")))
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, body)
	if err != nil {
		return false, err
	}
	response, err := client.Do(request)
	if err != nil {
		return false, err
	}
	_, err = io.Copy(io.Discard, response.Body)
	return response.Close, errors.Join(err, response.Body.Close())
}

// TestDrainResetsNothing: switches keep their connections and post all the time. Each is told to go
// elsewhere in an answer, and none is cut.
func TestDrainResetsNothing(t *testing.T) {
	d := newDrained(t, 300*time.Millisecond)
	var clients sync.WaitGroup
	var answered, told atomic.Int64
	const switches = 16
	for range switches {
		clients.Go(func() {
			client := &http.Client{Transport: new(http.Transport)}
			for {
				elsewhere, err := post(t.Context(), client, d.address)
				if err != nil {
					t.Errorf("after %d answers: %v", answered.Load(), err)
					return
				}
				answered.Add(1)
				if elsewhere {
					told.Add(1)
					return
				}
			}
		})
	}
	for answered.Load() < 10*switches { // everybody's connection is warm
		time.Sleep(time.Millisecond)
	}
	if told.Load() > 0 || d.unready.Load() {
		t.Fatal("told to go elsewhere before the drain")
	}
	if err := d.run(t.Context()); err != nil {
		t.Errorf("drain: %v", err)
	}
	clients.Wait()
	if told.Load() != switches || !d.unready.Load() {
		t.Errorf("%d of %d were told to go elsewhere; unready: %v", told.Load(), switches, d.unready.Load())
	}
}

// TestDrainFinishesWhatIsInFlight: the drain waits for a request, and no new connection is taken then.
func TestDrainFinishesWhatIsInFlight(t *testing.T) {
	d := newDrained(t, 0)
	client := &http.Client{Transport: new(http.Transport)}
	inFlight := make(chan error, 1)
	go func() {
		_, err := post(t.Context(), client, d.address+"/slow")
		inFlight <- err
	}()
	time.Sleep(50 * time.Millisecond) // it is sent
	ended := make(chan error, 1)
	go func() { ended <- d.run(t.Context()) }()
	for {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", d.address[len("http://"):])
		if err != nil {
			break // the listener is closed
		}
		_ = conn.Close()
	}
	select {
	case err := <-ended:
		t.Fatalf("the drain did not wait: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	close(d.slow)
	if err := <-inFlight; err != nil {
		t.Errorf("the request in flight: %v", err)
	}
	if err := <-ended; err != nil {
		t.Errorf("drain: %v", err)
	}
}
