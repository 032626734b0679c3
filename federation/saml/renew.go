package saml

import (
	"context"
	"time"
)

const (
	// patience is the part of a timeout that somebody waits for newer metadata when old ones will do.
	patience = 4
	// restAfter is how long nobody waits after somebody did in vain: an IdP whose metadata hang may still log people in.
	restAfter = time.Minute
)

// renew fetches metadata when a copy has become old, or returns the last good copy. Its failure is kept in err;
// whoever wants to know calls Ends.
func (s *source) renew(ctx context.Context, old *idp) (*idp, error) {
	if s.resting(s.cfg.Now()) {
		return old, nil
	}
	waiting, cancel := context.WithTimeout(ctx, s.cfg.Timeout/patience)
	defer cancel()
	if renewed, err := s.fetch(waiting); err == nil {
		return renewed, nil
	}
	if ctx.Err() == nil { // else it is the caller who has gone away
		s.rest(s.cfg.Now())
	}
	return s.elsewhere(ctx, old)
}

// elsewhere returns what another process may have fetched since, if that is valid, or the old copy.
func (s *source) elsewhere(ctx context.Context, old *idp) (*idp, error) {
	kept, text, err := s.kept(ctx)
	if err != nil {
		return nil, err
	}
	if kept != nil && kept.valid(s.cfg.Now()) {
		old, _ = s.replace(old, kept, text)
	}
	return old, nil
}

func (s *source) rest(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.vain = now
}

func (s *source) resting(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return now.Sub(s.vain) < restAfter
}
