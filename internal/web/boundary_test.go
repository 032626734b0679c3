package web

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

var errBroken = errors.New("broken")

func TestBoundary(t *testing.T) {
	page := func(text string) func(http.ResponseWriter, *http.Request, int) error {
		return func(w http.ResponseWriter, _ *http.Request, status int) error {
			return WriteHTML(w, status, func(out io.Writer) error {
				_, err := io.WriteString(out, text)
				return err
			})
		}
	}
	failing := func(http.ResponseWriter, *http.Request, int) error { return errors.New("no template") }
	for _, test := range []struct {
		name       string
		handler    Handler
		show       func(http.ResponseWriter, *http.Request, int) error
		status     int
		body, logs string
		retry      string
	}{
		{name: "no error", handler: func(w http.ResponseWriter, _ *http.Request) error {
			_, err := io.WriteString(w, "fine")
			return err
		}, status: 200, body: "fine"},
		{
			name: "an error", handler: func(http.ResponseWriter, *http.Request) error { return errBroken },
			show: page("<p>sorry"), status: 503, body: "<p>sorry", logs: "error=broken", retry: "2",
		},
		{
			name: "a panic", handler: func(http.ResponseWriter, *http.Request) error { panic("at the disco") },
			show: page("<p>sorry"), status: 503, body: "<p>sorry", logs: "panic: at the disco", retry: "2",
		},
		{
			name: "an error page that fails", handler: func(http.ResponseWriter, *http.Request) error { return errBroken },
			show: failing, status: 503, body: "Service Unavailable\n", logs: "no template", retry: "2",
		},
	} {
		var logs bytes.Buffer
		b := Boundary{
			Log: slog.New(slog.NewTextHandler(&logs, nil)),
			Judge: func(*http.Request, error) Verdict {
				return Verdict{Status: 503, RetryAfter: 1500 * time.Millisecond, Level: slog.LevelError, Show: test.show}
			},
		}
		w := httptest.NewRecorder()
		b.Serve(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/login/x?code=sesame", nil), test.handler)
		if w.Code != test.status || w.Body.String() != test.body || w.Header().Get("Retry-After") != test.retry {
			t.Errorf("%s: %d %q, Retry-After %q", test.name, w.Code, w.Body, w.Header().Get("Retry-After"))
		}
		if !strings.Contains(logs.String(), test.logs) || test.logs == "" && logs.Len() > 0 {
			t.Errorf("%s: log is %q, want %q in it", test.name, &logs, test.logs)
		}
		if strings.Contains(logs.String(), "sesame") {
			t.Errorf("%s: the query is in the log: %s", test.name, &logs)
		}
	}
}

func TestBoundaryLetsAbortsPass(t *testing.T) {
	defer func() {
		if recover() != http.ErrAbortHandler { //nolint:errorlint // a panic value, compared as net/http does
			t.Error("http.ErrAbortHandler did not reach the server")
		}
	}()
	Boundary{}.Serve(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil),
		func(http.ResponseWriter, *http.Request) error { panic(http.ErrAbortHandler) })
}
