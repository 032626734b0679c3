package web

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"
)

// A Handler answers a request, or returns an error without having written anything.
type Handler func(http.ResponseWriter, *http.Request) error

// A Verdict is what becomes of a handler's error.
type Verdict struct {
	// Status is the status code of the page.
	Status int
	// RetryAfter is sent with the page, in whole seconds rounded up, when positive.
	RetryAfter time.Duration
	// Level is how loudly the error is logged.
	Level slog.Level
	// Facts go to the log beside the error. None may be secret.
	Facts []slog.Attr
	// Show writes the page, with its headers, in the given status.
	Show func(http.ResponseWriter, *http.Request, int) error
}

// A Boundary is where the errors of handlers end: each is logged once and shown once.
type Boundary struct {
	// Log receives one record per error. It never holds a query, a form or a cookie.
	Log *slog.Logger
	// Judge decides what becomes of an error.
	Judge func(*http.Request, error) Verdict
}

// Serve runs h and deals with its error, or its panic.
func (b Boundary) Serve(w http.ResponseWriter, r *http.Request, h Handler) {
	err := guarded(w, r, h)
	if err == nil {
		return
	}
	verdict := b.Judge(r, err)
	attrs := append([]slog.Attr{
		slog.String("method", r.Method), slog.String("path", r.URL.Path),
		slog.Int("status", verdict.Status), slog.Any("error", err),
	}, verdict.Facts...)
	b.Log.LogAttrs(r.Context(), verdict.Level, "request failed", attrs...)
	if verdict.RetryAfter > 0 {
		seconds := math.Ceil(verdict.RetryAfter.Seconds())
		w.Header().Set("Retry-After", strconv.FormatFloat(seconds, 'f', 0, 64))
	}
	if err := verdict.Show(w, r, verdict.Status); err != nil {
		b.Log.LogAttrs(r.Context(), slog.LevelError, "showing an error failed", slog.Any("error", err))
		http.Error(w, http.StatusText(verdict.Status), verdict.Status)
	}
}

func guarded(w http.ResponseWriter, r *http.Request, h Handler) (err error) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			panic(p)
		default:
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return h(w, r)
}

// WriteHTML renders into memory and only then writes, so that a page is complete or absent.
func WriteHTML(w http.ResponseWriter, status int, render func(io.Writer) error) error {
	var page bytes.Buffer
	if err := render(&page); err != nil {
		return fmt.Errorf("rendering a page: %w", err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(page.Len()))
	w.WriteHeader(status)
	_, _ = page.WriteTo(w) // fails only when the browser went away: nobody is left to tell
	return nil
}
