package throttle

import (
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

// A Try is one attempt at a password. It counts as failed until it is told otherwise.
type Try struct {
	account Account
	at      time.Time
	counted *failures
	listed  *accountList // nil when the address does not count
	isNew   bool         // this try put the account on the list
}

// Begin counts a try before its password is verified. When it must not be verified, the Try is nil
// and retry says when the next one may be.
func (t *Throttle) Begin(account Account, from Source) (_ *Try, retry time.Duration) {
	now := t.Now()
	try := &Try{account: account, at: now, counted: remembered(t.accounts, counted{account, from.Device}, newFailures)}
	if from.Device.IsZero() && from.Network.IsValid() {
		try.listed = remembered(t.addresses, from.Network, newAccountList)
		if try.isNew, retry = try.listed.add(account, now, t.Window, t.AccountsPerAddress); retry > 0 {
			return nil, retry
		}
	}
	if retry = try.counted.add(now, t.Window, t.Failures); retry > 0 {
		try.unlist()
		return nil, retry
	}
	return try, 0
}

// Succeeded forgives the try: the password was right. Earlier failures of the account stay, or whoever
// guesses would get a fresh allowance whenever its owner logs in; but the address is rid of it.
func (t *Try) Succeeded() {
	t.counted.remove(t.at)
	if t.listed != nil {
		t.listed.remove(t.account)
	}
}

// Void forgives the try because nobody found out whether the password was right.
func (t *Try) Void() {
	t.counted.remove(t.at)
	t.unlist()
}

func (t *Try) unlist() {
	if t.isNew {
		t.listed.remove(t.account)
	}
}
