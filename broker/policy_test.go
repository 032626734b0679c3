package broker_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

func (k *kit) policy(p registry.Policy) {
	k.t.Helper()
	k.change("corp", func(c *registry.Connection) { c.Policy = p })
}

// logsIn logs ana in at corp, in a browser that may have been there before.
func (k *kit) logsIn(b *browser, edit ...func(*broker.AuthRequest)) broker.Session {
	k.t.Helper()
	next, err := k.complete(b, k.sent(b, k.begin(b, edit...)))
	b.answered(k.t, next, err)
	s, err := k.Session(k.t.Context(), issuer, b.Browser)
	k.must(err)
	return s
}

// TestDemands: what the IdP is asked for is the stricter of the connection's policy and the client's wish.
func TestDemands(t *testing.T) {
	k := newKit(t)
	const day = 24 * time.Hour
	hours := registry.Policy{MaxAge: 8 * time.Hour}
	contexts := registry.Policy{ACRValues: []string{"urn:mfa", "urn:pwd"}}
	wish := func(values ...string) func(*broker.AuthRequest) {
		return func(r *broker.AuthRequest) { r.ACRValues = values }
	}
	for _, tc := range []struct {
		name   string
		policy registry.Policy
		client func(*broker.AuthRequest)
		maxAge time.Duration
		acr    []string
	}{
		{"nobody wants anything", registry.Policy{}, maxAge(-1), -1, nil},
		{"the client alone", registry.Policy{}, both(maxAge(day), wish("urn:x")), day, []string{"urn:x"}},
		{"max_age of the policy", hours, maxAge(-1), 8 * time.Hour, nil},
		{"a client that wants less", hours, maxAge(time.Hour), time.Hour, nil},
		{"a client that wants nothing old", hours, maxAge(0), 0, nil},
		{"a client that would take more", hours, maxAge(day), 8 * time.Hour, nil},
		{"acr_values of the policy", contexts, wish(), -1, []string{"urn:mfa", "urn:pwd"}},
		{"a client's order", contexts, wish("urn:pwd"), -1, []string{"urn:pwd", "urn:mfa"}},
		{"a client's other contexts", contexts, wish("urn:x", "urn:pwd", "urn:pwd"), -1, []string{"urn:pwd", "urn:mfa"}},
		{"a client's other contexts only", contexts, wish("urn:x"), -1, []string{"urn:mfa", "urn:pwd"}},
	} {
		k.policy(tc.policy)
		b := newBrowser()
		k.sent(b, k.begin(b, tc.client))
		asked := k.idps.starts[len(k.idps.starts)-1]
		if asked.MaxAge != tc.maxAge || !slices.Equal(asked.ACRValues, tc.acr) {
			t.Errorf("%s: asked for %s, %q", tc.name, asked.MaxAge, asked.ACRValues)
		}
	}
}

// TestAdmission: an IdP that was asked may answer otherwise, and a token that a client presents was not
// asked for at all. Both are held to the policy, with the same reason in the record.
func TestAdmission(t *testing.T) {
	k := newKit(t)
	k.logsIn(newBrowser()) // makes the link, without which no token counts
	ago := func(d time.Duration) func(*mapping.Identity) {
		return func(i *mapping.Identity) { i.AuthTime = epoch.Add(-d) }
	}
	context := func(acr string) func(*mapping.Identity) {
		return func(i *mapping.Identity) { i.ACR = acr }
	}
	const skew = time.Minute
	hour := registry.Policy{MaxAge: time.Hour}
	slow := registry.Policy{MaxAge: time.Hour, ClockSkew: 3 * time.Minute}
	contexts := registry.Policy{ACRValues: []string{"urn:mfa", "urn:pwd"}}
	for i, tc := range []struct {
		name     string
		policy   registry.Policy
		identity func(*mapping.Identity)
		want     string // part of the record's detail; empty means that ana is let in
	}{
		{"positive control", registry.Policy{}, ago(1000 * time.Hour), ""},
		{"just now", hour, ago(0), ""},
		{"an hour ago, by a clock that is slow", hour, ago(time.Hour + skew), ""},
		{"longer ago", hour, ago(time.Hour + skew + time.Second), "and max_age is 1h0m0s"},
		{"by a clock that may be slower", slow, ago(time.Hour + slow.ClockSkew), ""},
		{"longer ago by that", slow, ago(time.Hour + slow.ClockSkew + time.Second), "and max_age is 1h0m0s"},
		{"the IdP does not say when", hour, func(*mapping.Identity) {}, "did not say when"},
		{"the first context", contexts, context("urn:mfa"), ""},
		{"the second", contexts, context("urn:pwd"), ""},
		{"another", contexts, context("urn:x"), `acr is "urn:x"`},
		{"none", contexts, context(""), `acr is ""`},
		{"in another case", contexts, context("URN:MFA"), `acr is "URN:MFA"`},
		{"a list", contexts, context("urn:mfa urn:pwd"), `acr is "urn:mfa urn:pwd"`},
		{"amr says it", contexts, func(i *mapping.Identity) { i.AMR = []string{"urn:mfa"} }, `acr is ""`},
		{"an endless one", contexts, context(strings.Repeat("x", 10_000)), "acr is"},
	} {
		k.policy(tc.policy)
		k.idps.identity = ana()
		tc.identity(&k.idps.identity)
		b := newBrowser()
		attempt := k.begin(b)
		_, login := k.complete(b, k.sent(b, attempt))
		_, presented := k.present()
		for way, err := range map[string]error{"login": login, "presented token": presented} {
			if tc.want == "" {
				if err != nil && i == 0 {
					t.Fatalf("positive control: %s: %v", way, err)
				} else if err != nil {
					t.Errorf("%s: %s: %v", tc.name, way, err)
				}
				continue
			}
			r := refused(t, err, broker.ReasonWeak)
			l := k.recorded(r)
			if !strings.Contains(l.Detail, tc.want) || l.Subject != "idp|ana" || l.UserID != "" || len(l.Detail) > 1000 {
				t.Errorf("%s: %s: recorded %+v", tc.name, way, l)
			}
			if way == "login" && (r.AttemptID != attempt || b.cookies[issuer] != "") {
				t.Errorf("%s: refusal is %+v", tc.name, r)
			}
		}
	}
}

// TestDistrust: what the policy does not believe is neither in the session nor in what a token gives.
func TestDistrust(t *testing.T) {
	k := newKit(t)
	k.idps.identity.ACR = "urn:mfa"
	for _, distrust := range []bool{false, true} {
		k.policy(registry.Policy{DistrustAMR: distrust})
		s := k.logsIn(newBrowser())
		who, err := k.present()
		k.must(err)
		for way, said := range map[string]bool{
			"session": len(s.AMR) > 0 || s.ACR != "", "presented token": len(who.Identity.AMR) > 0 || who.Identity.ACR != "",
		} {
			if said == distrust {
				t.Errorf("trust_amr is %t, and the %s says how ana logged in: %t", !distrust, way, said)
			}
		}
	}
}

// TestSessionLifetime: it begins with every login, ends a session in use, and lengthens none.
func TestSessionLifetime(t *testing.T) {
	k := newKit(t)
	installation := k.logsIn(newBrowser())
	k.policy(registry.Policy{SessionLifetime: time.Hour})
	b := newBrowser()
	first := k.logsIn(b)
	live := func(want bool, when string) {
		t.Helper()
		_, err := k.Session(t.Context(), issuer, b.Browser)
		if (err == nil) != want || err != nil && !errors.Is(err, broker.ErrNotFound) {
			t.Fatalf("%s: %v, want a session: %t", when, err, want)
		}
	}
	live(true, "at once")
	k.pass(50 * time.Minute)
	live(true, "after 50 minutes")
	again := k.logsIn(b, prompt("login"))
	if again.ID != first.ID || !again.CreatedAt.Equal(first.CreatedAt) {
		t.Fatalf("the session is another one: %+v", again)
	}
	k.pass(59 * time.Minute)
	live(true, "59 minutes after the second login")
	k.pass(time.Minute)
	live(false, "an hour after it")

	k.policy(registry.Policy{SessionLifetime: 30 * 24 * time.Hour})
	s := k.logsIn(newBrowser())
	if got, want := s.AbsoluteAt.Sub(s.CreatedAt), installation.AbsoluteAt.Sub(installation.CreatedAt); got != want {
		t.Errorf("a session lasts %s, and the installation's %s", got, want)
	}
}
