package storetest

import (
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/internal/id"
)

func sweepDeletes(t *testing.T, s Store) {
	ctx := t.Context()
	st := settlement(t, s)
	must(t, s.Settle(ctx, st))
	f, long := sampleFamily(), sampleFamily()
	long.ExpiresAt = long.ExpiresAt.AddDate(1, 0, 0)
	putFamily(t, s, f)
	putFamily(t, s, long)
	must(t, s.Revoke(ctx, []grant.Revocation{sampleRevocation(grant.KindToken, "jti")}))
	d, pushed, callback := putDevice(t, s), putPushed(t, s), putCallback(t, s)
	must(t, s.RecordWrongUserCode(ctx, now()))
	for range 600 { // more than one batch
		putAttempt(t, s)
	}

	n, err := s.Sweep(ctx, now(), broker.Retention{})
	must(t, err)
	same(t, n, 0)
	same(t, get(t, s.Attempt, st.Attempt.ID).State, broker.StateDone)

	n, err = s.Sweep(ctx, now().AddDate(0, 0, 7), broker.Retention{})
	must(t, err)
	// The attempts, three codes, a session and its client, a family, a revocation and its change; a device, a wrong
	// user code, a pushed request, a callback.
	same(t, n, 601+3+1+1+1+1+1+1+1+1+1)
	_, err = s.FindDevice(ctx, d.ID)
	wantErr(t, err, grant.ErrNotFound)
	_, err = s.FindPushed(ctx, pushed.Hash)
	wantErr(t, err, grant.ErrNotFound)
	_, err = s.TakeCallback(ctx, callback.Handle, id.New())
	wantErr(t, err, broker.ErrNotFound)
	_, err = s.Attempt(ctx, st.Attempt.ID)
	wantErr(t, err, broker.ErrNotFound)
	_, err = s.FindCode(ctx, st.Code.Hash)
	wantErr(t, err, grant.ErrNotFound)
	_, err = s.Session(ctx, st.Session.ID)
	wantErr(t, err, broker.ErrNotFound)
	_, err = s.FindFamily(ctx, f.ID)
	wantErr(t, err, grant.ErrNotFound)
	get(t, s.FindFamily, long.ID)
	same(t, len(get(t, s.Changes, time.Time{})), 0)

	get(t, s.Login, st.Login.ID) // no retention: history stays
	same(t, len(allEvents(t, s)), 2)
}

func historyIsForgotten(t *testing.T, s Store) {
	ctx := t.Context()
	const day = 24 * time.Hour
	keep := broker.Retention{Logins: 30 * day, Events: 60 * day}
	old, young := sampleLogin(), sampleLogin()
	young.At = old.At.Add(day)
	must(t, s.RecordLogin(ctx, *old, sampleEvent(broker.LoginRefused)))
	must(t, s.RecordLogin(ctx, *young, sampleEvent(broker.LoginRefused)))
	later := sampleEvent(broker.TokenIssued)
	later.At = later.At.Add(day)
	must(t, s.AppendEvents(ctx, []broker.Event{later}))

	for _, step := range []struct {
		name                   string
		at                     time.Time
		deleted, logins, audit int
	}{
		{"kept until their time has come", old.At.Add(30 * day), 0, 2, 3},
		{"the older login", old.At.Add(30*day + time.Hour), 1, 1, 3},
		{"both logins, and the older events", old.At.Add(60*day + time.Hour), 3, 0, 1},
		{"everything", old.At.Add(62 * day), 1, 0, 0},
	} {
		n, err := s.Sweep(ctx, step.at, keep)
		must(t, err)
		logins, err := s.Logins(ctx, old.Account, "", 10)
		must(t, err)
		if n != step.deleted || len(logins) != step.logins || len(allEvents(t, s)) != step.audit {
			t.Errorf("%s: %d deleted, %d logins and %d events left, want %d, %d and %d",
				step.name, n, len(logins), len(allEvents(t, s)), step.deleted, step.logins, step.audit)
		}
	}
}
