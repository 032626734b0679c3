package grant

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/patchbay-auth/patchbay/internal/id"
)

// requestURIPrefix begins the request_uri of every pushed request (RFC 9126 §2.2).
const requestURIPrefix = "urn:ietf:params:oauth:request_uri:"

// pushedLifetime is how long a client has to send the browser after pushing a request.
const pushedLifetime = 90 * time.Second

// A Pushed is an authorization request that a client left here before it sent a browser (RFC 9126).
type Pushed struct {
	// Hash is that of the random part of the request_uri.
	Hash     Hash
	Issuer   string
	ClientID string
	// Parameters are the request's, form-encoded, without those that authenticated the client.
	Parameters string
	CreatedAt  time.Time
	ExpiresAt  time.Time
}

// IsPushed reports whether a request_uri has the form of ours. Any other is a client's own, which
// nobody here fetches.
func IsPushed(requestURI string) bool { return strings.HasPrefix(requestURI, requestURIPrefix) }

// Push keeps an authorization request, and returns its request_uri and how long that is good.
func (s *Service) Push(ctx context.Context, issuer, clientID, parameters string) (string, time.Duration, error) {
	secret, hash := NewSecret()
	now := s.now()
	err := s.store.InsertPushed(ctx, Pushed{
		Hash: hash, Issuer: issuer, ClientID: clientID, Parameters: parameters,
		CreatedAt: now, ExpiresAt: now.Add(pushedLifetime),
	})
	if err != nil {
		return "", 0, fmt.Errorf("storing a pushed request: %w", err)
	}
	return requestURIPrefix + secret, pushedLifetime, nil
}

// TakePushed returns the parameters of a pushed request, once. The client that presents another's
// request_uri does not use it up: a stranger who saw one in a browser could keep its owner out.
func (s *Service) TakePushed(ctx context.Context, issuer, clientID, requestURI string) (string, error) {
	hash := HashOf(strings.TrimPrefix(requestURI, requestURIPrefix))
	pushed, err := s.store.FindPushed(ctx, hash)
	switch {
	case isNotFound(err):
		return "", invalid("request_uri is unknown")
	case err != nil:
		return "", err
	case pushed.ClientID != clientID || pushed.Issuer != issuer:
		return "", invalid("request_uri was issued to another client")
	case !s.now().Before(pushed.ExpiresAt):
		return "", invalid("request_uri has expired")
	}
	err = s.store.RedeemPushed(ctx, hash, id.New(), s.now())
	if errors.Is(err, ErrConflict) {
		return "", invalid("request_uri was already used")
	}
	return pushed.Parameters, err
}
