package grant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
)

// How a device waits (RFC 8628 §3.2, §3.5).
const (
	deviceInterval = 5 * time.Second
	// slowDown is added to the interval of a device that polls too often.
	slowDown = 5 * time.Second
	// jitter is how much too early a poll may come: networks do not keep time.
	jitter = time.Second
	// maxInterval keeps a device that never learns from overflowing anything.
	maxInterval = 10 * time.Minute
)

// A DeviceRequest is what a client asks for on behalf of a device that has no browser.
type DeviceRequest struct {
	Issuer   string           `json:"issuer"`
	Account  registry.Account `json:"account"`
	ClientID string           `json:"client_id"`
	// RequestedClientID is the client id as the request spelled it, for aud of ID tokens.
	RequestedClientID string   `json:"requested_client_id"`
	Scope             []string `json:"scope"`
}

// A Device is a device authorization as stored (RFC 8628 §3.2): somewhere a device polls with its
// device code, until a person has typed its user code into a browser and has answered.
type Device struct {
	ID id.ID
	// Code is the hash of the device code.
	Code     Hash
	UserCode UserCode
	Request  DeviceRequest
	State    DeviceState
	// Grant is what the person allowed; nil before.
	Grant *Grant
	// Interval is how long the device has to wait between two polls.
	Interval time.Duration
	// PollAfter is when the next poll is not too early.
	PollAfter time.Time
	CreatedAt time.Time
	ExpiresAt time.Time
}

// DeviceState is how far a device authorization has come.
type DeviceState string

// The states of a device authorization. See the package comment.
const (
	DevicePending DeviceState = "pending"
	DeviceAllowed DeviceState = "allowed"
	DeviceDenied  DeviceState = "denied"
	DeviceUsed    DeviceState = "used"
)

// A DeviceDecision is a person's answer about a device that was pending.
type DeviceDecision struct {
	Device id.ID
	// Grant is what was allowed; nil denies.
	Grant *Grant
	At    time.Time
}

// A DevicePoll notes that a pending device has polled.
type DevicePoll struct {
	Device id.ID
	At     time.Time
	// Next is when the device may poll again if this poll was not too early.
	Next time.Time
	// Slower is the interval of a device that was too early, and Later when it may poll again.
	Slower time.Duration
	Later  time.Time
}

// NotYet says that a device gets no tokens, now or ever: an error code of RFC 8628 §3.5.
type NotYet string

// The answers to a device's poll that carry no tokens.
const (
	AuthorizationPending NotYet = "authorization_pending"
	SlowDown             NotYet = "slow_down"
	AccessDenied         NotYet = "access_denied"
	ExpiredToken         NotYet = "expired_token"
)

func (e NotYet) Error() string { return string(e) }

// Final reports whether polling on is of no use.
func (e NotYet) Final() bool { return e == AccessDenied || e == ExpiredToken }

// NewDevice stores a device authorization, and returns its device code with it.
func (s *Service) NewDevice(ctx context.Context, r DeviceRequest) (string, Device, error) {
	secret, hash := NewSecret()
	now := s.now()
	d := Device{
		ID: id.New(), Code: hash, Request: r, State: DevicePending,
		Interval: deviceInterval, PollAfter: now, CreatedAt: now, ExpiresAt: now.Add(s.deviceLifetime),
	}
	const tries = 5 // of 26 billion codes, some thousand are taken at the very most
	var err error
	for range tries {
		d.UserCode = newUserCode()
		if err = s.store.InsertDevice(ctx, d); !errors.Is(err, ErrConflict) {
			break
		}
	}
	if err != nil {
		return "", Device{}, fmt.Errorf("storing a device authorization: %w", err)
	}
	return secret, d, nil
}

// DeviceByUserCode returns the device that shows a code and waits for an answer, or ErrNotFound.
func (s *Service) DeviceByUserCode(ctx context.Context, code UserCode) (Device, error) {
	d, err := s.store.FindDeviceByUserCode(ctx, code)
	if err == nil && (d.State != DevicePending || !s.now().Before(d.ExpiresAt)) {
		return Device{}, ErrNotFound
	}
	return d, err
}

// Device returns a device authorization in any state, or ErrNotFound.
func (s *Service) Device(ctx context.Context, device id.ID) (Device, error) {
	return s.store.FindDevice(ctx, device)
}

// PresentedDevice is a device code as a client presents it (RFC 8628 §3.4).
type PresentedDevice struct {
	Code     string
	Issuer   string
	ClientID string
	// Refresh is as in Redemption.
	Refresh func(Grant) *registry.Refresh
}

// RedeemDevice exchanges a device code, once, after a person has allowed it. A NotYet error says that
// nobody has, and counts the poll. check runs before the code is claimed; its error is returned as it
// is and consumes nothing. Unlike a replayed authorization code, which never came through a browser, a
// device code that comes again is a device that lost the answer: it revokes nothing.
func (s *Service) RedeemDevice(ctx context.Context, p PresentedDevice, check func(context.Context, Grant) error) (Redeemed, error) {
	d, err := s.store.FindDeviceByCode(ctx, HashOf(p.Code))
	switch {
	case isNotFound(err):
		return Redeemed{}, invalid("Invalid device code")
	case err != nil:
		return Redeemed{}, err
	case d.Request.ClientID != p.ClientID:
		return Redeemed{}, invalid("Device code was issued to another client")
	case d.Request.Issuer != p.Issuer:
		return Redeemed{}, invalid("Device code was issued by another issuer")
	}
	now := s.now()
	if err := s.waiting(ctx, d, now); err != nil {
		return Redeemed{}, err
	}
	if s.revocations.ended(*d.Grant) { // its session, say: logged out before the device polled
		return Redeemed{}, invalid("Device code was revoked")
	}
	if err := check(ctx, *d.Grant); err != nil {
		return Redeemed{}, err
	}
	out := Redeemed{Grant: *d.Grant}
	family, err := s.openFamily(Redemption{Refresh: p.Refresh}, *d.Grant, &out, now)
	if err != nil {
		return Redeemed{}, err
	}
	err = s.store.RedeemDevice(ctx, d.ID, id.New(), now, family)
	if errors.Is(err, ErrConflict) {
		return Redeemed{}, invalid(usedDevice)
	}
	if err != nil {
		return Redeemed{}, err
	}
	return out, nil
}

const usedDevice = "Device code was already used"

// waiting returns why a device that polls gets nothing; nil means that a person has allowed it.
func (s *Service) waiting(ctx context.Context, d Device, now time.Time) error {
	switch {
	case d.State == DeviceUsed:
		return invalid(usedDevice)
	case d.State == DeviceDenied:
		return AccessDenied
	case !now.Before(d.ExpiresAt):
		return ExpiredToken
	case d.State == DeviceAllowed && d.Grant != nil:
		return nil
	case d.State != DevicePending:
		return fmt.Errorf("device authorization %s is in state %q", d.ID, d.State)
	}
	slower := min(d.Interval+slowDown, maxInterval)
	early, err := s.store.PollDevice(ctx, DevicePoll{
		Device: d.ID, At: now, Next: now.Add(d.Interval - jitter), Slower: slower, Later: now.Add(slower - jitter),
	})
	switch {
	case err != nil:
		return err
	case early:
		return SlowDown
	}
	return AuthorizationPending
}
