package throttle

import (
	"slices"
	"sync"
	"time"
)

// failures are the moments of one account's failures, oldest first.
type failures struct {
	mu sync.Mutex
	at []time.Time
}

func newFailures() *failures { return new(failures) }

// add counts one more, or returns how long it takes until there is room for one.
func (f *failures) add(now time.Time, window time.Duration, limit int) (retry time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at = slices.DeleteFunc(f.at, func(at time.Time) bool { return !at.Add(window).After(now) })
	if len(f.at) >= limit {
		return f.at[len(f.at)-limit].Add(window).Sub(now)
	}
	f.at = append(f.at, now)
	return 0
}

func (f *failures) remove(at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if i := slices.IndexFunc(f.at, at.Equal); i >= 0 {
		f.at = slices.Delete(f.at, i, i+1)
	}
}

// An accountList is the accounts that failed from one address, by the moment of their last failure,
// the longest ago first.
type accountList struct {
	mu      sync.Mutex
	entries []listed
}

type listed struct {
	account Account
	at      int64 // Unix seconds
}

func newAccountList() *accountList { return new(accountList) }

// add lists an account. When the list is full of others it returns how long it takes until one of
// them leaves; an account that is on it already may always try again, as far as the list goes.
func (l *accountList) add(account Account, now time.Time, window time.Duration, limit int) (isNew bool, retry time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	oldest := now.Add(-window).Unix()
	l.entries = slices.DeleteFunc(l.entries, func(e listed) bool { return e.at <= oldest })
	isNew = !l.drop(account)
	if isNew && len(l.entries) >= limit {
		return false, max(time.Unix(l.entries[0].at, 0).Add(window).Sub(now), time.Second)
	}
	l.entries = append(l.entries, listed{account, now.Unix()})
	return isNew, 0
}

func (l *accountList) remove(account Account) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop(account)
}

func (l *accountList) drop(account Account) bool {
	i := slices.IndexFunc(l.entries, func(e listed) bool { return e.account == account })
	if i < 0 {
		return false
	}
	l.entries = slices.Delete(l.entries, i, i+1)
	return true
}
