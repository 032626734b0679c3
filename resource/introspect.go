package resource

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Introspection is how to ask an issuer about tokens (RFC 7662). The client must be allowed to.
type Introspection struct {
	// Endpoint is asked; empty means the introspection_endpoint of the first issuer's metadata.
	Endpoint     string
	ClientID     string
	ClientSecret string
	// CacheFor is how long an answer about a live token is believed, and so how late a revocation
	// may be seen. Zero means ten seconds; negative asks every time.
	CacheFor time.Duration
	// CacheSize bounds the tokens remembered; zero means 10 000.
	CacheSize int
}

// String hides the secret.
func (i Introspection) String() string {
	return fmt.Sprintf("introspection at %q as client %q", i.Endpoint, i.ClientID)
}

// GoString hides the secret.
func (i Introspection) GoString() string { return i.String() }

// An asker asks about tokens and remembers, for a moment, what was said of live ones. It remembers no
// refusals: a stranger cannot fill it.
type asker struct {
	Introspection
	issuer string
	client *http.Client
	now    func() time.Time

	mu       sync.Mutex
	endpoint string
	// Two generations: when the younger is full it becomes the older, and the older is forgotten.
	young, old map[[sha256.Size]byte]answer
}

type answer struct {
	claims claims
	all    map[string]any
	until  time.Time
}

func newAsker(c Config) (*asker, error) {
	a := &asker{Introspection: *c.Introspection, issuer: c.Issuers[0], client: c.Client, now: c.Now, endpoint: c.Introspection.Endpoint}
	if a.ClientID == "" || a.ClientSecret == "" {
		return nil, errors.New("resource: Introspection needs ClientID and ClientSecret")
	}
	if a.Endpoint != "" {
		if err := checkAddress(a.Endpoint); err != nil {
			return nil, fmt.Errorf("resource: Introspection.Endpoint %q: %w", a.Endpoint, err)
		}
	}
	if a.CacheFor == 0 {
		a.CacheFor = 10 * time.Second
	}
	if a.CacheSize <= 0 {
		a.CacheSize = 10_000
	}
	a.young = map[[sha256.Size]byte]answer{}
	return a, nil
}

// ask has the issuer judge a token, unless it did a moment ago.
func (v *Verifier) ask(ctx context.Context, raw string) (*Token, error) {
	hash := sha256.Sum256([]byte(raw))
	said, known := v.asker.recall(hash)
	if !known {
		var err error
		if said, err = v.asker.query(ctx, raw); err != nil {
			return nil, err
		}
		if !said.claims.Active {
			return nil, fmt.Errorf("%w: its issuer says that it is not active", ErrInvalid)
		}
	}
	if err := v.judge(said.claims); err != nil {
		return nil, err
	}
	if !known {
		v.asker.remember(hash, said)
	}
	return said.claims.token(said.all), nil
}

func (a *asker) query(ctx context.Context, raw string) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, callBudget)
	defer cancel()
	endpoint, err := a.address(ctx)
	if err != nil {
		return answer{}, err
	}
	form := url.Values{"token": {raw}, "token_type_hint": {"access_token"}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return answer{}, fmt.Errorf("introspection: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	r.SetBasicAuth(url.QueryEscape(a.ClientID), url.QueryEscape(a.ClientSecret)) // RFC 6749 §2.3.1
	asked := a.now()
	var body json.RawMessage
	if err := exchange(a.client, r, &body); err != nil {
		return answer{}, fmt.Errorf("introspection: %w", err)
	}
	said := answer{until: asked.Add(a.CacheFor)}
	said.claims, said.all, err = readClaims(body)
	return said, err
}

// address returns the endpoint, from the issuer's metadata if it was not given.
func (a *asker) address(ctx context.Context) (string, error) {
	a.mu.Lock()
	known := a.endpoint
	a.mu.Unlock()
	if known != "" {
		return known, nil
	}
	m, err := fetchMetadata(ctx, a.client, a.issuer)
	if err != nil {
		return "", err
	}
	if err := checkAddress(m.IntrospectionEndpoint); err != nil {
		return "", fmt.Errorf("metadata of %s: introspection_endpoint %q: %w", a.issuer, m.IntrospectionEndpoint, err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.endpoint = m.IntrospectionEndpoint
	return a.endpoint, nil
}

func (a *asker) recall(hash [sha256.Size]byte) (answer, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	said, ok := a.young[hash]
	if !ok {
		said, ok = a.old[hash]
	}
	return said, ok && a.now().Before(said.until)
}

func (a *asker) remember(hash [sha256.Size]byte, said answer) {
	if a.CacheFor < 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.young) >= (a.CacheSize+1)/2 {
		a.young, a.old = map[[sha256.Size]byte]answer{}, a.young
	}
	a.young[hash] = said
}
