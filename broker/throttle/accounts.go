package throttle

import (
	"slices"
	"sync"
	"time"
)

// An accountList is the accounts that failed from one address, by the moment of their last failure,
// the longest ago first.
type accountList struct {
	mu      sync.Mutex
	entries []listed
	queue
}

type listed struct {
	account Account
	at      int64 // Unix seconds
}

func newAccountList() *accountList { return new(accountList) }

// enter is as that of failures, by account: one that is on the list already may always come in again,
// as far as the list goes, and stands in no queue.
func (l *accountList) enter(account Account, now time.Time, window time.Duration, limit int) (queued bool, retry time.Duration, wait <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	oldest := now.Add(-window).Unix()
	l.entries = slices.DeleteFunc(l.entries, func(e listed) bool { return e.at <= oldest })
	switch {
	case l.index(account) >= 0:
		return false, 0, nil
	case len(l.entries) >= limit:
		return false, max(time.Unix(l.entries[0].at, 0).Add(window).Sub(now), time.Second), nil
	}
	wait = l.join(limit - len(l.entries))
	return wait == nil, 0, wait
}

func (l *accountList) leave(account Account, queued bool, now time.Time, o Outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if queued {
		l.part()
	}
	if o == Void {
		return
	}
	if i := l.index(account); i >= 0 {
		l.entries = slices.Delete(l.entries, i, i+1)
	}
	if o == Failed {
		l.entries = append(l.entries, listed{account, now.Unix()})
	}
}

func (l *accountList) index(account Account) int {
	return slices.IndexFunc(l.entries, func(e listed) bool { return e.account == account })
}
