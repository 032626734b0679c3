package storetest

import (
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/internal/id"
)

func sampleDevice() grant.Device {
	at := now()
	return grant.Device{
		ID: id.New(), Code: newHash(), UserCode: grant.UserCode(id.New().String()[:8]), State: grant.DevicePending,
		Request: grant.DeviceRequest{
			Issuer: "https://sso.example/id", Account: account, ClientID: "agent-app", RequestedClientID: "Agent-App",
			Scope: []string{"openid", "offline_access"},
		},
		Interval: 5 * time.Second, PollAfter: at, CreatedAt: at, ExpiresAt: at.Add(10 * time.Minute),
	}
}

func putDevice(t *testing.T, s Store) grant.Device {
	t.Helper()
	d := sampleDevice()
	must(t, s.InsertDevice(t.Context(), d))
	return d
}

// decision is the settlement of an attempt that a person has confirmed, or denied.
func decision(t *testing.T, s Store, d grant.Device, g *grant.Grant) broker.Settlement {
	t.Helper()
	a := putAttempt(t, s)
	a.State = broker.StateDone
	return broker.Settlement{
		Attempt: a, From: []broker.State{broker.StateNew}, Nonce: id.New(),
		Device: &grant.DeviceDecision{Device: d.ID, Grant: g, At: now()},
	}
}

func allowDevice(t *testing.T, s Store) grant.Device {
	t.Helper()
	d, g := putDevice(t, s), sampleGrant()
	must(t, s.Settle(t.Context(), decision(t, s, d, &g)))
	d.State, d.Grant = grant.DeviceAllowed, &g
	return d
}

func deviceRoundTrip(t *testing.T, s Store) {
	d := putDevice(t, s)
	same(t, get(t, s.FindDevice, d.ID), d)
	same(t, get(t, s.FindDeviceByCode, d.Code), d)
	same(t, get(t, s.FindDeviceByUserCode, d.UserCode), d)

	_, err := s.FindDevice(t.Context(), id.New())
	wantErr(t, err, grant.ErrNotFound)
	_, err = s.FindDeviceByCode(t.Context(), newHash())
	wantErr(t, err, grant.ErrNotFound)
	_, err = s.FindDeviceByUserCode(t.Context(), "no such code")
	wantErr(t, err, grant.ErrNotFound)

	twin := sampleDevice()
	twin.UserCode = d.UserCode
	wantErr(t, s.InsertDevice(t.Context(), twin), grant.ErrConflict)
}

func devicePolls(t *testing.T, s Store) {
	d := putDevice(t, s)
	poll := func(at time.Time) bool {
		t.Helper()
		early, err := s.PollDevice(t.Context(), grant.DevicePoll{
			Device: d.ID, At: at, Next: at.Add(5 * time.Second), Slower: 10 * time.Second, Later: at.Add(10 * time.Second),
		})
		must(t, err)
		return early
	}
	at := d.PollAfter
	same(t, poll(at), false)
	same(t, get(t, s.FindDevice, d.ID).PollAfter, at.Add(5*time.Second))
	same(t, get(t, s.FindDevice, d.ID).Interval, 5*time.Second)
	at = at.Add(time.Second)
	same(t, poll(at), true)
	same(t, get(t, s.FindDevice, d.ID).PollAfter, at.Add(10*time.Second))
	same(t, get(t, s.FindDevice, d.ID).Interval, 10*time.Second)
	same(t, poll(at.Add(10*time.Second)), false)
}

func deviceDecided(t *testing.T, s Store) {
	allowed := allowDevice(t, s)
	same(t, get(t, s.FindDevice, allowed.ID), allowed)

	denied := putDevice(t, s)
	st := decision(t, s, denied, nil)
	for range 2 { // the second is what a retry after a lost reply does
		must(t, s.Settle(t.Context(), st))
	}
	denied.State = grant.DeviceDenied
	same(t, get(t, s.FindDevice, denied.ID), denied)

	g := sampleGrant()
	for name, d := range map[string]grant.Device{"allowed before": allowed, "denied before": denied, "unknown": sampleDevice()} {
		t.Run(name, func(t *testing.T) {
			st := decision(t, s, d, &g)
			wantErr(t, s.Settle(t.Context(), st), broker.ErrConflict)
			same(t, get(t, s.Attempt, st.Attempt.ID).State, broker.StateNew)
		})
	}
	late := putDevice(t, s)
	st = decision(t, s, late, &g)
	st.Device.At = late.ExpiresAt
	wantErr(t, s.Settle(t.Context(), st), broker.ErrConflict)
	same(t, get(t, s.FindDevice, late.ID), late)
}

func deviceRace(t *testing.T, s Store) {
	d := allowDevice(t, s)
	families := make([]grant.Family, 64)
	for i := range families {
		families[i] = sampleFamily()
	}
	errs := race(len(families), func(i int) error {
		return s.RedeemDevice(t.Context(), d.ID, id.New(), now(), &families[i])
	})
	oneWinner(t, errs, grant.ErrConflict)
	stored := 0
	for _, f := range families {
		if _, err := s.FindFamily(t.Context(), f.ID); err == nil {
			stored++
		}
	}
	same(t, stored, 1)
	same(t, get(t, s.FindDevice, d.ID).State, grant.DeviceUsed)
}

func redeemDeviceAgain(t *testing.T, s Store) {
	d, nonce, family := allowDevice(t, s), id.New(), sampleFamily()
	for range 2 {
		must(t, s.RedeemDevice(t.Context(), d.ID, nonce, now(), &family))
	}
	wantErr(t, s.RedeemDevice(t.Context(), d.ID, id.New(), now(), nil), grant.ErrConflict)
	wantErr(t, s.RedeemDevice(t.Context(), id.New(), id.New(), now(), nil), grant.ErrNotFound)
	wantErr(t, s.RedeemDevice(t.Context(), putDevice(t, s).ID, id.New(), now(), nil), grant.ErrConflict) // still pending

	other := allowDevice(t, s)
	if err := s.RedeemDevice(t.Context(), other.ID, id.New(), now(), &family); err == nil {
		t.Fatal("a family was stored twice")
	}
	same(t, get(t, s.FindDevice, other.ID).State, grant.DeviceAllowed)
}

func wrongUserCodes(t *testing.T, s Store) {
	at := now()
	for i := range 3 {
		must(t, s.RecordWrongUserCode(t.Context(), at.Add(time.Duration(i)*time.Minute)))
	}
	for since, want := range map[time.Time]int{at.Add(-time.Second): 3, at: 2, at.Add(2 * time.Minute): 0} {
		same(t, get(t, s.WrongUserCodes, since), want)
	}
}
