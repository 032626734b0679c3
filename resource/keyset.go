package resource

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	// keysAge is how long a key set is used without looking again. A key that was withdrawn is
	// believed that much longer, at most.
	keysAge = 15 * time.Minute
	// fetchPause is how long after one fetch the next may follow: tokens with invented kids must not
	// become a storm at the issuer.
	fetchPause = 10 * time.Second
	// retryPause is the same after a fetch that failed.
	retryPause = time.Second
)

// A keySet is the published keys of one issuer, read when they are first needed.
type keySet struct {
	issuer  string
	client  *http.Client
	now     func() time.Time
	current atomic.Pointer[published]
	// turn is held by whoever fetches; the others wait for what they get.
	turn chan struct{}
	// Below, held by turn.
	tried time.Time
	err   error // of the last fetch
}

type published struct {
	keys map[string]jose.JSONWebKey
	at   time.Time
}

func newKeySet(issuer string, client *http.Client, now func() time.Time) *keySet {
	return &keySet{issuer: issuer, client: client, now: now, turn: make(chan struct{}, 1)}
}

// key returns the key of a kid. It wraps ErrInvalid when the issuer has no such key.
func (s *keySet) key(ctx context.Context, kid string) (jose.JSONWebKey, error) {
	if have := s.current.Load(); have != nil && s.now().Sub(have.at) < keysAge {
		if key, ok := have.keys[kid]; ok {
			return key, nil
		}
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return jose.JSONWebKey{}, fmt.Errorf("keys of %s: %w", s.issuer, ctx.Err())
	}
	have := s.current.Load()
	pause := fetchPause
	if s.err != nil {
		pause = retryPause
	}
	if now := s.now(); now.Sub(s.tried) >= pause {
		s.tried = now
		var next *published
		// Whoever asked first may leave; the others still want to know.
		if next, s.err = s.fetch(context.WithoutCancel(ctx)); s.err == nil {
			have = next
			s.current.Store(next)
		}
	}
	if have != nil {
		if key, ok := have.keys[kid]; ok {
			return key, nil // while the issuer does not answer, old keys are as good as any
		}
	}
	if s.err != nil {
		return jose.JSONWebKey{}, s.err
	}
	return jose.JSONWebKey{}, fmt.Errorf("%w: its key is not one of its issuer's", ErrInvalid)
}

func (s *keySet) fetch(ctx context.Context) (*published, error) {
	m, err := fetchMetadata(ctx, s.client, s.issuer)
	if err != nil {
		return nil, err
	}
	if err := checkAddress(m.JWKSURI); err != nil {
		return nil, fmt.Errorf("metadata of %s: jwks_uri %q: %w", s.issuer, m.JWKSURI, err)
	}
	var set jose.JSONWebKeySet
	if err := getJSON(ctx, s.client, m.JWKSURI, &set); err != nil {
		return nil, fmt.Errorf("keys of %s: %w", s.issuer, err)
	}
	next := &published{keys: map[string]jose.JSONWebKey{}, at: s.now()}
	for _, key := range set.Keys {
		if key.IsPublic() && key.Valid() && key.KeyID != "" && (key.Use == "" || key.Use == "sig") {
			next.keys[key.KeyID] = key
		}
	}
	return next, nil
}
