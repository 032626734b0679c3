package passhash

import (
	"context"
	"slices"
	"sync"

	"github.com/patchbay-auth/patchbay/mapping"
)

// A line is where verifications wait for a worker and for memory: first come, first served within
// a tenant, and the tenants in turn.
type line struct {
	workers, capacity int
	memory            int64

	mu      sync.Mutex
	running int
	used    int64 // bytes, by those running
	queued  int
	waiting map[mapping.TenantKey][]*ticket // never an empty list
	turns   []mapping.TenantKey             // the keys of waiting, next first
}

// A ticket is one verification. Its channel receives nil when it may run, or why it may not.
type ticket struct {
	tenant mapping.TenantKey
	memory int64
	called chan error
}

// enter waits for a place. On success the caller must call leave.
func (l *line) enter(ctx context.Context, tenant mapping.TenantKey, memory int64) (*ticket, error) {
	t := &ticket{tenant: tenant, memory: memory, called: make(chan error, 1)}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := l.join(t); err != nil {
		return nil, err
	}
	select {
	case err := <-t.called:
		return t, err
	case <-ctx.Done():
	}
	l.mu.Lock()
	withdrawn := l.remove(t)
	l.call() // it may have been the large one that everybody waited behind
	l.mu.Unlock()
	if withdrawn {
		return nil, ctx.Err()
	}
	// It was called, or lost its place, at the same moment.
	if err := <-t.called; err != nil {
		return nil, err
	}
	l.leave(t)
	return nil, ctx.Err()
}

func (l *line) join(t *ticket) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.queued >= l.capacity && !l.makeRoomFor(t.tenant) {
		return mapping.ErrBusy
	}
	if len(l.waiting[t.tenant]) == 0 {
		l.turns = append(l.turns, t.tenant)
	}
	l.waiting[t.tenant] = append(l.waiting[t.tenant], t)
	l.queued++
	l.call()
	return nil
}

// leave gives the place back.
func (l *line) leave(t *ticket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running--
	l.used -= t.memory
	l.call()
}

// call lets those run who may. Who is next waits for memory rather than be overtaken, or a large
// hash would wait forever.
func (l *line) call() {
	for l.running < l.workers && len(l.turns) > 0 {
		tenant := l.turns[0]
		t := l.waiting[tenant][0]
		if l.used+t.memory > l.memory {
			return
		}
		l.remove(t)
		if i := slices.Index(l.turns, tenant); i >= 0 { // it has more: to the end of the turns
			l.turns = append(slices.Delete(l.turns, i, i+1), tenant)
		}
		l.running++
		l.used += t.memory
		t.called <- nil
	}
}

// makeRoomFor turns away the newest of the tenant that waits most, if that is not tenant itself
// or would not be after it joined.
func (l *line) makeRoomFor(tenant mapping.TenantKey) bool {
	var most mapping.TenantKey
	for _, other := range l.turns {
		if len(l.waiting[other]) > len(l.waiting[most]) {
			most = other
		}
	}
	if len(l.waiting[most]) <= len(l.waiting[tenant])+1 {
		return false
	}
	last := l.waiting[most][len(l.waiting[most])-1]
	l.remove(last)
	last.called <- mapping.ErrBusy
	return true
}

// remove takes a ticket out of the queue, and reports whether it was there.
func (l *line) remove(t *ticket) bool {
	list := l.waiting[t.tenant]
	i := slices.Index(list, t)
	if i < 0 {
		return false
	}
	l.queued--
	if list = slices.Delete(list, i, i+1); len(list) > 0 {
		l.waiting[t.tenant] = list
		return true
	}
	delete(l.waiting, t.tenant)
	l.turns = slices.DeleteFunc(l.turns, func(k mapping.TenantKey) bool { return k == t.tenant })
	return true
}
