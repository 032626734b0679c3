package broker_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/federation"
)

// TestAHungIdPHangsNobodyElse: while many wait for one identity provider, at every step that asks it, people
// log in and out through another, and with passwords.
func TestAHungIdPHangsNobodyElse(t *testing.T) {
	const crowd = 50
	k := newKit(t)
	for _, c := range []string{"corp", "partner"} {
		k.change(c, func(c *registry.Connection) { c.Policy.Logout = registry.LogoutUpstream })
	}
	leaver, _ := k.sso("s1")
	session, err := k.Session(t.Context(), issuer, leaver.Browser)
	k.must(err)
	waiting, arrivals := newBrowser(), make([]*browser, crowd)
	params := k.sent(waiting, k.begin(waiting))
	for i := range arrivals {
		arrivals[i] = newBrowser()
	}
	k.idps.asked = make(chan string, crowd+3)
	until := make(chan struct{})
	k.idps.hung = map[string]chan struct{}{"corp": until}

	ctx := t.Context()
	var crowded sync.WaitGroup
	crowded.Go(func() {
		_, err := k.Complete(ctx, "acme", "corp", params, waiting.Browser)
		unreached(t, err)
	})
	crowded.Go(func() {
		if to := k.Depart(ctx, session, leaver.Browser, goodbye, nil); to.URL != "" {
			t.Errorf("sent to %s", to.URL)
		}
	})
	crowded.Go(func() {
		_, err := k.Notified(ctx, broker.Notice{Account: "acme", Connection: "corp", Token: "a token"})
		unreached(t, err)
	})
	for _, b := range arrivals {
		attempt := k.begin(b)
		crowded.Go(func() {
			_, err := k.Send(ctx, attempt, b.Browser, "corp")
			unreached(t, err)
		})
	}
	for range crowd + 3 { // now all of them wait
		<-k.idps.asked
	}

	other := newBrowser()
	next, err := k.Complete(t.Context(), "acme", "partner", k.sentTo("partner", other, k.begin(other)), other.Browser)
	other.answered(t, next, err)
	k.login(newBrowser())
	session, err = k.Session(t.Context(), issuer, other.Browser)
	k.must(err)
	if to := k.Depart(t.Context(), session, other.Browser, goodbye, nil); to.URL == "" {
		t.Error("logging out does not lead to the other identity provider")
	}
	close(until)
	crowded.Wait()

	k.idps.hung = nil
	next, err = k.Complete(t.Context(), "acme", "corp", k.sent(arrivals[0], k.begin(arrivals[0])), arrivals[0].Browser)
	arrivals[0].answered(t, next, err)
}

// unreached checks that somebody was told that the identity provider does not answer.
func unreached(t *testing.T, err error) {
	t.Helper()
	var r *broker.Refusal
	if !errors.As(err, &r) || r.Reason != broker.ReasonUpstreamDown {
		t.Errorf("told %v", err)
	}
}

// TestLoggingOutDoesNotWaitForAnIdP: who logs out is not kept for as long as who logs in.
func TestLoggingOutDoesNotWaitForAnIdP(t *testing.T) {
	k, b, _ := departing(t)
	s, err := k.Session(t.Context(), issuer, b.Browser)
	k.must(err)
	bounded := false
	k.Upstreams = broker.NewUpstreams(k.Registry, func(c *registry.Connection) (broker.Upstream, error) {
		return &bounding{idp: &idp{idps: k.idps, connection: c.ID}, bounded: &bounded}, nil
	})
	if k.Depart(t.Context(), s, b.Browser, goodbye, nil); !bounded {
		t.Error("the identity provider may take as long as it likes")
	}
}

// A bounding is an identity provider that looks whether it is waited for without an end.
type bounding struct {
	*idp
	bounded *bool
}

func (i *bounding) Logout(ctx context.Context, r federation.LogoutRequest) (federation.Started, error) {
	_, *i.bounded = ctx.Deadline()
	return i.idp.Logout(ctx, r)
}
