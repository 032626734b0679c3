package saml

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"

	"github.com/patchbay-auth/patchbay/federation"
)

const (
	// Metadata is looked at again after refreshEvery, or after the cacheDuration that it names, within
	// bounds.
	refreshEvery = time.Hour
	minRefresh   = 5 * time.Minute
	maxRefresh   = 24 * time.Hour
	// Fetching is allowed fetchBurst times at once and then once per fetchInterval.
	fetchInterval = 30 * time.Second
	fetchBurst    = 3
)

// A source keeps an IdP's metadata. A document given in the configuration never changes. One that is
// published is fetched when first needed, and again when it is needed and has become old: not later, or a
// certificate that was removed would be believed by whoever comes first. While that fails the last good copy
// is used, also by the next process, until its own validUntil.
type source struct {
	cfg    Config
	client *http.Client
	limit  *rate.Limiter
	flight singleflight.Group

	mu      sync.Mutex
	latest  *idp
	text    []byte
	fetched time.Time
	err     error     // of the latest fetch
	vain    time.Time // when somebody last waited in vain
}

func newSource(cfg Config, client *http.Client) *source {
	return &source{cfg: cfg, client: client, limit: rate.NewLimiter(rate.Every(fetchInterval), fetchBurst)}
}

// get returns metadata that is still valid. Its errors wrap federation.ErrUnreachable or federation.ErrOurs.
func (s *source) get(ctx context.Context) (*idp, error) {
	latest, fetched, err := s.known(ctx)
	now := s.cfg.Now()
	switch {
	case err != nil:
		return nil, err
	case latest == nil:
		return s.fetch(ctx)
	case latest.valid(now) && s.cfg.MetadataURL != "" && now.Sub(fetched) >= latest.refreshAfter():
		return s.renew(ctx, latest)
	case latest.valid(now):
		return latest, nil
	case s.cfg.MetadataURL == "":
		return nil, fmt.Errorf("%w: our copy of its metadata was valid until %s", federation.ErrUnreachable, latest.validUntil.Format(time.RFC3339))
	}
	renewed, fetching := s.fetch(ctx)
	if fetching == nil {
		return renewed, nil
	}
	other, err := s.elsewhere(ctx, latest)
	if err == nil && !other.valid(now) {
		err = fmt.Errorf("metadata was valid until %s, and no other can be had: %w", latest.validUntil.Format(time.RFC3339), fetching)
	}
	if err != nil {
		return nil, err
	}
	return other, nil
}

func (d *idp) valid(now time.Time) bool { return d.validUntil.IsZero() || now.Before(d.validUntil) }

func (d *idp) refreshAfter() time.Duration {
	if d.cacheFor == 0 {
		return refreshEvery
	}
	return min(max(d.cacheFor, minRefresh), maxRefresh)
}

// known returns what is in memory, in the configuration, or in the state database, in that order.
func (s *source) known(ctx context.Context) (*idp, time.Time, error) {
	s.mu.Lock()
	latest, fetched := s.latest, s.fetched
	s.mu.Unlock()
	if latest != nil {
		return latest, fetched, nil
	}
	latest, text, err := s.kept(ctx)
	if err != nil || latest == nil {
		return nil, time.Time{}, err
	}
	latest, fetched = s.replace(nil, latest, text)
	return latest, fetched, nil
}

// kept returns what is in the configuration or the state database, or nothing.
func (s *source) kept(ctx context.Context) (*idp, []byte, error) {
	if s.cfg.MetadataURL == "" {
		d, err := readMetadata(s.cfg.Metadata, s.cfg)
		return d, s.cfg.Metadata, err
	}
	kept, err := s.cfg.Store.Metadata(ctx)
	if err != nil {
		return nil, nil, err
	}
	// The connection may have had another address, where another IdP is: what that one said is not believed
	// any more, even if the new one does not answer.
	from, text, _ := bytes.Cut(kept, []byte("\n"))
	if string(from) != s.cfg.MetadataURL {
		return nil, nil, nil
	}
	d, err := readMetadata(text, s.cfg)
	if err != nil {
		return nil, nil, nil // kept for an earlier configuration: fetch it anew
	}
	return d, text, nil
}

// keep stores a document with the address that it is from, which holds no line break.
func (s *source) keep(ctx context.Context, document []byte) error {
	return s.cfg.Store.KeepMetadata(ctx, append([]byte(s.cfg.MetadataURL+"\n"), document...))
}

func (s *source) set(latest *idp, text []byte, fetched time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latest, s.text, s.fetched = latest, text, fetched
}

// replace sets a copy of unknown age, which is due at once, in the place of another, unless something else has
// come meanwhile; and returns what is there now.
func (s *source) replace(former, latest *idp, text []byte) (*idp, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.latest == former && (former == nil || !bytes.Equal(s.text, text)) {
		s.latest, s.text, s.fetched = latest, text, time.Time{}
	}
	return s.latest, s.fetched
}

// newer fetches metadata after a signature by a certificate that is not in d. It returns d itself if that
// brought no other document.
func (s *source) newer(ctx context.Context, d *idp) (*idp, error) {
	if s.cfg.MetadataURL == "" {
		return d, nil
	}
	return s.fetch(ctx)
}

// fetch fetches the metadata, together with everybody else who wants it now, and not more often than
// allowed.
func (s *source) fetch(ctx context.Context) (*idp, error) {
	done := s.flight.DoChan("", func() (any, error) {
		// It is everybody's: the caller that happened to come first may go away.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.Timeout)
		defer cancel()
		return s.fetchOnce(ctx)
	})
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", federation.ErrUnreachable, ctx.Err())
	case r := <-done:
		d, _ := r.Val.(*idp)
		return d, r.Err
	}
}

func (s *source) fetchOnce(ctx context.Context) (*idp, error) {
	now := s.cfg.Now()
	s.mu.Lock()
	latest, text, last := s.latest, s.text, s.err
	s.mu.Unlock()
	if !s.limit.AllowN(now, 1) {
		if last != nil {
			return nil, fmt.Errorf("%w (not asked again yet)", last)
		}
		return nil, fmt.Errorf("%w: asked too often lately", federation.ErrUnreachable)
	}
	fresh, read, err := s.download(ctx)
	s.mu.Lock()
	s.err = err
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if latest != nil && bytes.Equal(fresh, text) {
		read = latest // the same document, so the same value: see newer
	}
	// Also if it is the same: another process may have kept another one since.
	if err := s.keep(ctx, fresh); err != nil {
		return nil, err
	}
	s.set(read, fresh, now)
	return read, nil
}

func (s *source) download(ctx context.Context) ([]byte, *idp, error) {
	fail := func(err error) ([]byte, *idp, error) {
		return nil, nil, fmt.Errorf("%w: metadata: %s: %w", federation.ErrUnreachable, s.cfg.MetadataURL, err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.cfg.MetadataURL, nil)
	if err != nil {
		return fail(err)
	}
	r.Header.Set("Accept", "application/samlmetadata+xml, application/xml, text/xml")
	answer, err := s.client.Do(r)
	if err != nil {
		return fail(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fail(fmt.Errorf("answered status %d", answer.StatusCode))
	}
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		return fail(err)
	}
	read, err := readMetadata(data, s.cfg)
	if err == nil && !read.valid(s.cfg.Now()) {
		err = fmt.Errorf("it was valid until %s", read.validUntil.Format(time.RFC3339))
	}
	if err != nil {
		return fail(err)
	}
	return data, read, nil
}
