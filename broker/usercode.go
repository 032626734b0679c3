package broker

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/internal/ratelimit"
)

// The budget of wrong user codes of the whole installation. A code is one of 26 billion, so that with
// a thousand devices waiting, all that may be guessed in ten minutes meets one of them once in 25 000
// times (RFC 8628 §5.1). What one browser and one network may is package throttle's to say.
const (
	wrongUserCodes = 1000
	userCodeWindow = 10 * time.Minute
)

// deviceShowing finds the device that shows what a person typed. Codes that no device shows are
// counted, and whoever has typed too many of them is refused unheard.
func (e *Engine) deviceShowing(ctx context.Context, typed string, b Browser) (grant.Device, error) {
	code, ok := grant.ParseUserCode(typed)
	if !ok { // nobody learns anything from a code that cannot be
		return grant.Device{}, &Refusal{Reason: ReasonUserCode, Err: errors.New("not the form of a user code")}
	}
	var network netip.Prefix
	if addr, err := netip.ParseAddr(b.Address); err == nil {
		network = ratelimit.NetworkOf(addr)
	}
	forgive, retry := e.guesses.Begin(b.hash(), network)
	if retry > 0 {
		return grant.Device{}, e.tooManyCodes(b, retry, "of this browser or network")
	}
	now := e.Now()
	n, err := e.Attempts.WrongUserCodes(ctx, now.Add(-userCodeWindow))
	if err != nil {
		forgive()
		return grant.Device{}, err
	}
	if n >= wrongUserCodes {
		forgive()
		return grant.Device{}, e.tooManyCodes(b, time.Minute, "of everybody together")
	}
	device, err := e.Grants.DeviceByUserCode(ctx, code)
	switch {
	case err == nil:
		forgive()
		return device, nil
	case !errors.Is(err, grant.ErrNotFound):
		forgive()
		return grant.Device{}, err
	}
	if err := e.Attempts.RecordWrongUserCode(ctx, now); err != nil {
		return grant.Device{}, err
	}
	return grant.Device{}, &Refusal{Reason: ReasonUserCode, Err: errors.New("no device shows the code")}
}

func (e *Engine) tooManyCodes(b Browser, retry time.Duration, whose string) error {
	e.Events.Append(Event{
		Kind: DeviceCodeRefused, Reason: string(ReasonTooManyCodes), Address: b.Address, Detail: map[string]string{"limit": whose},
	})
	return &Refusal{Reason: ReasonTooManyCodes, RetryAfter: retry, Err: errors.New("too many wrong user codes " + whose)}
}
