package broker

import (
	"context"
	"errors"
	"fmt"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

// DevicePage is what the page of a device's attempt shows.
type DevicePage struct {
	AttemptID id.ID
	Stage     DeviceStage
	// Tenant is nil for a platform client until the person is known.
	Tenant *registry.Tenant
	Client *registry.Client
	// UserCode is for the person to compare with what the device shows.
	UserCode grant.UserCode
	// User is whom the device will act as; only in DeviceConfirm.
	User mapping.User
	// Scope is what a client asks for that may only have it with consent; only in DeviceConfirm.
	Scope []string
}

// DeviceStage is how far a person has come with a device.
type DeviceStage int

// The stages of a device's page.
const (
	DeviceQuestion DeviceStage = iota // is this your device?
	DeviceConfirm                     // the person is known: shall the device act as them?
	DeviceIsIn                        // allowed
	DeviceIsOut                       // denied
)

// DevicePage returns what to show for an attempt that is for a device, also after it was answered.
func (e *Engine) DevicePage(ctx context.Context, attempt id.ID, b Browser) (DevicePage, error) {
	a, err := e.Attempts.Attempt(ctx, attempt)
	if err := e.judgeAttempt(a, err, b); err != nil {
		return DevicePage{}, err
	}
	if a.Purpose != PurposeDevice {
		return DevicePage{}, &Refusal{Reason: ReasonUnknownAttempt, Err: errors.New("the attempt is not for a device")}
	}
	client, tenant, err := e.parties(a.Request)
	if err != nil {
		return DevicePage{}, err
	}
	device, err := e.Grants.Device(ctx, a.Device)
	if err != nil { // the attempt expires no later than its device, which is swept later still
		return DevicePage{}, fmt.Errorf("device %s of attempt %s: %w", a.Device, a.ID, err)
	}
	page := DevicePage{AttemptID: a.ID, Tenant: tenant, Client: client, UserCode: device.UserCode}
	switch a.State {
	case StateNew, StateSent, StateReturned:
		page.Stage = DeviceQuestion
	case StateKnown:
		return e.confirmPage(ctx, page, a, b)
	case StateDone:
		page.Stage = DeviceIsIn
		if device.State == grant.DeviceDenied {
			page.Stage = DeviceIsOut
		}
	}
	return page, nil
}

// confirmPage names the person. Without their session, the page begins again with its first question.
func (e *Engine) confirmPage(ctx context.Context, page DevicePage, a Attempt, b Browser) (DevicePage, error) {
	session, err := e.usableSession(ctx, a.Request, page.Tenant, b)
	switch {
	case errors.Is(err, ErrNotFound), err == nil && session.ID != a.SessionID:
		return page, nil
	case err != nil:
		return DevicePage{}, err
	}
	tenant, ok := e.Registry.Snapshot().Tenant(session.Account)
	if !ok { // it went this moment
		return page, nil
	}
	page.Stage, page.Tenant = DeviceConfirm, tenant
	if page.Client.RequireConsent {
		page.Scope = a.Request.Scope
	}
	page.User, err = e.Directory.User(ctx, tenant.LegacyTenant, session.UserID)
	return page, err
}
