package broker

import (
	"context"
	"errors"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

// A seat is the session that a login makes, and its cookie.
type seat struct {
	session Session
	token   string
	// renews is the cookie's hash until now, of a session that goes on; zero for a new one.
	renews grant.Hash
}

// seat prepares the session of a user who logs in through idp. Who is still logged in, as the same user
// through the same idp, keeps the session: its sid is in tokens of other applications, which end with it
// at logout. The cookie is a new one all the same, and so is the time that the session may last.
func (e *Engine) seat(ctx context.Context, a Attempt, b Browser, user mapping.UserID, idp string, login id.ID) (seat, error) {
	token, hash := grant.NewSecret()
	now := e.Now()
	s := Session{
		ID: id.New(), Token: hash, Issuer: a.Request.Issuer, Account: a.Account, Browser: b.hash(),
		UserID: user, IDP: idp, LoginID: login, CreatedAt: now, SeenAt: now, AbsoluteAt: now.Add(e.SessionAbsolute),
	}
	s.ExpiresAt = earlier(now.Add(e.SessionIdle), s.AbsoluteAt)
	old, err := e.Session(ctx, s.Issuer, b)
	switch {
	case errors.Is(err, ErrNotFound):
		return seat{session: s, token: token}, nil
	case err != nil:
		return seat{}, err
	case old.Account != s.Account || old.UserID != user || old.IDP != idp:
		return seat{session: s, token: token}, nil
	}
	s.ID, s.CreatedAt = old.ID, old.CreatedAt
	return seat{session: s, token: token, renews: old.Token}, nil
}

// endPrevious ends the session that the browser had until now, unless it goes on: its cookie is about to
// be replaced, and nobody could log it out any more. The login stands, whatever becomes of this.
func (e *Engine) endPrevious(ctx context.Context, b Browser, s Session) {
	old, err := e.Session(ctx, s.Issuer, b)
	switch {
	case errors.Is(err, ErrNotFound), err == nil && old.ID == s.ID:
		return
	case err == nil:
		err = e.EndSession(ctx, old, b)
	}
	if err != nil {
		e.Logger.ErrorContext(ctx, "the session that a login replaced was not ended", "error", err)
	}
}
