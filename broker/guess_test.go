package broker_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/mapping"
)

// guess presents a password from a browser, in an attempt of its own.
func (k *kit) guess(b *browser, login, password string) (broker.Next, error) {
	k.t.Helper()
	anew := func(r *broker.AuthRequest) { r.Prompt = []string{"login"} }
	return k.Password(k.t.Context(), k.begin(b, anew), b.Browser, broker.Credentials{Login: login, Password: secret.New(password)})
}

// mistype presents wrong passwords, each of which must be verified and refused as one.
func (k *kit) mistype(b *browser, login string, times int) {
	k.t.Helper()
	for range times {
		_, err := k.guess(b, login, "mistyped")
		refused(k.t, err, broker.ReasonCredentials)
	}
}

func TestThrottledAccount(t *testing.T) {
	for _, login := range []string{"ana", "nobody", "gro", "jon", "twin"} { // whether there is one or not
		t.Run(login, func(t *testing.T) {
			k := newKit(t)
			k.mistype(newBrowser(), login, 10)
			asked := k.people.asked
			for _, spelling := range []string{login, strings.ToUpper(login), " " + login, login + "\u00a0"} {
				_, err := k.guess(newBrowser(), spelling, anaPassword)
				r := refused(t, err, broker.ReasonThrottled)
				if r.RetryAfter != 10*time.Minute || r.AttemptID.IsZero() {
					t.Errorf("%q: retry after %s, attempt %v", spelling, r.RetryAfter, r.AttemptID)
				}
			}
			if k.people.asked != asked {
				t.Errorf("%d passwords were verified while throttled", k.people.asked-asked)
			}
			if throttled := k.logged(broker.LoginRefused); len(throttled) != 14 {
				t.Errorf("%d refusals in the audit log, want 14", len(throttled))
			}
			if recorded := k.logins(); len(recorded) != 10 {
				t.Errorf("%d logins were recorded, want the 10 that were verified", len(recorded))
			}
		})
	}
}

func TestThrottleEnds(t *testing.T) {
	k := newKit(t)
	b := newBrowser()
	k.mistype(b, "ana", 10)
	_, err := k.guess(b, "ana", anaPassword)
	refused(t, err, broker.ReasonThrottled)
	k.pass(10 * time.Minute)
	next, err := k.guess(b, "ana", anaPassword)
	b.answered(t, next, err)
}

func TestKnownBrowser(t *testing.T) {
	k := newKit(t)
	owner := newBrowser()
	owner.Known = k.login(owner).Known
	if owner.Known == "" {
		t.Fatal("a login by password does not make the browser known")
	}
	k.mistype(newBrowser(), "ana", 10) // a stranger
	_, err := k.guess(newBrowser(), "ana", anaPassword)
	refused(t, err, broker.ReasonThrottled)

	for name, known := range map[string]string{
		"garbage": "AAAA", "not base64": "?", "altered": owner.Known[:len(owner.Known)-2] + "AA", "of another use": k.sealed("something else"),
	} {
		b := newBrowser()
		b.Known = known
		if _, err := k.guess(b, "ana", anaPassword); !isThrottled(err) {
			t.Errorf("a cookie that is %s makes a browser known: %v", name, err)
		}
	}
	next, err := k.guess(owner, "ana", anaPassword)
	owner.answered(t, next, err)
	if _, err := k.guess(owner, "nobody", "x"); isThrottled(err) {
		t.Error("control: another account is throttled")
	}
	k.mistype(owner, "ana", 10)
	_, err = k.guess(owner, "ana", anaPassword)
	refused(t, err, broker.ReasonThrottled)
}

func TestBrowserKnowsTheLastEight(t *testing.T) {
	k := newKit(t)
	b := newBrowser()
	for _, login := range []string{"ana", "bo", "ana"} {
		next, err := k.guess(b, login, map[string]string{"ana": anaPassword, "bo": "demo-bo-4712"}[login])
		b.Known = b.answered(t, next, err).Known
	}
	for _, login := range []string{"ana", "bo"} {
		k.mistype(newBrowser(), login, 10)
		if _, err := k.guess(b, login, "mistyped"); isThrottled(err) {
			t.Errorf("the browser does not know %s any more", login)
		}
	}
	if len(b.Known) > 400 {
		t.Errorf("the cookie has %d bytes", len(b.Known))
	}
}

func TestTroubleOfOursIsNoFailure(t *testing.T) {
	k := newKit(t)
	b := newBrowser()
	for _, down := range []error{mapping.ErrBusy, errors.New("the legacy database is down")} {
		k.people.fail(down)
		for range 20 {
			if _, err := k.guess(b, "ana", anaPassword); err == nil || isThrottled(err) {
				t.Fatalf("with %v: %v", down, err)
			}
		}
	}
	k.people.fail(nil)
	next, err := k.guess(b, "ana", anaPassword)
	b.answered(t, next, err)
}

// TestCallCentreBehindOneAddress lets 500 agents mistype three times each, in browsers that nobody
// knows, behind one address; and then shows that the address was being watched.
func TestCallCentreBehindOneAddress(t *testing.T) {
	k := newKit(t)
	const agents = 500
	for n := range agents {
		k.people.add(mapping.User{ID: mapping.UserID(fmt.Sprint(90_000 + n)), Tenant: "10010", Username: fmt.Sprint("agent", n), Active: true}, anaPassword)
	}
	b := newBrowser()
	attempt := k.begin(b)
	for n := range agents {
		login := fmt.Sprint("agent", n)
		for range 3 {
			_, err := k.Password(t.Context(), attempt, b.Browser, broker.Credentials{Login: login, Password: secret.New("mistyped")})
			refused(t, err, broker.ReasonCredentials)
		}
		next, err := k.guess(b, login, anaPassword)
		b.answered(t, next, err)
	}
	b = newBrowser() // at the same address
	spray := k.begin(b)
	for n := range 100 {
		_, err := k.Password(t.Context(), spray, b.Browser, broker.Credentials{Login: fmt.Sprint("guess", n), Password: secret.New("Summer2027")})
		refused(t, err, broker.ReasonCredentials)
	}
	_, err := k.Password(t.Context(), spray, b.Browser, broker.Credentials{Login: "guess100", Password: secret.New("Summer2027")})
	refused(t, err, broker.ReasonThrottled)
	elsewhere := newBrowser()
	elsewhere.Address = "198.51.100.9"
	k.mistype(elsewhere, "guess100", 1)
}

func isThrottled(err error) bool {
	var r *broker.Refusal
	return errors.As(err, &r) && r.Reason == broker.ReasonThrottled
}

// sealed returns what a sealer of the kit makes of a text for another use.
func (k *kit) sealed(use string) string {
	k.t.Helper()
	device := id.New()
	sealed, err := k.Sealer.Seal(device[:], []byte(use))
	k.must(err)
	return base64.RawURLEncoding.EncodeToString(sealed)
}
