package broker

import (
	"context"
	"errors"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
)

// settling is a login whose user is known.
type settling struct {
	attempt Attempt
	browser Browser
	from    []State
	client  *registry.Client
	seat
	login Login
	link  *Link
}

// settle stores the outcome of a login and answers the client. An error that is not a *Refusal left
// nothing behind, unless the COMMIT succeeded and its reply was lost.
func (e *Engine) settle(ctx context.Context, s settling) (Next, error) {
	if want := s.attempt.Request.Subject; want != "" && want != s.session.UserID {
		s.login.Reason, s.login.Detail = "login_required", "id_token_hint names another user"
		return e.giveUp(ctx, s.attempt, s.from, s.login, "login_required", "Somebody else logged in than id_token_hint names")
	}
	ask := false
	if s.attempt.Purpose == PurposeAuthorize {
		var err error
		if ask, err = e.mustAsk(ctx, s.attempt.Request, s.client, s.session); err != nil {
			return Next{}, err
		}
	}
	next, out := e.outcome(s, ask)
	succeeded := succeededEvent(s.login, s.session.IDP)
	succeeded.Detail["sid"] = s.session.ID.String()
	out.Events = []Event{succeeded}
	if s.link != nil {
		out.Events = append(out.Events, linkEvent(s.login, *s.link))
	}
	if err := e.Attempts.Settle(ctx, out); err != nil {
		return Next{}, e.lost(ctx, s.login, err)
	}
	e.endPrevious(ctx, s.browser, s.session)
	if next.Answer != nil {
		next.Answer.Home = newHome(s.browser, s.session)
	}
	return next, nil
}

// outcome is where a login leads, by its purpose, and what it leaves behind: the client is answered,
// or the person is asked whether it may learn what it asks for, or whether the device may go on.
func (e *Engine) outcome(s settling, ask bool) (Next, Settlement) {
	out := Settlement{Attempt: s.attempt, From: s.from, Nonce: id.New(), Session: &s.session, Renews: s.renews, Login: &s.login, Link: s.link}
	out.Attempt.SealedMemo = nil
	if s.attempt.Purpose == PurposeVisit {
		return visited(s, out)
	}
	if s.attempt.Purpose == PurposeDevice {
		out.Attempt.State, out.Attempt.SessionID = StateKnown, s.session.ID
		next := nextDevice(s.attempt)
		next.Answer = &Answer{Request: s.attempt.Request, SessionToken: s.token}
		return next, out
	}
	if ask {
		out.Attempt.State, out.Attempt.SessionID = StateKnown, s.session.ID
		answer := &Answer{Request: s.attempt.Request, SessionToken: s.token}
		return Next{Step: StepConsent, AttemptID: s.attempt.ID, Answer: answer}, out
	}
	out.Attempt.State = StateDone
	answer, code := e.answer(s.attempt.Request, s.client, s.session)
	answer.SessionToken = s.token
	out.Code, out.Reached = code, e.reached(s.attempt.Request, s.client, s.session)
	return Next{Step: StepAnswer, AttemptID: s.attempt.ID, Answer: answer}, out
}

// giveUp ends an attempt without a session, and tells the client why; a device is told access_denied.
func (e *Engine) giveUp(ctx context.Context, a Attempt, from []State, record Login, code, description string) (Next, error) {
	a.State, a.SealedMemo = StateDone, nil
	out := Settlement{Attempt: a, From: from, Nonce: id.New(), Login: &record, Events: []Event{refusedEvent(record)}}
	if a.Purpose == PurposeDevice {
		out.Device = &grant.DeviceDecision{Device: a.Device, At: e.Now()}
	}
	if err := e.Attempts.Settle(ctx, out); err != nil {
		return Next{}, e.lost(ctx, record, err)
	}
	if a.Purpose == PurposeDevice {
		return nextDevice(a), nil
	}
	return refuseClient(a.Request, code, description), nil
}

// lost turns a lost race for an attempt into a refusal with a record; other errors are trouble of ours.
func (e *Engine) lost(ctx context.Context, record Login, err error) error {
	if !errors.Is(err, ErrConflict) {
		return err
	}
	record.Reason, record.Detail = ReasonUsed, err.Error()
	return e.refuse(ctx, record, id.ID{}, err)
}

func linkEvent(l Login, link Link) Event {
	kind := LinkCreated
	if link.Replace != nil {
		kind = LinkReplaced
	}
	return Event{
		ID: id.New(), At: l.At, Kind: kind, Account: l.Account, ClientID: l.ClientID, UserID: l.UserID,
		LoginID: l.ID, Address: l.Address,
		Detail: map[string]string{"connection": link.Key.Connection, "external_id": link.Key.ExternalID},
	}
}
