package broker_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/broker/sqlstore"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

var errDown = errors.New("state database is down")

// faulty is a store that fails one call when it is told to, and counts statements.
type faulty struct {
	*sqlstore.Store

	mu         sync.Mutex
	statements []string
	calls      []string
	failAt     int  // the number of the call that fails, from 1; zero fails none
	late       bool // the call does its work, and only its reply is lost
	// before runs ahead of a call of that name, once.
	before map[string]func()
}

// arm makes the n-th call from now on fail.
func (f *faulty) arm(n int, late bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls, f.failAt, f.late = nil, n, late
}

// disarm returns the calls since arm, and whether one of them failed.
func (f *faulty) disarm() (calls []string, failed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	failed = f.failAt > 0 && len(f.calls) >= f.failAt
	f.failAt = 0
	return slices.Clone(f.calls), failed
}

// failNow makes the call that is being made fail.
func (f *faulty) failNow() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failAt, f.late = len(f.calls), false
}

// failLate makes the call that fails do its work all the same.
func (f *faulty) failLate() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.late = true
}

func (f *faulty) stated(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.statements = append(f.statements, name)
}

// cost returns the statements that fn makes.
func (f *faulty) cost(fn func()) []string {
	f.mu.Lock()
	f.statements = nil
	f.mu.Unlock()
	fn()
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.statements)
}

func (f *faulty) call(name string, do func() error) error {
	f.mu.Lock()
	f.calls = append(f.calls, name)
	n, before := len(f.calls), f.before[name]
	delete(f.before, name)
	f.mu.Unlock()
	if before != nil {
		before()
	}
	f.mu.Lock()
	fails, late := n == f.failAt, f.late
	f.mu.Unlock()
	if fails && !late {
		return errDown
	}
	err := do()
	if fails {
		return errDown
	}
	return err
}

func (f *faulty) InsertAttempt(ctx context.Context, a broker.Attempt) error {
	return f.call("InsertAttempt", func() error { return f.Store.InsertAttempt(ctx, a) })
}

func (f *faulty) Attempt(ctx context.Context, ref id.ID) (a broker.Attempt, err error) {
	err = f.call("Attempt", func() (err error) { a, err = f.Store.Attempt(ctx, ref); return err })
	return a, err
}

func (f *faulty) InsertDeparture(ctx context.Context, d broker.Departure) error {
	return f.call("InsertDeparture", func() error { return f.Store.InsertDeparture(ctx, d) })
}

func (f *faulty) AttemptByUpstreamState(ctx context.Context, h grant.Hash) (a broker.Attempt, err error) {
	err = f.call("AttemptByUpstreamState", func() (err error) { a, err = f.Store.AttemptByUpstreamState(ctx, h); return err })
	return a, err
}

func (f *faulty) MoveAttempt(ctx context.Context, a broker.Attempt, nonce id.ID, from ...broker.State) error {
	return f.call("MoveAttempt", func() error { return f.Store.MoveAttempt(ctx, a, nonce, from...) })
}

func (f *faulty) Settle(ctx context.Context, s broker.Settlement) error {
	return f.call("Settle", func() error { return f.Store.Settle(ctx, s) })
}

func (f *faulty) SessionByToken(ctx context.Context, h grant.Hash) (s broker.Session, err error) {
	err = f.call("SessionByToken", func() (err error) { s, err = f.Store.SessionByToken(ctx, h); return err })
	return s, err
}

func (f *faulty) TouchSession(ctx context.Context, session id.ID, seen, expires time.Time) error {
	return f.call("TouchSession", func() error { return f.Store.TouchSession(ctx, session, seen, expires) })
}

func (f *faulty) EndSession(ctx context.Context, session id.ID, r grant.Revocation, e broker.Event) error {
	return f.call("EndSession", func() error { return f.Store.EndSession(ctx, session, r, e) })
}

func (f *faulty) EndSessionFrom(ctx context.Context, session id.ID, r grant.Revocation, e broker.Event) error {
	return f.call("EndSessionFrom", func() error { return f.Store.EndSessionFrom(ctx, session, r, e) })
}

func (f *faulty) LinkedUser(ctx context.Context, a registry.Account, k mapping.LinkKey) (u mapping.UserID, err error) {
	err = f.call("LinkedUser", func() (err error) { u, err = f.Store.LinkedUser(ctx, a, k); return err })
	return u, err
}

func (f *faulty) RecordLogin(ctx context.Context, l broker.Login, e broker.Event) error {
	return f.call("RecordLogin", func() error { return f.Store.RecordLogin(ctx, l, e) })
}

func (f *faulty) RecordCreation(ctx context.Context, c broker.Creation) error {
	return f.call("RecordCreation", func() error { return f.Store.RecordCreation(ctx, c) })
}

func (f *faulty) CompleteCreation(ctx context.Context, c broker.Creation, l broker.Link, events []broker.Event) error {
	return f.call("CompleteCreation", func() error { return f.Store.CompleteCreation(ctx, c, l, events) })
}
