package main

import (
	"bufio"
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestSlowClients dribbles headers and bodies. The server's patience is cut to what a test can wait
// for; that it has any is checked first.
func TestSlowClients(t *testing.T) {
	s := newHTTPServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			http.Error(w, "unreadable", http.StatusBadRequest)
		}
	}), slog.New(slog.DiscardHandler))
	for name, patience := range map[string]time.Duration{
		"header": s.ReadHeaderTimeout, "request": s.ReadTimeout, "answer": s.WriteTimeout, "idle": s.IdleTimeout,
	} {
		if patience <= 0 || patience > 2*time.Minute {
			t.Errorf("patience with a slow %s is %s", name, patience)
		}
	}
	s.ReadHeaderTimeout, s.ReadTimeout = 200*time.Millisecond, 400*time.Millisecond
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.Serve(listener) }()
	t.Cleanup(func() { _ = s.Close() })

	const post = "POST /id/connect/token HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n"
	for _, test := range []struct {
		name, quick, slow string
		want              string // the status; empty when the connection is closed without an answer
	}{
		{"quick (control)", post + "a=b", "", "200 OK"},
		{"headers", "POST / HTTP/1.1\r\n", strings.Repeat("X-Y: z\r\n", 100), ""},
		{"body", post, strings.Repeat(" ", 3), "400 Bad Request"},
		{"huge headers", "GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("y", 128<<10) + "\r\n\r\n", "", "431 Request Header Fields Too Large"},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, took := dribble(t, listener.Addr().String(), test.quick, test.slow)
			if status != test.want || took > 5*time.Second {
				t.Errorf("answered %q after %s, want %q", status, took, test.want)
			}
		})
	}
}

// dribble sends quick at once and slow byte by byte, and returns the status of the answer.
func dribble(t *testing.T, address, quick, slow string) (status string, took time.Duration) {
	t.Helper()
	begun := time.Now()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(begun.Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	go func() {
		_, err := io.Copy(conn, bytes.NewBufferString(quick))
		for i := 0; i < len(slow) && err == nil; i++ {
			time.Sleep(300 * time.Millisecond)
			_, err = conn.Write([]byte{slow[i]})
		}
	}()
	line, _ := bufio.NewReader(conn).ReadString('\n')
	_, status, _ = strings.Cut(strings.TrimSpace(line), " ")
	return status, time.Since(begun)
}
