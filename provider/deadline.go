package provider

import (
	"context"
	"sync"
	"time"
)

// A deadline is context.WithTimeout that makes its timer when somebody first waits for it. An answer
// from memory waits for nothing, and its timer would cost a twelfth of it.
type deadline struct {
	context.Context // the parent
	at              time.Time

	once   sync.Once
	timed  context.Context
	cancel context.CancelFunc
}

func withDeadline(parent context.Context, in time.Duration) *deadline {
	return &deadline{Context: parent, at: time.Now().Add(in)}
}

// started is the context with a timer.
func (d *deadline) started() context.Context {
	d.once.Do(func() { d.timed, d.cancel = context.WithDeadline(d.Context, d.at) })
	return d.timed
}

// end releases the timer, if there is one. Whoever still waits is told that the context was cancelled.
func (d *deadline) end() {
	d.once.Do(func() { d.timed, d.cancel = context.WithCancel(context.WithoutCancel(d.Context)) })
	d.cancel()
}

// Deadline implements context.Context.
func (d *deadline) Deadline() (time.Time, bool) {
	if at, ok := d.Context.Deadline(); ok && at.Before(d.at) {
		return at, true
	}
	return d.at, true
}

// Done implements context.Context.
func (d *deadline) Done() <-chan struct{} { return d.started().Done() }

// Err implements context.Context.
func (d *deadline) Err() error { return d.started().Err() }
