package broker_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/mapping"
)

// A device waits somewhere for a person.
type device struct {
	k    *kit
	code string // the device code
	grant.Device
}

func (k *kit) device() device {
	k.t.Helper()
	code, d, err := k.grants.NewDevice(k.t.Context(), grant.DeviceRequest{
		Issuer: issuer, Account: "acme", ClientID: "agent-app", RequestedClientID: "Agent-App", Scope: []string{"openid"},
	})
	k.must(err)
	return device{k, code, d}
}

func (d device) poll() (grant.Redeemed, error) {
	return d.k.grants.RedeemDevice(d.k.t.Context(), grant.PresentedDevice{Code: d.code, Issuer: issuer, ClientID: "agent-app"},
		func(context.Context, grant.Grant) error { return nil })
}

func (d device) told(t *testing.T, want error) {
	t.Helper()
	if _, err := d.poll(); !errors.Is(err, want) {
		t.Errorf("the device was told %v, want %v", err, want)
	}
}

// typed is the attempt of a browser into which the user code was typed.
func (d device) typed(b *browser) id.ID {
	d.k.t.Helper()
	next, err := d.k.BeginDevice(d.k.t.Context(), d.UserCode.String(), b.Browser)
	d.k.must(err)
	if next.Step != broker.StepDevice {
		d.k.t.Fatalf("step %d after the user code", next.Step)
	}
	return next.AttemptID
}

// known is such an attempt for which ana has logged in.
func (d device) known(b *browser) id.ID {
	d.k.t.Helper()
	attempt := d.typed(b)
	d.k.logInFor(attempt, b)
	return attempt
}

// logInFor logs ana in for an attempt of a device, with her password or with the session that is there.
func (k *kit) logInFor(attempt id.ID, b *browser) {
	k.t.Helper()
	next, err := k.ContinueDevice(k.t.Context(), attempt, b.Browser)
	k.must(err)
	if next.Step == broker.StepLogin {
		next, err = k.passwordFor(attempt, b, "ana", anaPassword)
		k.must(err)
		b.cookies[issuer] = next.Answer.SessionToken
	}
	if next.Step != broker.StepDevice {
		k.t.Fatalf("step %d after the login", next.Step)
	}
}

// passwordFor tries a password for an attempt.
func (k *kit) passwordFor(attempt id.ID, b *browser, login, password string) (broker.Next, error) {
	return k.Password(k.t.Context(), attempt, b.Browser, broker.Credentials{Login: login, Password: secret.New(password)})
}

func (k *kit) stage(t *testing.T, attempt id.ID, b *browser, want broker.DeviceStage) broker.DevicePage {
	t.Helper()
	page, err := k.DevicePage(t.Context(), attempt, b.Browser)
	k.must(err)
	if page.Stage != want {
		t.Fatalf("stage %d, want %d", page.Stage, want)
	}
	return page
}

func TestDeviceIsAllowed(t *testing.T) {
	k := newKit(t)
	d, b := k.device(), newBrowser()
	d.told(t, grant.AuthorizationPending)
	attempt := d.typed(b)
	page := k.stage(t, attempt, b, broker.DeviceQuestion)
	if page.Client.ID != "agent-app" || page.Tenant.Account != "acme" || page.UserCode != d.UserCode || page.User.ID != "" {
		t.Errorf("the question shows %+v", page)
	}
	k.logInFor(attempt, b)
	if page := k.stage(t, attempt, b, broker.DeviceConfirm); page.User.ID != "4711" {
		t.Errorf("the last question names %q", page.User.ID)
	}
	k.clock.pass(5 * time.Second)
	d.told(t, grant.AuthorizationPending)
	next, err := k.AllowDevice(t.Context(), attempt, b.Browser)
	k.must(err)
	if next.Step != broker.StepDevice || next.AttemptID != attempt {
		t.Errorf("allowing leads to %+v", next)
	}
	k.stage(t, attempt, b, broker.DeviceIsIn)
	got, err := d.poll()
	k.must(err)
	g := got.Grant
	if g.UserID != "4711" || g.ClientID != "agent-app" || g.RequestedClientID != "Agent-App" || g.Issuer != issuer ||
		g.Account != "acme" || g.IDP != broker.LocalIDP || g.SessionID.IsZero() || g.AuthTime.IsZero() {
		t.Errorf("grant is %+v", g)
	}
	k.stage(t, attempt, b, broker.DeviceIsIn) // also once it has its tokens
	if events := k.logged(broker.DeviceAllowed); len(events) != 1 || events[0].UserID != "4711" || events[0].LoginID.IsZero() {
		t.Errorf("the audit log says %+v", events)
	}
}

// TestDeviceIsNotAllowed: nothing but the person's own answer, about themselves, lets a device in.
func TestDeviceIsNotAllowed(t *testing.T) {
	for _, test := range []struct {
		name string
		// prepare returns the attempt that is then allowed by b.
		prepare func(k *kit, d device, b *browser) id.ID
		want    broker.Reason // empty: asked to log in
	}{
		{"nobody has logged in", func(_ *kit, d device, b *browser) id.ID { return d.typed(b) }, ""},
		{"a session is there, and nobody was asked", func(k *kit, d device, b *browser) id.ID {
			k.login(b)
			return d.typed(b)
		}, ""},
		{"the session has ended", func(k *kit, d device, b *browser) id.ID {
			attempt := d.known(b)
			s, err := k.Session(k.t.Context(), issuer, b.Browser)
			k.must(err)
			k.must(k.EndSession(k.t.Context(), s, b.Browser))
			return attempt
		}, ""},
		{"another session has taken its place", func(k *kit, d device, b *browser) id.ID {
			attempt := d.known(b)
			next, err := k.complete(b, k.sent(b, k.begin(b, prompt("login")))) // the same person in another way
			b.answered(k.t, next, err)
			return attempt
		}, ""},
		{"the user was disabled", func(k *kit, d device, b *browser) id.ID {
			attempt := d.known(b)
			k.people.edit("4711", func(u *mapping.User) { u.Active = false })
			return attempt
		}, ""},
		{"another browser", func(_ *kit, d device, _ *browser) id.ID { return d.known(newBrowser()) }, broker.ReasonBrowser},
		{"an attempt of a client", func(k *kit, _ device, b *browser) id.ID { return k.begin(b) }, broker.ReasonUnknownAttempt},
		{"an attempt that never was", func(*kit, device, *browser) id.ID { return id.New() }, broker.ReasonUnknownAttempt},
		{"too late", func(k *kit, d device, b *browser) id.ID {
			attempt := d.known(b)
			k.pass(10 * time.Minute)
			return attempt
		}, broker.ReasonExpired},
		{"denied in another browser", func(k *kit, d device, b *browser) id.ID {
			attempt, other := d.known(b), newBrowser()
			_, err := k.DenyDevice(k.t.Context(), d.typed(other), other.Browser)
			k.must(err)
			return attempt
		}, broker.ReasonUsed},
		{"allowed before", func(k *kit, d device, b *browser) id.ID {
			attempt := d.known(b)
			_, err := k.AllowDevice(k.t.Context(), attempt, b.Browser)
			k.must(err)
			return attempt
		}, broker.ReasonUsed},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := newKit(t)
			d, b := k.device(), newBrowser()
			attempt := test.prepare(k, d, b)
			before, err := k.grants.Device(t.Context(), d.ID)
			k.must(err)
			next, err := k.AllowDevice(t.Context(), attempt, b.Browser)
			after, findErr := k.grants.Device(t.Context(), d.ID)
			k.must(findErr)
			if after.State != before.State {
				t.Errorf("the device became %s", after.State)
			}
			if test.want != "" {
				refused(t, err, test.want)
				return
			}
			k.must(err)
			if next.Step != broker.StepLogin {
				t.Fatalf("step %d, want the login page", next.Step)
			}
		})
	}
}

func TestDeviceIsDenied(t *testing.T) {
	for name, deny := range map[string]func(*kit, id.ID, *browser) (broker.Next, error){
		"at the question": func(k *kit, a id.ID, b *browser) (broker.Next, error) {
			return k.DenyDevice(k.t.Context(), a, b.Browser)
		},
		"at the login page": func(k *kit, a id.ID, b *browser) (broker.Next, error) { return k.Cancel(k.t.Context(), a, b.Browser) },
		"at the last question": func(k *kit, a id.ID, b *browser) (broker.Next, error) {
			k.logInFor(a, b)
			return k.DenyDevice(k.t.Context(), a, b.Browser)
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t)
			d, b := k.device(), newBrowser()
			attempt := d.typed(b)
			next, err := deny(k, attempt, b)
			k.must(err)
			if next.Step != broker.StepDevice {
				t.Errorf("step %d", next.Step)
			}
			d.told(t, grant.AccessDenied)
			k.stage(t, attempt, b, broker.DeviceIsOut)
			_, err = k.BeginDevice(t.Context(), d.UserCode.String(), newBrowser().Browser)
			refused(t, err, broker.ReasonUserCode)
		})
	}
}

// TestDeviceDecisionInTrouble: a decision that could not be stored, or whose reply was lost, can be
// made again, and then it holds.
func TestDeviceDecisionInTrouble(t *testing.T) {
	for _, late := range []bool{false, true} {
		t.Run(fmt.Sprintf("reply lost %v", late), func(t *testing.T) {
			k := newKit(t)
			d, b := k.device(), newBrowser()
			attempt := d.known(b)
			for n := 1; ; n++ {
				k.store.arm(n, late)
				_, err := k.AllowDevice(t.Context(), attempt, b.Browser)
				if calls, failed := k.store.disarm(); !failed {
					k.must(err)
					t.Logf("%d calls: %v", len(calls), calls)
					break
				}
				trouble(t, err, errDown)
				if stored, err := k.grants.Device(t.Context(), d.ID); err != nil || stored.State == grant.DeviceAllowed {
					break // only the reply was lost
				}
				d.told(t, grant.AuthorizationPending)
				k.pass(5 * time.Second)
			}
			if _, err := d.poll(); err != nil {
				t.Errorf("the device was told %v", err)
			}
		})
	}
}

func TestUserCodeGuesses(t *testing.T) {
	wrong := func(t *testing.T, k *kit, b *browser, want broker.Reason) {
		t.Helper()
		_, err := k.BeginDevice(t.Context(), "BBBB-BBBB", b.Browser)
		refused(t, err, want)
	}
	right := func(t *testing.T, k *kit, b *browser, want broker.Reason) {
		t.Helper()
		next, err := k.BeginDevice(t.Context(), k.device().UserCode.String(), b.Browser)
		if want == "" {
			k.must(err)
			k.stage(t, next.AttemptID, b, broker.DeviceQuestion)
			return
		}
		if r := refused(t, err, want); r.RetryAfter <= 0 {
			t.Errorf("retry after %v", r.RetryAfter)
		}
	}
	t.Run("of one browser", func(t *testing.T) {
		k, b := newKit(t), newBrowser()
		for range 10 {
			right(t, k, b, "") // which forgives nothing but itself
			wrong(t, k, b, broker.ReasonUserCode)
		}
		right(t, k, b, broker.ReasonTooManyCodes)
		wrong(t, k, b, broker.ReasonTooManyCodes)
		right(t, k, newBrowser(), "")
		k.pass(10 * time.Minute)
		right(t, k, b, "")
	})
	t.Run("of one network", func(t *testing.T) {
		k := newKit(t)
		for range 50 {
			wrong(t, k, newBrowser(), broker.ReasonUserCode)
		}
		right(t, k, newBrowser(), broker.ReasonTooManyCodes)
		elsewhere := newBrowser()
		elsewhere.Address = "198.51.100.1"
		right(t, k, elsewhere, "")
	})
	t.Run("of everybody, also at other nodes", func(t *testing.T) {
		k := newKit(t)
		for i := range 1000 {
			if i == 999 {
				right(t, k, newBrowser(), "")
			}
			k.must(k.store.RecordWrongUserCode(t.Context(), k.clock.Now()))
		}
		right(t, k, newBrowser(), broker.ReasonTooManyCodes)
		if n := len(k.logged(broker.DeviceCodeRefused)); n != 1 {
			t.Errorf("the audit log has %d refusals", n)
		}
		k.pass(10 * time.Minute)
		right(t, k, newBrowser(), "")
	})
	t.Run("impossible codes cost nothing", func(t *testing.T) {
		k, b := newKit(t), newBrowser()
		for _, typed := range []string{"", "BBBB", "AAAA-AAAA", "BBBB-BBBBB", "ВВВВ-ВВВВ", "\x00\xff"} {
			for range 10 {
				_, err := k.BeginDevice(t.Context(), typed, b.Browser)
				refused(t, err, broker.ReasonUserCode)
			}
		}
		right(t, k, b, "")
	})
}
