package server

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/patchbay-auth/patchbay/broker/grant"
)

const (
	sweepEvery = time.Minute
	// maxSkew is how far this machine's clock and the database's may differ: what the overlap of the
	// change feed covers.
	maxSkew = 10 * time.Second
)

// Run does the background work until ctx ends: the change feed, the audit queue, the rotation of
// signing keys, the proofs of domains, the certificates of SAML identity providers, the news of ended
// sessions, the daily census of passwords, comparisons with the shadow, and the deletion of what has expired. What is queued is written before it returns.
func (s *Server) Run(ctx context.Context) {
	var wg sync.WaitGroup
	all := []func(context.Context){s.feed.Run, s.Events.Run, s.Keyring.Run, s.Domains.Run, s.public.Run, s.sweep, s.watchCertificates}
	if s.census != nil {
		all = append(all, s.census.Run)
	}
	if s.shadow != nil {
		all = append(all, s.shadow.Run)
	}
	for _, work := range all {
		wg.Go(func() { work(ctx) })
	}
	wg.Wait()
}

// swept counts what the sweep has done, for metrics.
type swept struct{ rows, failures atomic.Int64 }

func (s *Server) sweep(ctx context.Context) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		n, err := s.Store.Sweep(ctx, s.now(), s.retention)
		s.swept.rows.Add(int64(n))
		if err != nil && ctx.Err() == nil {
			s.swept.failures.Add(1)
			s.log.Error("expired rows could not be deleted", "error", err)
		}
		s.revocations.Forget()
	}
}

// Drain makes the node report that it is not ready, so that no new requests are sent to it.
func (s *Server) Drain() { s.draining.Store(true) }

// ready reports why this node should get no requests. A database that is down is no reason as long
// as what is in memory may still be told: switches would lose a node that can answer them.
func (s *Server) ready(ctx context.Context) error {
	if s.draining.Load() {
		return errors.New("shutting down")
	}
	clock, err := s.Store.Clock(ctx)
	if skew := s.now().Sub(clock).Abs(); err == nil && skew > maxSkew {
		return fmt.Errorf("clock differs from the database's by %s, more than %s", skew.Round(time.Second), maxSkew)
	}
	if _, err := s.revocations.Check(grant.Facts{}); errors.Is(err, grant.ErrStale) {
		return err
	}
	return nil
}
