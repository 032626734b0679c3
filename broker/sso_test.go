package broker_test

import (
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

// sent brings a browser to the IdP and returns what it will bring back from there.
func (k *kit) sent(b *browser, attempt id.ID) url.Values {
	k.t.Helper()
	return k.sentTo("corp", b, attempt)
}

// sentTo is sent through another connection.
func (k *kit) sentTo(connection string, b *browser, attempt id.ID) url.Values {
	k.t.Helper()
	next, err := k.Send(k.t.Context(), attempt, b.Browser, connection)
	k.must(err)
	u, err := url.Parse(next.URL)
	k.must(err)
	if next.Step != broker.StepRedirect || u.Query().Get("state") == "" {
		k.t.Fatalf("no redirect to the IdP: %+v", next)
	}
	return url.Values{"state": {u.Query().Get("state")}, "code": {"upstream code"}}
}

func (k *kit) complete(b *browser, params url.Values) (broker.Next, error) {
	k.t.Helper()
	return k.Complete(k.t.Context(), "acme", "corp", params, b.Browser)
}

func TestSSO(t *testing.T) {
	k, b := newKit(t), newBrowser()
	k.idps.identity.AuthTime = epoch.Add(-time.Hour)
	k.idps.identity.ACR = "2"
	attempt := k.begin(b, both(prompt("login"), maxAge(2*time.Hour)))
	next, err := k.complete(b, k.sent(b, attempt))
	answer := b.answered(t, next, err)

	s, err := k.Session(t.Context(), issuer, b.Browser)
	k.must(err)
	if s.UserID != "4711" || s.IDP != "corp" || s.ExternalID != "idp|ana" || s.UpstreamSession != "upstream-1" ||
		!s.AuthTime.Equal(epoch.Add(-time.Hour)) || s.ACR != "2" || len(s.AMR) != 1 || s.AMR[0] != "mfa" {
		t.Errorf("session is %+v", s)
	}
	if g := answer.Grant; g.SessionID != s.ID || g.UserID != "4711" || g.IDP != "corp" || g.ACR != "2" {
		t.Errorf("grant is %+v", g)
	}
	start := k.idps.starts[0]
	if start.RedirectURI != "https://sso.example/login/acme/corp/callback" || start.Prompt != "login" || start.MaxAge != 2*time.Hour {
		t.Errorf("the IdP was asked %+v", start)
	}
	l := k.recorded(&broker.Refusal{LoginID: s.LoginID})
	if l.Reason != "" || l.UserID != "4711" || l.AttemptID != attempt || l.Trace == nil || len(l.Trace.Steps) != 2 {
		t.Errorf("recorded %+v", l)
	}
}

func TestALinkIsMadeOnce(t *testing.T) {
	for _, home := range []struct {
		name  string
		keeps bool
	}{{"in the state database", false}, {"in the directory", true}} {
		t.Run(home.name, func(t *testing.T) {
			k := newKit(t)
			k.people.keeps = home.keeps
			for range 3 {
				b := newBrowser()
				next, err := k.complete(b, k.sent(b, k.begin(b)))
				if got := b.answered(t, next, err).Grant.UserID; got != "4711" {
					t.Fatalf("user is %s", got)
				}
			}
			events := k.logged(broker.LinkCreated)
			if len(events) != 1 || events[0].UserID != "4711" || events[0].Detail["external_id"] != "idp|ana" {
				t.Errorf("links made: %+v", events)
			}
			key := mapping.LinkKey{Connection: "corp", ExternalID: "idp|ana"}
			stored, err := k.store.LinkedUser(t.Context(), "acme", key)
			switch {
			case home.keeps && (!errors.Is(err, broker.ErrNotFound) || k.people.links[key] != "4711"):
				t.Errorf("state has %q (%v), directory %q", stored, err, k.people.links[key])
			case !home.keeps && (stored != "4711" || len(k.people.links) > 0):
				t.Errorf("state has %q (%v), directory %v", stored, err, k.people.links)
			}

			// The address moved to somebody else; the link did not.
			k.people.edit("4711", func(u *mapping.User) { u.Email = "" })
			k.people.edit("4712", func(u *mapping.User) { u.Email = "ana@acme.example" })
			b := newBrowser()
			next, err := k.complete(b, k.sent(b, k.begin(b)))
			if got := b.answered(t, next, err).Grant.UserID; got != "4711" {
				t.Errorf("a reassigned e-mail address logs in %s", got)
			}

			// Another person at the IdP with the address of a linked user is refused, not let in.
			k.people.edit("4712", func(u *mapping.User) { u.Email = "" })
			k.people.edit("4711", func(u *mapping.User) { u.Email = "ana@acme.example" })
			k.idps.identity = somebody("idp|mallory")
			b = newBrowser()
			attempt := k.begin(b)
			_, err = k.complete(b, k.sent(b, attempt))
			r := refused(t, err, broker.ReasonAmbiguous)
			if l := k.recorded(r); l.Subject != "idp|mallory" || r.AttemptID != attempt {
				t.Errorf("refusal %+v, recorded %+v", r, l)
			}
			k.goesOn(b, attempt)
		})
	}
}

// goesOn checks that an attempt still leads to a session.
func (k *kit) goesOn(b *browser, attempt id.ID) {
	k.t.Helper()
	if _, err := k.Page(k.t.Context(), attempt, b.Browser); err != nil {
		k.t.Fatalf("the attempt cannot go on: %v", err)
	}
	k.idps.mu.Lock()
	k.idps.identity, k.idps.err, k.idps.unreachable, k.idps.during = ana(), nil, nil, nil
	k.idps.mu.Unlock()
	next, err := k.complete(b, k.sent(b, attempt))
	b.answered(k.t, next, err)
}

func TestWhoComesBackIsRefused(t *testing.T) {
	k := newKit(t)
	unverified := func(i *mapping.Identity) { i.EmailVerified, i.Claims["email_verified"] = false, false }
	for i, c := range []struct {
		name     string
		identity func(*mapping.Identity)
		err      error
		want     broker.Reason // empty means that it works
		user     mapping.UserID
	}{
		{name: "somebody with the address of bo", identity: email("bo@acme.example")},
		{name: "unverified address", identity: unverified, want: broker.ReasonNotProvisioned},
		{name: "address of another domain", identity: email("ana@acme.example.evil"), want: broker.ReasonNotProvisioned},
		{name: "unknown address", identity: email("nobody@acme.example"), want: broker.ReasonNotProvisioned},
		{name: "switched off", identity: email("gro@acme.example"), want: broker.ReasonInactive, user: "4717"},
		{name: "two rows", identity: email("twin@acme.example"), want: broker.ReasonAmbiguous},
		{name: "gave up at the IdP", err: &federation.ResponseError{Code: "access_denied", Description: "<b>no</b>"}, want: broker.ReasonCancelled},
		{name: "gave up at a SAML IdP", err: &federation.ResponseError{Code: "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"}, want: broker.ReasonCancelled},
		{name: "denied at a SAML IdP", err: &federation.ResponseError{Code: "urn:oasis:names:tc:SAML:2.0:status:RequestDenied"}, want: broker.ReasonCancelled},
		{name: "a SAML IdP cannot", err: &federation.ResponseError{Code: "urn:oasis:names:tc:SAML:2.0:status:NoPassive"}, want: broker.ReasonUpstream},
		{name: "the IdP refuses", err: &federation.ResponseError{Code: "server_error"}, want: broker.ReasonUpstream},
		{name: "the IdP is away", err: errors.Join(federation.ErrUnreachable, errors.New("timeout")), want: broker.ReasonUpstreamDown},
		{name: "not to be believed", err: errors.New("nonce differs"), want: broker.ReasonUpstream},
	} {
		ok := t.Run(c.name, func(t *testing.T) {
			k.people.edit("4732", func(u *mapping.User) { u.Email = "twin@acme.example" })
			k.idps.identity, k.idps.err = somebody("idp|"+c.name), c.err
			if c.identity != nil {
				c.identity(&k.idps.identity)
			}
			b := newBrowser()
			attempt := k.begin(b)
			params := k.sent(b, attempt)
			sessions := len(k.logged(broker.LoginSucceeded))
			next, err := k.complete(b, params)
			if c.want == "" {
				b.answered(t, next, err)
				return
			}
			r := refused(t, err, c.want)
			if l := k.recorded(r); l.Reason != c.want || l.UserID != c.user || l.Connection != "corp" || l.AttemptID != attempt {
				t.Errorf("recorded %+v", l)
			}
			if r.AttemptID != attempt || len(k.logged(broker.LoginSucceeded)) != sessions {
				t.Errorf("refusal is %+v", r)
			}
			_, err = k.complete(b, params)
			refused(t, err, broker.ReasonUsed)
			k.goesOn(b, attempt)
		})
		if i == 0 && !ok {
			t.Fatal("nobody can come back: the rest would prove nothing")
		}
	}
}

func email(address string) func(*mapping.Identity) {
	return func(i *mapping.Identity) { i.Email, i.Claims["email"] = address, address }
}

func TestACancelledLoginGoesOnByPassword(t *testing.T) {
	k, b := newKit(t), newBrowser()
	attempt := k.begin(b)
	k.idps.err = &federation.ResponseError{Code: "access_denied"}
	_, err := k.complete(b, k.sent(b, attempt))
	refused(t, err, broker.ReasonCancelled)
	next, err := password(t, k, b, attempt, "ana", anaPassword)
	if got := b.answered(t, next, err).Grant.IDP; got != broker.LocalIDP {
		t.Errorf("idp is %s", got)
	}
}

// Where a callback is not looked at, the attempt stays as it was: whoever brings a wrong one cannot
// spoil the right one.
func TestCallbacksThatBelongElsewhere(t *testing.T) {
	k := newKit(t)
	type callback struct {
		b          *browser
		account    registry.Account
		connection string
		params     url.Values
	}
	for i, c := range []struct {
		name   string
		change func(*callback)
		want   broker.Reason // empty means that it works
		known  bool          // the attempt is, so there is a record
	}{
		{name: "where it belongs"},
		{name: "another browser", change: func(c *callback) { c.b = newBrowser() }, want: broker.ReasonBrowser, known: true},
		{name: "no binding cookie", change: func(c *callback) { c.b = &browser{} }, want: broker.ReasonBrowser, known: true},
		{name: "another connection", change: func(c *callback) { c.connection = "partner" }, want: broker.ReasonUpstream, known: true},
		{name: "another tenant", change: func(c *callback) { c.account = "globex" }, want: broker.ReasonUpstream, known: true},
		{name: "unknown state", change: func(c *callback) { c.params = url.Values{"state": {"invented"}} }, want: broker.ReasonUnknownAttempt},
		{name: "no state", change: func(c *callback) { c.params = url.Values{} }, want: broker.ReasonUnknownAttempt},
	} {
		ok := t.Run(c.name, func(t *testing.T) {
			b := newBrowser()
			attempt := k.begin(b)
			right := callback{b, "acme", "corp", k.sent(b, attempt)}
			verified, refusals := k.idps.verified, len(k.logged(broker.LoginRefused))
			if c.change != nil {
				wrong := right
				c.change(&wrong)
				_, err := k.Complete(t.Context(), wrong.account, wrong.connection, wrong.params, wrong.b.Browser)
				r := refused(t, err, c.want)
				if c.known != !r.LoginID.IsZero() || len(k.logged(broker.LoginRefused)) != refusals+1 {
					t.Errorf("refusal is %+v, with %d events", r, len(k.logged(broker.LoginRefused))-refusals)
				}
				if k.idps.verified != verified {
					t.Error("the IdP was asked about it")
				}
			}
			next, err := k.Complete(t.Context(), right.account, right.connection, right.params, b.Browser)
			b.answered(t, next, err)
			_, err = k.Complete(t.Context(), right.account, right.connection, right.params, b.Browser)
			refused(t, err, broker.ReasonUsed)
		})
		if i == 0 && !ok {
			t.Fatal("no callback works: the rest would prove nothing")
		}
	}
}

func TestTooLateACallback(t *testing.T) {
	k := newKit(t)
	for _, c := range []struct {
		after time.Duration
		ok    bool
	}{{10*time.Minute - time.Microsecond, true}, {10 * time.Minute, false}} {
		b := newBrowser()
		params := k.sent(b, k.begin(b))
		k.pass(c.after)
		next, err := k.complete(b, params)
		if c.ok {
			b.answered(t, next, err)
			continue
		}
		refused(t, err, broker.ReasonExpired)
	}
}

func TestParallelCallbacksMakeOneSession(t *testing.T) {
	k, b := newKit(t), newBrowser()
	params := k.sent(b, k.begin(b))
	errs := make([]error, 16)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { _, errs[i] = k.complete(b, params) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		var r *broker.Refusal
		switch {
		case err == nil:
			won++
		case !errors.As(err, &r) || r.Reason != broker.ReasonUsed:
			t.Errorf("a loser is told %v", err)
		}
	}
	if won != 1 || k.idps.verified != 1 || len(k.logged(broker.LoginSucceeded)) != 1 {
		t.Errorf("%d winners, the IdP was asked %d times", won, k.idps.verified)
	}
}

func TestAConnectionThatIsDisabledStopsLoginsInFlight(t *testing.T) {
	k, b := newKit(t), newBrowser()
	params := k.sent(b, k.begin(b))
	k.change("corp", func(c *registry.Connection) { c.Name = "Edited" })
	next, err := k.complete(b, params)
	b.answered(t, next, err) // control: another change stops nobody

	b = newBrowser()
	attempt := k.begin(b)
	params = k.sent(b, attempt)
	k.change("corp", func(c *registry.Connection) { c.Enabled = false })
	verified := k.idps.verified
	_, err = k.complete(b, params)
	r := refused(t, err, broker.ReasonConnection)
	if k.recorded(r).Connection != "corp" || k.idps.verified != verified {
		t.Errorf("refusal is %+v; verified %d", r, k.idps.verified-verified)
	}
	next, err = password(t, k, b, attempt, "ana", anaPassword)
	b.answered(t, next, err)
}

func TestAnIdPThatCannotBeReachedKeepsTheAttempt(t *testing.T) {
	k, b := newKit(t), newBrowser()
	attempt := k.begin(b)
	k.idps.unreachable = federation.ErrUnreachable
	for _, c := range []struct {
		connection string
		want       broker.Reason
	}{
		{"corp", broker.ReasonUpstreamDown},
		{"retired", broker.ReasonConnection},
		{"nowhere", broker.ReasonConnection},
	} {
		_, err := k.Send(t.Context(), attempt, b.Browser, c.connection)
		r := refused(t, err, c.want)
		if l := k.recorded(r); r.AttemptID != attempt || l.Connection != c.connection || l.Reason != c.want {
			t.Errorf("%s: refusal %+v, recorded %+v", c.connection, r, l)
		}
	}
	k.goesOn(b, attempt)
}

func TestAHintToAnIdPThatCannotBeReached(t *testing.T) {
	k, b := newKit(t), newBrowser()
	k.idps.unreachable = federation.ErrUnreachable
	_, err := k.Begin(t.Context(), request(idpHint("corp")), b.Browser)
	r := refused(t, err, broker.ReasonUpstreamDown)
	if r.AttemptID.IsZero() || k.recorded(r).AttemptID != r.AttemptID {
		t.Fatalf("refusal is %+v", r)
	}
	k.goesOn(b, r.AttemptID)
}

// What strangers put into a callback's path reaches a table only as far as its columns allow.
func TestAnEndlessConnectionNameIsCut(t *testing.T) {
	k, b := newKit(t), newBrowser()
	params := k.sent(b, k.begin(b))
	_, err := k.Complete(t.Context(), "acme", strings.Repeat("x", 10_000), params, b.Browser)
	if l := k.recorded(refused(t, err, broker.ReasonUpstream)); len(l.Connection) == 0 || len(l.Connection) > 255 {
		t.Errorf("recorded %d bytes", len(l.Connection))
	}
	next, err := k.complete(b, params)
	b.answered(t, next, err)
}
