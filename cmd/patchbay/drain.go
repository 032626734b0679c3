package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"
)

// A drain ends HTTP servers so that no client's connection is cut: readiness goes off first, then
// every answer asks its client to connect again, elsewhere, while new connections are still taken;
// after the delay the listeners close, and what is in flight is finished.
type drain struct {
	// delay is how long requests are taken after readiness is off, timeout how long those in flight
	// may take after that.
	delay, timeout time.Duration
	log            *slog.Logger

	begun atomic.Bool
}

// handler answers as h does, and closes connections politely once the drain has begun. An idle one that
// the server closed by itself would be cut under the request that is just being sent.
func (d *drain) handler(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.begun.Load() {
			w.Header().Set("Connection", "close") // HTTP/2 makes GOAWAY of it
		}
		h.ServeHTTP(w, r)
	})
}

// run drains the servers. unready turns readiness off. It returns when nothing is in flight any more.
func (d *drain) run(ctx context.Context, unready func(), servers ...*http.Server) error {
	d.log.Info("draining", "delay", d.delay.String(), "timeout", d.timeout.String())
	unready()
	d.begun.Store(true)
	select {
	case <-time.After(d.delay):
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	var errs []error
	for _, s := range servers {
		if err := s.Shutdown(ctx); err != nil {
			d.log.Warn("requests were cut off", "error", err)
			errs = append(errs, s.Close())
		}
	}
	return errors.Join(errs...)
}
