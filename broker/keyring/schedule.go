package keyring

import "time"

const (
	// announceAhead is how long a key is published before it signs: longer than relying parties keep
	// a key set.
	announceAhead = 24 * time.Hour
	// rotateEvery is how long a key signs.
	rotateEvery = 90 * 24 * time.Hour
	// hintsAfter is how long, beyond a session, ID tokens are accepted as hints.
	hintsAfter = 30 * 24 * time.Hour
	// lag allows for a replica whose clock is late, which signs with a retired key for as long.
	lag = time.Hour
)

// Lifetimes say for how long what a key has signed is of use.
type Lifetimes struct {
	// Token is the longest life of a token that any client may be configured to get. A retired key
	// stays published for that long, and an hour. Zero means 24 hours.
	Token time.Duration
	// Session is the longest life of a session. A retired key verifies ID token hints for that long,
	// and 30 days. Zero means 12 hours.
	Session time.Duration
}

func (l Lifetimes) withDefaults() Lifetimes {
	if l.Token == 0 {
		l.Token = 24 * time.Hour
	}
	if l.Session == 0 {
		l.Session = 12 * time.Hour
	}
	return l
}

// moments follow from the key that takes over; they are zero as long as there is none.
type moments struct {
	retireAt  time.Time // signs no longer
	expiresAt time.Time // leaves the JWKS
	forgetAt  time.Time // verifies no hints, and is deleted
}

// schedule sets the moments of a scope's keys, which come newest first within each algorithm. They
// depend on the records alone, so that all replicas agree.
func (l Lifetimes) schedule(entries []*entry) {
	var takeover time.Time
	for i, e := range entries {
		if i > 0 && entries[i-1].Algorithm != e.Algorithm {
			takeover = time.Time{}
		}
		e.moments = moments{}
		if retireAt := earlier(takeover, e.RevokedAt); !retireAt.IsZero() {
			e.moments = moments{retireAt, retireAt.Add(l.Token + lag), retireAt.Add(l.Session + hintsAfter)}
		}
		if !e.Revoked() || e.RevokedAt.After(e.ActiveAt) { // it did sign, or will
			takeover = earlier(takeover, e.ActiveAt)
		}
	}
}

// successor returns when the key after the newest one signs, and whether it is time to make it. A
// newest key that was revoked, and not replaced in the same transaction, leaves nothing to wait for.
func (e *entry) successor(now time.Time) (activeAt time.Time, due bool) {
	if e.Revoked() {
		return now, true
	}
	planned := e.ActiveAt.Add(rotateEvery)
	return later(planned, now.Add(announceAhead)), !now.Before(planned.Add(-announceAhead))
}

func (e *entry) retired(now time.Time) bool   { return reached(e.retireAt, now) }
func (e *entry) published(now time.Time) bool { return !e.Revoked() && !reached(e.expiresAt, now) }
func (e *entry) forgotten(now time.Time) bool { return reached(e.forgetAt, now) }

// reached reports whether a moment is scheduled, and not after now.
func reached(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }

// earlier returns the earlier of two moments; zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
