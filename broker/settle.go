package broker

import (
	"context"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

// settling is a login whose user is known.
type settling struct {
	attempt Attempt
	from    []State
	client  *registry.Client
	session Session
	token   string
	login   Login
	link    *Link
}

// settle stores the outcome of a login and answers the client.
func (e *Engine) settle(ctx context.Context, s settling) (Next, error) {
	if want := s.attempt.Request.Subject; want != "" && want != s.session.UserID {
		s.attempt.State = StateDone
		if err := e.Attempts.MoveAttempt(ctx, s.attempt, id.New(), s.from...); err != nil {
			return Next{}, usedOr(err)
		}
		return refuseClient(s.attempt.Request, "login_required", "Somebody else logged in than id_token_hint names"), nil
	}
	answer, code := e.answer(s.attempt.Request, s.client, s.session)
	answer.SessionToken = s.token
	s.attempt.State = StateDone
	s.attempt.SealedMemo = nil
	events := []Event{{
		ID: id.New(), At: s.login.At, Kind: LoginSucceeded, Account: s.login.Account, ClientID: s.login.ClientID,
		UserID: s.login.UserID, LoginID: s.login.ID, Address: s.login.Address,
		Detail: map[string]string{"idp": s.session.IDP, "sid": s.session.ID.String()},
	}}
	if s.link != nil {
		events = append(events, linkEvent(s.login, *s.link))
	}
	err := e.Attempts.Settle(ctx, Settlement{
		Attempt: s.attempt, From: s.from, Nonce: id.New(), Session: &s.session, Login: &s.login,
		Link: s.link, Code: &code, Events: events,
	})
	if err != nil {
		return Next{}, usedOr(err)
	}
	return Next{Step: StepAnswer, AttemptID: s.attempt.ID, Answer: answer}, nil
}

func linkEvent(l Login, link Link) Event {
	return Event{
		ID: id.New(), At: l.At, Kind: LinkCreated, Account: l.Account, ClientID: l.ClientID, UserID: l.UserID,
		LoginID: l.ID, Address: l.Address,
		Detail: map[string]string{"connection": link.Key.Connection, "external_id": link.Key.ExternalID},
	}
}

// newSession prepares a session for the browser of an attempt, and its cookie.
func (e *Engine) newSession(a Attempt, b Browser, user mapping.UserID, login id.ID) (Session, string) {
	token, hash := grant.NewSecret()
	now := e.Now()
	s := Session{
		ID: id.New(), Token: hash, Issuer: a.Request.Issuer, Account: a.Account, Browser: b.hash(),
		UserID: user, LoginID: login, CreatedAt: now, SeenAt: now, AbsoluteAt: now.Add(e.SessionAbsolute),
	}
	s.ExpiresAt = earlier(now.Add(e.SessionIdle), s.AbsoluteAt)
	return s, token
}

func (e *Engine) newLogin(a Attempt, b Browser, connection, subject string) Login {
	return Login{
		ID: id.New(), AttemptID: a.ID, At: e.Now(), Account: a.Account, ClientID: a.Request.ClientID,
		Connection: connection, Subject: truncate(subject, 255), Address: b.Address,
	}
}

// refuse records a refused login and returns what the person is told. again is the attempt that may
// go on, or zero.
func (e *Engine) refuse(ctx context.Context, l Login, again id.ID, cause error) error {
	err := e.Sessions.RecordLogin(ctx, l, Event{
		ID: id.New(), At: l.At, Kind: LoginRefused, Account: l.Account, ClientID: l.ClientID, UserID: l.UserID,
		LoginID: l.ID, Reason: string(l.Reason), Address: l.Address,
		Detail: map[string]string{"connection": l.Connection, "detail": l.Detail},
	})
	if err != nil {
		return err
	}
	return &Refusal{Reason: l.Reason, LoginID: l.ID, AttemptID: again, Err: cause}
}

// truncate cuts s to at most n bytes.
func truncate(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}
