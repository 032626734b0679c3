package throttle

import (
	"context"
	"net/netip"
	"time"

	"github.com/patchbay-auth/patchbay/internal/id"
)

// A Source is where a try comes from.
type Source struct {
	// Network is the address of whoever tries, in the width that one customer of a provider has. The
	// zero Prefix is not counted: the address is a server's, which tries for many people.
	Network netip.Prefix
	// Device names the browser if it has logged the account in before, else it is zero.
	Device id.ID
}

// A Try is one attempt at a password, from before it is verified until End.
type Try struct {
	throttle *Throttle
	account  Account
	failures *failures
	list     *accountList // nil when the address does not count
	queued   bool         // the try stands in the list's queue
}

// An Outcome is how a try ended.
type Outcome int

// The outcomes of a try.
const (
	// Void says nothing about the password: it was not verified.
	Void Outcome = iota
	// Failed counts.
	Failed
	// Succeeded does not. Earlier failures of the account stay, or whoever guesses would get a fresh
	// allowance whenever its owner logs in; but the account is struck off the address's list.
	Succeeded
)

// Begin is called before a password is verified. When it must not be, the Try is nil and retry says when
// the next one may be. When that depends on tries that are being verified now, Begin waits for them; the
// error is the context's, if it ends first. End every Try.
func (t *Throttle) Begin(ctx context.Context, account Account, from Source) (_ *Try, retry time.Duration, err error) {
	try := &Try{throttle: t, account: account}
	if from.Device.IsZero() && from.Network.IsValid() {
		try.list = remembered(t.addresses, from.Network, newAccountList)
		retry, err = t.patient(ctx, func(now time.Time) (retry time.Duration, wait <-chan struct{}) {
			try.queued, retry, wait = try.list.enter(account, now, t.Window, t.AccountsPerAddress)
			return retry, wait
		})
		if err != nil || retry > 0 {
			return nil, retry, err
		}
	}
	try.failures = remembered(t.accounts, counted{account, from.Device}, newFailures)
	retry, err = t.patient(ctx, func(now time.Time) (time.Duration, <-chan struct{}) {
		return try.failures.enter(now, t.Window, t.Failures)
	})
	if err != nil || retry > 0 {
		try.leaveList(Void)
		return nil, retry, err
	}
	return try, 0, nil
}

// patient tries to enter until that succeeds or is refused.
func (t *Throttle) patient(ctx context.Context, enter func(time.Time) (time.Duration, <-chan struct{})) (time.Duration, error) {
	for {
		retry, wait := enter(t.Now())
		if wait == nil {
			return retry, nil
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// End says how the try ended.
func (t *Try) End(o Outcome) {
	t.failures.leave(t.throttle.Now(), o)
	t.leaveList(o)
}

func (t *Try) leaveList(o Outcome) {
	if t.list != nil {
		t.list.leave(t.account, t.queued, t.throttle.Now(), o)
	}
}
