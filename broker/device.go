package broker

import (
	"context"
	"errors"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
)

// BeginDevice begins the login for the device that shows a user code (RFC 8628 §3.3). Nothing about
// the code is told to who has guessed too often; see userCodes.
func (e *Engine) BeginDevice(ctx context.Context, typed string, b Browser) (Next, error) {
	device, err := e.deviceShowing(ctx, typed, b)
	if err != nil {
		return Next{}, err
	}
	now, r := e.Now(), device.Request
	a := Attempt{
		ID: id.New(), Purpose: PurposeDevice, State: StateNew, Account: r.Account, Browser: b.hash(), Device: device.ID,
		Request: AuthRequest{
			Issuer: r.Issuer, ClientID: r.ClientID, RequestedClientID: r.RequestedClientID, Account: r.Account, Scope: r.Scope, MaxAge: -1,
		},
		CreatedAt: now, ExpiresAt: earlier(now.Add(e.AttemptLifetime), device.ExpiresAt),
	}
	if _, _, err := e.parties(a.Request); err != nil {
		return Next{}, err
	}
	if err := e.Attempts.InsertAttempt(ctx, a); err != nil {
		return Next{}, err
	}
	return nextDevice(a), nil
}

func nextDevice(a Attempt) Next { return Next{Step: StepDevice, AttemptID: a.ID} }

// ContinueDevice goes on after the person has said that the device is theirs: to the login page, or
// to the last question if the browser has a usable session.
func (e *Engine) ContinueDevice(ctx context.Context, attempt id.ID, b Browser) (Next, error) {
	a, tenant, err := e.deviceAttempt(ctx, attempt, b)
	if err != nil {
		return Next{}, err
	}
	session, err := e.usableSession(ctx, a.Request, tenant, b)
	switch {
	case errors.Is(err, ErrNotFound):
		return Next{Step: StepLogin, AttemptID: a.ID}, nil
	case err != nil:
		return Next{}, err
	}
	a.State, a.SessionID, a.SealedMemo = StateKnown, session.ID, nil
	if err := e.Attempts.MoveAttempt(ctx, a, id.New(), StateNew, StateSent); err != nil {
		return Next{}, e.lost(ctx, e.newLogin(a, b, session.IDP, ""), err)
	}
	return nextDevice(a), nil
}

// ChangeUser lets somebody else log in for the device than the person whom the browser knows.
func (e *Engine) ChangeUser(ctx context.Context, attempt id.ID, b Browser) (Next, error) {
	a, _, err := e.deviceAttempt(ctx, attempt, b)
	if err != nil {
		return Next{}, err
	}
	return e.askAgain(ctx, a, b)
}

// askAgain brings a device's attempt back to the login page.
func (e *Engine) askAgain(ctx context.Context, a Attempt, b Browser) (Next, error) {
	a.State, a.SessionID = StateNew, id.ID{}
	if err := e.Attempts.MoveAttempt(ctx, a, id.New(), StateNew, StateSent, StateKnown); err != nil {
		return Next{}, e.lost(ctx, e.newLogin(a, b, "", ""), err)
	}
	return Next{Step: StepLogin, AttemptID: a.ID}, nil
}

// AllowDevice gives the device what it asked for, as the person whom the last question named. If
// their session has ended since, or is another's, somebody has to log in first.
func (e *Engine) AllowDevice(ctx context.Context, attempt id.ID, b Browser) (Next, error) {
	a, tenant, err := e.deviceAttempt(ctx, attempt, b)
	if err != nil {
		return Next{}, err
	}
	session, err := e.usableSession(ctx, a.Request, tenant, b)
	switch {
	case err != nil && !errors.Is(err, ErrNotFound):
		return Next{}, err
	case err != nil, a.State != StateKnown, a.SessionID != session.ID:
		return e.askAgain(ctx, a, b)
	}
	client, _, err := e.parties(a.Request)
	if err != nil {
		return Next{}, e.turnedAway(ctx, a, session.IDP, b, err)
	}
	g := e.grant(a.Request, client, session)
	out := Settlement{Device: &grant.DeviceDecision{Grant: &g}, Reached: e.reached(a.Request, client, session)}
	told := Event{
		At: e.Now(), Account: session.Account, ClientID: client.ID, UserID: session.UserID, LoginID: session.LoginID, Address: b.Address,
	}
	if client.RequireConsent { // the question has listed what the client asks for
		if out.Consent, err = e.consented(ctx, session, client, a.Request.Scope); err != nil {
			return Next{}, err
		}
		told.ID, told.Kind = id.New(), ConsentGiven
		out.Events = append(out.Events, told)
	}
	told.ID, told.Kind = id.New(), DeviceAllowed
	told.Detail = map[string]string{"sid": session.ID.String(), "gid": g.ID.String()}
	out.Events = append(out.Events, told)
	return e.decideDevice(ctx, a, []State{StateKnown}, out)
}

// DenyDevice tells the device access_denied. Whoever can see the user code may do that, logged in or
// not: a person who was sent a link to somebody else's device must have a way to stop it.
func (e *Engine) DenyDevice(ctx context.Context, attempt id.ID, b Browser) (Next, error) {
	a, _, err := e.deviceAttempt(ctx, attempt, b)
	if err != nil {
		return Next{}, err
	}
	return e.decideDevice(ctx, a, []State{StateNew, StateSent, StateKnown}, Settlement{
		Device: &grant.DeviceDecision{},
		Events: []Event{{
			ID: id.New(), At: e.Now(), Kind: DeviceDenied, Account: a.Account, ClientID: a.Request.ClientID, Address: b.Address,
		}},
	})
}

// decideDevice ends an attempt and the waiting of its device: both or neither.
func (e *Engine) decideDevice(ctx context.Context, a Attempt, from []State, out Settlement) (Next, error) {
	a.State, a.SealedMemo = StateDone, nil
	out.Attempt, out.From, out.Nonce = a, from, id.New()
	out.Device.Device, out.Device.At = a.Device, e.Now()
	err := e.Attempts.Settle(ctx, out)
	if errors.Is(err, ErrConflict) { // answered in another tab or browser
		return Next{}, &Refusal{Reason: ReasonUsed, Err: err}
	}
	if err != nil {
		return Next{}, err
	}
	return nextDevice(a), nil
}

// deviceAttempt loads an attempt that is for a device, for a step that does something.
func (e *Engine) deviceAttempt(ctx context.Context, ref id.ID, b Browser) (Attempt, *registry.Tenant, error) {
	a, err := e.act(ctx, ref, b)
	if err != nil {
		return Attempt{}, nil, err
	}
	if a.Purpose != PurposeDevice {
		return Attempt{}, nil, &Refusal{Reason: ReasonUnknownAttempt, Err: errors.New("the attempt is not for a device")}
	}
	_, tenant, err := e.parties(a.Request)
	return a, tenant, e.turnedAway(ctx, a, "", b, err)
}
