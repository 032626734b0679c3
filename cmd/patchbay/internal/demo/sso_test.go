package demo

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/federation/idptest"
	"github.com/patchbay-auth/patchbay/mapping"
)

var discard = slog.New(slog.DiscardHandler)

func testLog(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
}

// atIdP begins a login at the application and goes as far as the identity provider.
func atIdP(t *testing.T, d *demo) (*tourist, pending, string) {
	t.Helper()
	tr := &tourist{facts: d.facts}
	if err := tr.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	issuer := d.facts.Upstreams["corp"].Issuer
	if err := tr.newAgent(func(u *url.URL) bool { return strings.HasPrefix(u.String(), issuer+"/") }); err != nil {
		t.Fatal(err)
	}
	login := tr.app.begin()
	p, err := tr.agent.open(t.Context(), login.url)
	if err != nil {
		t.Fatal(err)
	}
	p, err = tr.agent.submit(t.Context(), p, "/with/corp", nil)
	if err != nil || !p.stopped {
		t.Fatalf("not at the identity provider: %+v, %v", p, err)
	}
	return tr, login, p.url.String()
}

func TestWhoComesBackFromTheIdP(t *testing.T) {
	d := start(t, Options{})
	for _, c := range []struct {
		login  string
		user   mapping.UserID
		reason broker.Reason
		rule   string
	}{
		{login: "bo", user: "4712", rule: "linked external id"},
		{login: "ana", user: "4711", rule: "verified e-mail of our own domain"},
		{login: "ana", user: "4711", rule: "linked external id"}, // the rule before has linked her
		{login: "newcomer", reason: broker.ReasonNotProvisioned, rule: "everyone else"},
		{login: "impostor", reason: broker.ReasonNotProvisioned, rule: "everyone else"}, // claims ana's address, unverified
		{login: "gro", user: "4717", reason: broker.ReasonInactive, rule: "verified e-mail of our own domain"},
	} {
		t.Run(c.login+" by "+c.rule, func(t *testing.T) {
			tr, login, address := atIdP(t, d)
			back, err := idptest.Login(t.Context(), nil, address, c.login, corporatePassword)
			if err != nil {
				t.Fatal(err)
			}
			p, err := tr.agent.open(t.Context(), back)
			if err != nil {
				t.Fatal(err)
			}
			record := lastLogin(t, d, "acme")
			if record.Reason != c.reason || record.UserID != c.user {
				t.Errorf("recorded user %q, reason %q", record.UserID, record.Reason)
			}
			if record.Trace == nil || record.Trace.Steps[len(record.Trace.Steps)-1].Rule != c.rule {
				t.Errorf("trace: %+v", record.Trace)
			}
			if c.reason == "" {
				if err := tr.finish(t.Context(), login, p); err != nil || tr.last.claims["sub"] != string(c.user) {
					t.Errorf("sub %v: %v", tr.last.claims["sub"], err)
				}
				return
			}
			if p.stopped || p.status < 400 || !strings.Contains(p.body, record.ID.String()) {
				t.Errorf("status %d, and the page does not name login %s", p.status, record.ID)
			}
		})
	}
}

func TestCallbacksThatMustNotLogIn(t *testing.T) {
	d := start(t, Options{})
	up := d.facts.Upstreams["corp"]
	comeBack := func(t *testing.T, address string) string {
		t.Helper()
		back, err := idptest.Login(t.Context(), nil, address, up.Login, up.Password)
		if err != nil {
			t.Fatal(err)
		}
		return back
	}
	for _, c := range []struct {
		name string
		// open brings something back to the callback; p is where the browser ends.
		open func(t *testing.T, tr *tourist, address string) (page, error)
		ok   bool
	}{
		{name: "the answer, in the browser that began", ok: true, open: func(t *testing.T, tr *tourist, address string) (page, error) {
			return tr.agent.open(t.Context(), comeBack(t, address))
		}},
		{name: "in another browser", open: func(t *testing.T, tr *tourist, address string) (page, error) {
			other, err := newBrowser(tr.agent.stop)
			if err != nil {
				t.Fatal(err)
			}
			return other.open(t.Context(), comeBack(t, address))
		}},
		{name: "a second time", open: func(t *testing.T, tr *tourist, address string) (page, error) {
			back := comeBack(t, address)
			if p, err := tr.agent.open(t.Context(), back); err != nil || !p.stopped {
				return p, fmt.Errorf("the first time: %+v, %w", p, err)
			}
			return tr.agent.open(t.Context(), back)
		}},
		{name: "cancelled at the identity provider", open: func(t *testing.T, tr *tourist, address string) (page, error) {
			back, err := idptest.Cancel(t.Context(), nil, address)
			if err != nil {
				t.Fatal(err)
			}
			return tr.agent.open(t.Context(), back)
		}},
		{name: "with another state", open: func(t *testing.T, tr *tourist, address string) (page, error) {
			return tr.agent.open(t.Context(), change(t, comeBack(t, address), "state", "0000"))
		}},
		{name: "with another code", open: func(t *testing.T, tr *tourist, address string) (page, error) {
			return tr.agent.open(t.Context(), change(t, comeBack(t, address), "code", "0000"))
		}},
		{name: "to another tenant's callback", open: func(t *testing.T, tr *tourist, address string) (page, error) {
			return tr.agent.open(t.Context(), strings.Replace(comeBack(t, address), "/login/acme/", "/login/globex/", 1))
		}},
		{name: "to another connection's callback", open: func(t *testing.T, tr *tourist, address string) (page, error) {
			return tr.agent.open(t.Context(), strings.Replace(comeBack(t, address), "/corp/", "/adfs/", 1))
		}},
		{name: "while the identity provider is down", open: func(t *testing.T, tr *tourist, address string) (page, error) {
			back := comeBack(t, address)
			d.idp.Down(true)
			defer d.idp.Down(false)
			return tr.agent.open(t.Context(), back)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr, login, address := atIdP(t, d)
			before := eventKinds(t, d)
			p, err := c.open(t, tr, address)
			if err != nil {
				t.Fatal(err)
			}
			if c.ok {
				if err := tr.finish(t.Context(), login, p); err != nil {
					t.Fatal(err)
				}
				return
			}
			if p.stopped || p.status < 400 {
				t.Fatalf("ended at %s with status %d", p.url.Path, p.status)
			}
			if silent(t, tr) && c.name != "a second time" {
				t.Error("a session came of it")
			}
			// What names no attempt goes through a queue that is written every second.
			for range 30 {
				if eventKinds(t, d)[broker.LoginRefused] > before[broker.LoginRefused] {
					return
				}
				time.Sleep(100 * time.Millisecond)
			}
			t.Error("no refusal is in the audit log")
		})
	}
}

// silent reports whether the browser has a session.
func silent(t *testing.T, tr *tourist) bool {
	t.Helper()
	err := tr.silentLoginFails(context.WithoutCancel(t.Context()))
	return err != nil
}

func change(t *testing.T, address, parameter, value string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set(parameter, value)
	u.RawQuery = q.Encode()
	return u.String()
}
