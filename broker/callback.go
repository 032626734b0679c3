package broker

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
)

// A Callback is what a browser posted here for an IdP, until that browser comes to fetch it: a post from
// another site carries no cookies, and so cannot show whose browser it is.
type Callback struct {
	// Handle is the hash of the value that fetches it, once.
	Handle     grant.Hash
	Account    registry.Account
	Connection string
	// SealedBody is what was posted, encrypted with Handle as additional data.
	SealedBody []byte
	ExpiresAt  time.Time
}

// CallbackStore keeps callbacks. Each method is one transaction.
type CallbackStore interface {
	// InsertCallback stores a callback, in the place of what was stored for the same answers: the hash of
	// the state that it answers.
	InsertCallback(ctx context.Context, c Callback, answers grant.Hash) error
	// TakeCallback returns a callback, expired or not, the first time that it is asked for it, else
	// ErrNotFound. nonce makes a retry recognise itself.
	TakeCallback(ctx context.Context, handle grant.Hash, nonce id.ID) (Callback, error)
}

// callbackLifetime is how long a browser may take from the post to the redirect that answers it.
const callbackLifetime = time.Minute

// Keep stores what was posted to the callback of a connection, and returns the handle by which the same
// browser fetches it. Only what may answer a login that is under way is stored: anybody can post.
func (e *Engine) Keep(ctx context.Context, account registry.Account, connection string, params url.Values, address string) (handle string, err error) {
	state := grant.HashOf(params.Get("state"))
	a, err := e.Attempts.AttemptByUpstreamState(ctx, state)
	switch {
	case errors.Is(err, ErrNotFound):
		err = &Refusal{Reason: ReasonUnknownAttempt, Err: err}
	case err != nil:
		return "", fmt.Errorf("loading an attempt: %w", err)
	case a.Account != account || a.Connection != connection:
		err = &Refusal{Reason: ReasonUpstream, Err: errors.New("the state belongs to another connection")}
	case a.State != StateSent:
		err = &Refusal{Reason: ReasonUsed}
	case !e.Now().Before(a.ExpiresAt):
		err = &Refusal{Reason: ReasonExpired}
	}
	if err != nil {
		return "", e.turnedAway(ctx, a, connection, Browser{Address: address}, err)
	}
	handle, hash := grant.NewSecret()
	return handle, e.keep(ctx, Callback{Handle: hash, Account: account, Connection: connection}, []byte(params.Encode()), state)
}

func (e *Engine) keep(ctx context.Context, c Callback, body []byte, answers grant.Hash) (err error) {
	c.ExpiresAt = e.Now().Add(callbackLifetime)
	if c.SealedBody, err = e.Sealer.Seal(body, c.Handle[:]); err != nil {
		return fmt.Errorf("sealing a callback: %w", err)
	}
	return e.Callbacks.InsertCallback(ctx, c, answers)
}

// Kept returns what Keep stored, once. Whose browser it is that fetches it is for Complete to judge.
func (e *Engine) Kept(ctx context.Context, account registry.Account, connection, handle string) (url.Values, error) {
	body, err := e.kept(ctx, account, connection, handle)
	if err != nil {
		return nil, err
	}
	params, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, fmt.Errorf("reading a callback: %w", err)
	}
	return params, nil
}

func (e *Engine) kept(ctx context.Context, account registry.Account, connection, handle string) ([]byte, error) {
	hash := grant.HashOf(handle)
	c, err := e.Callbacks.TakeCallback(ctx, hash, id.New())
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, &Refusal{Reason: ReasonUsed, Err: err}
	case err != nil:
		return nil, err
	case c.Account != account || c.Connection != connection:
		return nil, &Refusal{Reason: ReasonUpstream, Err: errors.New("the callback belongs to another connection")}
	case !e.Now().Before(c.ExpiresAt):
		return nil, &Refusal{Reason: ReasonExpired}
	}
	body, err := e.Sealer.Open(c.SealedBody, hash[:])
	if err != nil {
		return nil, fmt.Errorf("opening a callback: %w", err)
	}
	return body, nil
}
