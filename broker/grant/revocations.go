package grant

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/patchbay-auth/patchbay/broker/registry"
)

// ErrStale means that this node has not heard of revocations for too long to answer for a token.
var ErrStale = errors.New("revocations are stale")

// Revocations holds every unexpired revocation in memory, so that introspection needs no SQL.
type Revocations struct {
	// MaxStaleness is how long after the last successful poll of the change feed answers are still
	// given. Set before use; zero means 30 seconds.
	MaxStaleness time.Duration
	// Now reports the time; nil means time.Now.
	Now func() time.Time

	mu      sync.RWMutex
	entries map[entryKey]entry
	fresh   time.Time
}

type entryKey struct {
	kind    Kind
	subject string
}

type entry struct{ notBefore, expiresAt time.Time }

// Facts are what a token says about itself, as far as revocation goes.
type Facts struct {
	JTI     string
	Grant   string
	Session string
	// User is UserSubject, or empty for a client's own token.
	User     string
	ClientID string
	Account  registry.Account
	IssuedAt time.Time
	// Before are the jti of the tokens that it was exchanged for, and Through the clients that had them.
	Before, Through []string
}

// Check reports whether any revocation reaches the token, or ErrStale.
func (r *Revocations) Check(f Facts) (revoked bool, err error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.reach(f) {
		return true, nil
	}
	if r.now().Sub(r.fresh) > r.maxStaleness() {
		return false, ErrStale
	}
	return false, nil
}

// ended reports whether a revocation reaches everything issued under a grant. It knows of no
// staleness: families are also marked in the database, which the caller has just read.
func (r *Revocations) ended(g Grant) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.reach(Facts{
		Grant: g.ID.String(), Session: g.SessionID.String(), User: UserSubject(g.Account, g.UserID),
		ClientID: g.ClientID, Account: g.Account, IssuedAt: g.CreatedAt.Truncate(time.Second),
	})
}

func (r *Revocations) reach(f Facts) bool {
	for _, k := range [...]entryKey{
		{KindToken, f.JTI},
		{KindGrant, f.Grant},
		{KindSession, f.Session},
		{KindUser, f.User},
		{KindClient, f.ClientID},
		{KindTenant, string(f.Account)},
	} {
		if r.reaches(k, f.IssuedAt) {
			return true
		}
	}
	for _, jti := range f.Before {
		if r.reaches(entryKey{KindToken, jti}, f.IssuedAt) {
			return true
		}
	}
	for _, client := range f.Through {
		if r.reaches(entryKey{KindClient, client}, f.IssuedAt) {
			return true
		}
	}
	return false
}

func (r *Revocations) reaches(k entryKey, issuedAt time.Time) bool {
	if k.subject == "" {
		return false
	}
	e, ok := r.entries[k]
	return ok && (k.kind.final() || !issuedAt.After(e.notBefore))
}

// Load replaces everything by what the store holds.
func (r *Revocations) Load(ctx context.Context, store Store) error {
	now := r.now()
	all, err := store.Revocations(ctx, now)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.entries
	r.entries = make(map[entryKey]entry, len(all))
	for _, rev := range all {
		r.put(rev)
	}
	// What another call added while the store was being read must not be lost.
	for k, e := range old {
		if now.Before(e.expiresAt) {
			r.put(Revocation{Kind: k.kind, Subject: k.subject, NotBefore: e.notBefore, ExpiresAt: e.expiresAt})
		}
	}
	r.fresh = now
	return nil
}

// Invalidate applies a change of kind ChangeKind, and ignores others.
func (r *Revocations) Invalidate(_ context.Context, kind, subject string) error {
	if kind != ChangeKind {
		return nil
	}
	rev, err := parseChange(subject)
	if err != nil {
		return err
	}
	r.add(rev)
	return nil
}

// Polled tells that at the given time everything in the change feed had been applied.
func (r *Revocations) Polled(at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if at.After(r.fresh) {
		r.fresh = at
	}
}

// Fresh returns the time at which everything before had been applied.
func (r *Revocations) Fresh() time.Time {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.fresh
}

// Len returns how many revocations are in memory.
func (r *Revocations) Len() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.entries)
}

// Forget drops revocations that have expired.
func (r *Revocations) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	for k, e := range r.entries {
		if !now.Before(e.expiresAt) {
			delete(r.entries, k)
		}
	}
}

func (r *Revocations) add(rev Revocation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.put(rev)
}

// put keeps the later of two revocations of one subject. Times have the resolution of iat.
func (r *Revocations) put(rev Revocation) {
	if r.entries == nil {
		r.entries = map[entryKey]entry{}
	}
	k := entryKey{rev.Kind, rev.Subject}
	e := entry{rev.NotBefore.Truncate(time.Second), rev.ExpiresAt}
	if have, ok := r.entries[k]; ok {
		if have.notBefore.After(e.notBefore) {
			e.notBefore = have.notBefore
		}
		if have.expiresAt.After(e.expiresAt) {
			e.expiresAt = have.expiresAt
		}
	}
	r.entries[k] = e
}

func (r *Revocations) now() time.Time {
	if r.Now == nil {
		return time.Now()
	}
	return r.Now()
}

func (r *Revocations) maxStaleness() time.Duration {
	if r.MaxStaleness == 0 {
		return 30 * time.Second
	}
	return r.MaxStaleness
}
