package broker_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

// floor and hash are how long a refusal takes at least, and how long the directory takes over any password.
const (
	floor = 300 * time.Millisecond
	hash  = 40 * time.Millisecond
)

// floored makes time pass by the kit's clock alone, and returns what was slept. Users of acme.example must
// log in through corp; bo may use a password, and ana's spare account, jo, too.
func (k *kit) floored() *[]time.Duration {
	var slept []time.Duration
	k.FailureFloor = func() time.Duration { return floor }
	k.people.hashing = func() { k.clock.pass(hash) }
	k.Sleep = func(_ context.Context, d time.Duration) error {
		slept = append(slept, d)
		k.clock.pass(d)
		return nil
	}
	k.people.keeps = true
	k.people.edit("4712", func(u *mapping.User) { u.Email = "bo@elsewhere.example" })
	k.people.add(mapping.User{ID: "4790", Tenant: "10010", Username: "jo", Active: true, Email: "jo@acme.example"}, "demo-jo-4790")
	k.change("corp", func(c *registry.Connection) {
		enforce("acme.example")(c)
		c.BreakGlass = []mapping.UserID{"4790"}
	})
	return &slept
}

// guesses are what somebody may type whom no page may tell anything about the password, and the two whose
// passwords are theirs to use.
func guesses() []struct{ name, login, password string } {
	return []struct{ name, login, password string }{
		{"unknown user", "nobody", "x"},
		{"unknown user of the domain", "nobody@acme.example", "x"},
		{"wrong password", "bo", "hunter2"},
		{"enforced, right password", "ana", anaPassword},
		{"enforced, wrong password", "ana", "hunter2"},
		{"break-glass, wrong password", "jo", "hunter2"},
		{"inactive, right password", "gro", "demo-gro-4717"},
		{"federated only, right password", "jon", "demo-jon-4720"},
		{"two of that name", "twin", "x"},
	}
}

func TestEveryWayToPresentAPasswordWaitsForTheFloor(t *testing.T) {
	for way := range newKit(t).ways() {
		t.Run(way, func(t *testing.T) {
			k := newKit(t)
			slept, present := k.floored(), k.ways()[way]
			k.must(present("bo", "demo-bo-4712"))
			k.must(present("jo", "demo-jo-4790"))
			if len(*slept) > 0 {
				t.Fatalf("control: a success slept for %v", *slept)
			}
			var first *broker.Refusal
			for _, c := range guesses() {
				*slept = nil
				r := refused(t, present(c.login, c.password), broker.ReasonCredentials)
				if want := []time.Duration{floor - hash}; !slices.Equal(*slept, want) {
					t.Errorf("%s: slept for %v, want %v", c.name, *slept, want)
				}
				if first == nil {
					first = r
				}
				if r.Message != nil || r.ByRule != first.ByRule || r.RetryAfter != first.RetryAfter || r.AttemptID.IsZero() != first.AttemptID.IsZero() {
					t.Errorf("%s: refused with %+v, another with %+v", c.name, r, first)
				}
			}
		})
	}
}

// A link that cannot be looked up is trouble of ours: the same for everybody, whatever they typed, and as
// late. Nothing is recorded, counted or used up.
func TestEnforcementThatCannotBeJudged(t *testing.T) {
	down := errors.New("the legacy database is down")
	for way := range newKit(t).ways() {
		t.Run(way, func(t *testing.T) {
			k := newKit(t)
			slept, present := k.floored(), k.ways()[way]
			k.must(present("bo", "demo-bo-4712")) // control
			logins := len(k.logins())
			k.people.linksDown = down
			for range 10 { // more often than an account may fail
				for _, c := range append(guesses(), struct{ name, login, password string }{"right password", "bo", "demo-bo-4712"}) {
					*slept = nil
					trouble(t, present(c.login, c.password), down)
					if want := []time.Duration{floor - hash}; !slices.Equal(*slept, want) {
						t.Errorf("%s: slept for %v, want %v", c.name, *slept, want)
					}
				}
			}
			if n := len(k.logins()) - logins; n > 0 || len(k.logged(broker.LoginRefused)) > 0 {
				t.Errorf("%d logins and %d refusals are recorded", n, len(k.logged(broker.LoginRefused)))
			}
			k.people.linksDown = nil
			k.must(present("bo", "demo-bo-4712"))
		})
	}
}

// The page that met the trouble can be used again.
func TestEnforcementThatCannotBeJudgedLeavesTheAttempt(t *testing.T) {
	k, b := newKit(t), newBrowser()
	k.floored()
	attempt := k.begin(b)
	k.people.linksDown = errDirectory
	_, err := password(t, k, b, attempt, "bo", "demo-bo-4712")
	trouble(t, err, errDirectory)
	k.people.linksDown = nil
	next, err := password(t, k, b, attempt, "bo", "demo-bo-4712")
	b.answered(t, next, err)
}

// A login that cannot be stored is not told sooner than a refusal that cannot.
func TestWhatCannotBeStoredWaitsForTheFloor(t *testing.T) {
	for way := range newKit(t).ways() {
		t.Run(way, func(t *testing.T) {
			k := newKit(t)
			slept, present := k.floored(), k.ways()[way]
			for _, password := range []string{"hunter2", "demo-bo-4712"} {
				*slept = nil
				k.store.before = map[string]func(){"Settle": k.store.failNow, "RecordLogin": k.store.failNow}
				err := present("bo", password)
				k.store.disarm()
				trouble(t, err, errDown)
				if want := []time.Duration{floor - hash}; !slices.Equal(*slept, want) {
					t.Errorf("%s: slept for %v, want %v", password, *slept, want)
				}
			}
			k.store.before = nil
			k.must(present("bo", "demo-bo-4712")) // control
		})
	}
}
