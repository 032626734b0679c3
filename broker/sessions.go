package broker

import (
	"context"
	"time"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/internal/id"
)

// touchEvery bounds how often using a session writes it.
const touchEvery = time.Minute

// Session returns the live session of a browser at an issuer, or ErrNotFound.
func (e *Engine) Session(ctx context.Context, issuer string, b Browser) (Session, error) {
	token := ""
	if b.Session != nil {
		token = b.Session(issuer)
	}
	if token == "" {
		return Session{}, ErrNotFound
	}
	s, err := e.Sessions.SessionByToken(ctx, grant.HashOf(token))
	if err != nil {
		return Session{}, err
	}
	now := e.Now()
	if s.Issuer != issuer || s.Browser != b.hash() || !s.Live(now) {
		return Session{}, ErrNotFound
	}
	if now.Sub(s.SeenAt) >= touchEvery {
		s.SeenAt, s.ExpiresAt = now, earlier(now.Add(e.SessionIdle), s.AbsoluteAt)
		// ErrNotFound: somebody has ended it since it was read.
		if err := e.Sessions.TouchSession(ctx, s.ID, s.SeenAt, s.ExpiresAt); err != nil {
			return Session{}, err
		}
	}
	return s, nil
}

// Live reports whether the session can be used at now.
func (s Session) Live(now time.Time) bool {
	return s.EndedAt.IsZero() && now.Before(s.ExpiresAt)
}

// EndSession ends a session: its access tokens become inactive and its refresh tokens die with it.
func (e *Engine) EndSession(ctx context.Context, s Session, b Browser) error {
	r := e.Grants.Revocation(grant.KindSession, s.ID.String())
	err := e.Sessions.EndSession(ctx, s.ID, r, Event{
		ID: id.New(), At: e.Now(), Kind: SessionEnded, Account: s.Account, UserID: s.UserID,
		LoginID: s.LoginID, Address: b.Address, Detail: map[string]string{"sid": s.ID.String()},
	})
	if err != nil {
		return err
	}
	e.Grants.Applied(r)
	return nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
