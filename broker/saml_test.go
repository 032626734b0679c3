package broker_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/federation"
)

// SingleLogout makes every IdP of a kit one that ends the session s1, by a request that is the same each time.
func (i *idp) SingleLogout(_ context.Context, m federation.LogoutMessage) (federation.LogoutNotice, federation.Started, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case i.unreachable != nil:
		return federation.LogoutNotice{}, federation.Started{}, i.unreachable
	case m.Query != "signed":
		return federation.LogoutNotice{}, federation.Started{}, errors.New("it is not signed")
	}
	notice := federation.LogoutNotice{Subject: "idp|ana", Sessions: []string{"s1"}, ID: "_1", Expires: time.Now().Add(time.Hour)}
	return notice, federation.Started{URL: "https://idp.example/slo?SAMLResponse=x"}, nil
}

func TestSingleLogout(t *testing.T) {
	k := newKit(t)
	b, refresh := k.sso("s1")
	request := broker.LogoutRequest{Account: "acme", Connection: "corp", Query: "signed"}
	for _, tc := range []struct {
		name, query, connection string
		unreachable             error
		want                    broker.Reason
	}{
		{"unsigned", "other", "corp", nil, broker.ReasonUpstream},
		{"metadata that cannot be had", "signed", "corp", federation.ErrUnreachable, broker.ReasonUpstreamDown},
		{"an unknown connection", "signed", "other", nil, broker.ReasonConnection},
	} {
		k.idps.unreachable = tc.unreachable
		_, _, err := k.SingleLogout(t.Context(), broker.LogoutRequest{Account: "acme", Connection: tc.connection, Query: tc.query})
		if tc.want == broker.ReasonUpstreamDown {
			refused(t, err, tc.want)
		} else {
			k.logoutRefused(err, tc.want)
		}
		k.idps.unreachable = nil
		if session, token := k.alive(b, refresh); !session || !token {
			t.Fatalf("%s: session %v, token %v", tc.name, session, token)
		}
		b, refresh = k.sso("s1")
	}
	ended, next, err := k.SingleLogout(t.Context(), request)
	if err != nil || ended == 0 || next.URL != "https://idp.example/slo?SAMLResponse=x" {
		t.Errorf("%d ended, %+v, %v", ended, next, err)
	}
	if session, token := k.alive(b, refresh); session || token {
		t.Errorf("session %v, token %v", session, token)
	}
	_, _, err = k.SingleLogout(t.Context(), request)
	k.logoutRefused(err, broker.ReasonUsed)
}

// TestTroubleOfOursAtAnIdP is told as such. It refuses nobody, and the person goes on.
func TestTroubleOfOursAtAnIdP(t *testing.T) {
	down := errors.New("key file cannot be read")
	failing := fmt.Errorf("%w: %w", federation.ErrOurs, down)
	k, b := newKit(t), newBrowser()
	k.apply(strings.Replace(visits, "domains: [acme.example]\n", "", 1))
	attempt := k.begin(b)

	k.idps.unreachable = failing
	_, err := k.Send(t.Context(), attempt, b.Browser, "corp")
	trouble(t, err, down)
	_, _, err = k.SingleLogout(t.Context(), broker.LogoutRequest{Account: "acme", Connection: "corp", Query: "signed"})
	trouble(t, err, down)
	k.idps.unreachable = nil

	params := k.sent(b, attempt)
	k.idps.err = failing
	_, err = k.complete(b, params)
	trouble(t, err, down)
	_, err = k.KeepUnasked(t.Context(), "visits", "adfs", url.Values{"SAMLResponse": {"good"}}, "192.0.2.1")
	trouble(t, err, down)
	if n := len(k.logged(broker.LoginRefused)) + len(k.logged(broker.LogoutRefused)); n > 0 {
		t.Errorf("%d refusals in the audit log", n)
	}
	k.goesOn(b, attempt)
}

// TestASessionEndsWithTheIdPs, if the IdP has said when that is.
func TestASessionEndsWithTheIdPs(t *testing.T) {
	for _, tc := range []struct {
		name       string
		ends, life time.Duration
		after      time.Duration
		alive      bool
	}{
		{"positive control", 0, 0, 2 * time.Hour, true},
		{"before its end", time.Hour, 0, time.Hour - time.Second, true},
		{"after its end", time.Hour, 0, time.Hour, false},
		{"the connection's own limit is earlier", time.Hour, 30 * time.Minute, 30 * time.Minute, false},
		{"the connection's own limit is later", time.Hour, 3 * time.Hour, time.Hour, false},
	} {
		k := newKit(t)
		k.change("corp", func(c *registry.Connection) { c.Policy.SessionLifetime = tc.life })
		if tc.ends > 0 {
			k.idps.identity.SessionEnds = k.clock.Now().Add(tc.ends)
		}
		b, _ := k.sso("s1")
		k.clock.pass(tc.after)
		if _, err := k.Session(t.Context(), issuer, b.Browser); (err == nil) != tc.alive {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

// TestAnUnaskedLoginThatIsRefused can be explained like any other: by its reference if the response was believed,
// and else by the audit log alone, which strangers cannot fill for good.
func TestAnUnaskedLoginThatIsRefused(t *testing.T) {
	k, b := newKit(t), newBrowser()
	k.apply(strings.Replace(visits, "domains: [acme.example]\n", "", 1))
	k.idps.identity.Email, k.idps.identity.Claims["email"] = "nobody@acme.example", "nobody@acme.example"
	handle, err := k.KeepUnasked(t.Context(), "visits", "adfs", url.Values{"SAMLResponse": {"good"}}, "192.0.2.1")
	k.must(err)
	_, err = k.Unasked(t.Context(), "visits", "adfs", handle, issuer, b.Browser)
	r := refused(t, err, broker.ReasonNotProvisioned)
	if l := k.recorded(r); l.Account != "visits" || l.Connection != "adfs" || l.Reason != broker.ReasonNotProvisioned || l.Trace == nil {
		t.Errorf("recorded %+v", l)
	}

	k.clock.pass(time.Second)
	_, err = k.KeepUnasked(t.Context(), "visits", "adfs", url.Values{"SAMLResponse": {"bad"}}, "192.0.2.1")
	refused(t, err, broker.ReasonUpstream)
	events := k.logged(broker.LoginRefused)
	if last := events[len(events)-1]; last.Account != "visits" || last.Detail["connection"] != "adfs" || last.Detail["detail"] != "it is not signed" || last.Address != "192.0.2.1" {
		t.Errorf("the audit log has %+v", last)
	}
	k.clock.pass(time.Second)
	_, err = k.KeepUnasked(t.Context(), registry.Account(strings.Repeat("x", 1<<16)), "adfs", nil, "192.0.2.1")
	refused(t, err, broker.ReasonConnection)
	events = k.logged(broker.LoginRefused)
	if last := events[len(events)-1]; last.Account != "" {
		t.Errorf("the audit log has %d bytes of a stranger's", len(last.Account))
	}
}
