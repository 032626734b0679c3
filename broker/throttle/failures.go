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
	queue
}

func newFailures() *failures { return new(failures) }

// enter lets a try in. It returns retry when the limit is reached, or wait when it would be if all that
// are inside fail; what ends wait is that one of them leaves.
func (f *failures) enter(now time.Time, window time.Duration, limit int) (retry time.Duration, wait <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if retry = f.full(now, window, limit); retry > 0 {
		return retry, nil
	}
	return 0, f.join(limit - len(f.at))
}

// leave ends a try that was let in.
func (f *failures) leave(now time.Time, o Outcome) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.part()
	if o == Failed {
		f.at = append(f.at, now)
	}
}

// add counts one more, or returns how long it takes until there is room for one.
func (f *failures) add(now time.Time, window time.Duration, limit int) (retry time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if retry = f.full(now, window, limit); retry == 0 {
		f.at = append(f.at, now)
	}
	return retry
}

func (f *failures) full(now time.Time, window time.Duration, limit int) (retry time.Duration) {
	f.at = slices.DeleteFunc(f.at, func(at time.Time) bool { return !at.Add(window).After(now) })
	if len(f.at) < limit {
		return 0
	}
	return f.at[len(f.at)-limit].Add(window).Sub(now)
}

func (f *failures) remove(at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if i := slices.IndexFunc(f.at, at.Equal); i >= 0 {
		f.at = slices.Delete(f.at, i, i+1)
	}
}

// A queue counts tries whose passwords are being verified. Its owner's mutex guards it.
type queue struct {
	inside  int
	changed chan struct{} // closed when one leaves; nil while nobody waits
}

// join lets a try in if there is room, and otherwise returns what to wait for.
func (q *queue) join(room int) <-chan struct{} {
	if q.inside < room {
		q.inside++
		return nil
	}
	if q.changed == nil {
		q.changed = make(chan struct{})
	}
	return q.changed
}

func (q *queue) part() {
	q.inside--
	if q.changed != nil {
		close(q.changed)
		q.changed = nil
	}
}
