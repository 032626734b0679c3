package passhash

import (
	"context"
	"runtime"
	"time"

	"github.com/patchbay-auth/patchbay/mapping"
)

// PoolConfig bounds a Pool. The zero value is a good one.
type PoolConfig struct {
	// Workers is how many verifications run at once; zero means half of GOMAXPROCS, at least one.
	Workers int
	// Queue is how many more may wait; zero means 16 for each worker.
	Queue int
	// Memory bounds what running verifications take together, in bytes. Zero means 256 MiB; less
	// than MaxMemory is raised to it, so that every hash that parses can be verified.
	Memory int64
	// Now reports the time, for measuring; nil means time.Now.
	Now func() time.Time
}

// A Pool verifies passwords, a few at a time, so that hashing cannot starve everything else. When
// it has a choice, tenants take turns; when its queue is full, the tenant that waits most loses
// the place. It is safe for concurrent use.
type Pool struct {
	verifier *Verifier
	now      func() time.Time
	costs    *costs
	line     *line
}

// NewPool returns a Pool that verifies what v recognises.
func NewPool(v *Verifier, c PoolConfig) *Pool {
	if c.Workers <= 0 {
		c.Workers = max(1, runtime.GOMAXPROCS(0)/2)
	}
	if c.Queue <= 0 {
		c.Queue = 16 * c.Workers
	}
	if c.Memory <= 0 {
		c.Memory = 2 * MaxMemory
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Pool{
		verifier: v, now: c.Now, costs: newCosts(),
		line: &line{workers: c.Workers, capacity: c.Queue, memory: max(c.Memory, MaxMemory), waiting: map[mapping.TenantKey][]*ticket{}},
	}
}

// Verify reports whether the password is the stored one. Besides the errors of Parse it returns
// mapping.ErrBusy when too many verifications wait already, and the context's error when the
// context ends before the verification begins. One that has begun is finished.
func (p *Pool) Verify(ctx context.Context, tenant mapping.TenantKey, s Stored, password string) (bool, error) {
	h, err := p.verifier.Parse(s)
	if err != nil {
		return false, err
	}
	t, err := p.line.enter(ctx, tenant, h.Memory)
	if err != nil {
		return false, err
	}
	defer p.line.leave(t)
	begun := p.now()
	ok := h.Verify(password)
	p.costs.add(h.Scheme, p.now().Sub(begun))
	return ok, nil
}

// Decline takes as long as Verify does, and fails as Verify does when the queue is full, for a login
// that has nothing to verify. Otherwise a full queue would tell who has a password here.
func (p *Pool) Decline(ctx context.Context, tenant mapping.TenantKey) error {
	t, err := p.line.enter(ctx, tenant, 0)
	if err != nil {
		return err
	}
	p.line.leave(t) // the time is spent outside the pool, where it delays nobody
	timer := time.NewTimer(p.Slowest())
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Slowest returns the 99th percentile of what recent verifications took in the scheme where it is
// greatest; zero before the first. A refusal that never takes less than this does not tell which
// scheme a user has, nor whether there is such a user.
func (p *Pool) Slowest() time.Duration { return p.costs.slowest() }
