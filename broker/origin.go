package broker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

// An Origin is where a session came from, by which an IdP names it when it has ended there: a person, a
// session of theirs, or both. The zero hash stands for any, and the zero Origin for a local login.
type Origin struct {
	Subject, Session grant.Hash
}

// origin hashes what an IdP says. The last part may hold anything; the ones before hold no NUL.
func origin(account registry.Account, connection, subject, session string) Origin {
	var o Origin
	if subject != "" {
		o.Subject = grant.HashOf("subject\x00" + string(account) + "\x00" + connection + "\x00" + subject)
	}
	if session != "" {
		o.Session = grant.HashOf("session\x00" + string(account) + "\x00" + connection + "\x00" + session)
	}
	return o
}

// Origin returns where a session came from.
func (s Session) Origin() Origin {
	if s.IDP == LocalIDP {
		return Origin{}
	}
	return origin(s.Account, s.IDP, s.UpstreamSubject, s.UpstreamSession)
}

// An OriginSession is a session, which may be over, and whose it is.
type OriginSession struct {
	ID     id.ID
	UserID mapping.UserID
}

// OriginStore knows which sessions came from where, and which browsers are being logged out at an IdP.
// Each method is one transaction.
type OriginStore interface {
	// SessionsFrom returns the sessions of an origin, in no order, at most limit. They may be over, but for
	// being ended: refresh tokens outlive the sessions they came from. A session whose IdP had no id for it
	// is any session of its person.
	SessionsFrom(ctx context.Context, o Origin, limit int) ([]OriginSession, error)
	// SessionsHeld is SessionsFrom for those of h.Holder that were opened under another external id than
	// h.External.
	SessionsHeld(ctx context.Context, h Holding, limit int) ([]OriginSession, error)
	// EndSessionFrom is SessionStore.EndSession for one of those, also when the session is gone, and makes
	// SessionsFrom and SessionsHeld forget it.
	EndSessionFrom(ctx context.Context, session id.ID, r grant.Revocation, e Event) error
	InsertDeparture(context.Context, Departure) error
	// TakeDeparture returns a departure once, and after that ErrNotFound. nonce makes a retry recognise
	// itself.
	TakeDeparture(ctx context.Context, state grant.Hash, nonce id.ID) (Departure, error)
}

// endAtOnce is how many sessions are looked up at a time.
const endAtOnce = 100

// EndFrom ends the sessions that an IdP says have ended there, with their refresh tokens, and has their
// clients told. A notice that has an ID counts once: the second time it is a *Refusal. It returns how
// many sessions that were; none is not an error, because the IdP cannot know.
func (e *Engine) EndFrom(ctx context.Context, account registry.Account, connection string, n federation.LogoutNotice, address string) (int, error) {
	if n.Subject == "" && len(n.Sessions) == 0 {
		return 0, errors.New("the notice names neither a person nor a session")
	}
	if n.ID == "" {
		return e.endNamed(ctx, account, connection, n, address)
	}
	// Looked up before and used up after: an IdP whose notice met trouble of ours sends the same once more. Two
	// at once may both end what either would.
	maker := "logout\x00" + string(account) + "\x00" + connection
	err := e.Grants.AssertionUsed(ctx, maker, n.ID)
	total := 0
	if err == nil {
		if total, err = e.endNamed(ctx, account, connection, n, address); err != nil {
			return total, err
		}
		err = e.Grants.UseAssertion(ctx, maker, n.ID, n.Expires)
	}
	if errors.Is(err, grant.ErrConflict) {
		err = &Refusal{Reason: ReasonUsed, Err: fmt.Errorf("notice %q of connection %s/%s", truncate(n.ID, maxSubject), account, connection)}
	}
	return total, err
}

// endNamed ends the sessions that a notice names.
func (e *Engine) endNamed(ctx context.Context, account registry.Account, connection string, n federation.LogoutNotice, address string) (int, error) {
	sessions := n.Sessions
	if len(sessions) == 0 {
		sessions = []string{""}
	}
	total := 0
	for _, session := range sessions {
		ended, err := e.endFrom(ctx, account, connection, origin(account, connection, n.Subject, session), address)
		total += ended
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

func (e *Engine) endFrom(ctx context.Context, account registry.Account, connection string, o Origin, address string) (int, error) {
	return sessionEnder{e.Origins, e.Grants, e.Now}.all(ctx,
		Event{Account: account, Address: address, Detail: map[string]string{"by": connection}},
		func() ([]OriginSession, error) { return e.Origins.SessionsFrom(ctx, o, endAtOnce) })
}

// A sessionEnder ends sessions with their refresh tokens, and has their clients told.
type sessionEnder struct {
	origins OriginStore
	grants  *grant.Service
	now     func() time.Time
}

// all ends what find finds, until it finds nothing, with an event for each like the given one. It returns
// how many sessions that were.
func (s sessionEnder) all(ctx context.Context, like Event, find func() ([]OriginSession, error)) (int, error) {
	total := 0
	for {
		found, err := find()
		if err != nil || len(found) == 0 {
			return total, err
		}
		for _, session := range found {
			r := s.grants.Revocation(grant.KindSession, session.ID.String())
			event := like
			event.ID, event.At, event.Kind, event.UserID = id.New(), s.now(), SessionEnded, session.UserID
			event.Detail = maps.Clone(like.Detail)
			event.Detail["sid"] = session.ID.String()
			if err := s.origins.EndSessionFrom(ctx, session.ID, r, event); err != nil {
				return total, err
			}
			s.grants.Applied(r)
			total++
		}
	}
}
