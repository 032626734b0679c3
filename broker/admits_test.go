package broker_test

import (
	"testing"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
)

// TestASessionThroughADisabledConnectionDoesNotAnswer: not on its own, nor for a device; but it can be
// ended, and answers again when the connection is trusted again.
func TestASessionThroughADisabledConnectionDoesNotAnswer(t *testing.T) {
	k, b := newKit(t), newBrowser()
	next, err := k.complete(b, k.sent(b, k.begin(b)))
	b.answered(t, next, err)
	silently := func() broker.Step {
		next, err := k.Begin(t.Context(), request(), b.Browser)
		k.must(err)
		return next.Step
	}
	if silently() != broker.StepAnswer {
		t.Fatal("positive control: the session does not answer")
	}
	k.change("corp", func(c *registry.Connection) { c.Enabled = false })
	if silently() != broker.StepLogin {
		t.Error("the session answers although its connection is disabled")
	}
	next, err = k.Begin(t.Context(), request(prompt("none")), b.Browser)
	if k.must(err); next.Answer == nil || next.Answer.Error != "login_required" {
		t.Errorf("prompt=none: %+v", next.Answer)
	}
	s, err := k.Session(t.Context(), issuer, b.Browser)
	k.must(err) // to be ended at logout
	k.change("corp", func(c *registry.Connection) { c.Enabled = true })
	if silently() != broker.StepAnswer {
		t.Error("the session does not answer when its connection is enabled again")
	}
	for idp, want := range map[string]bool{"corp": true, broker.LocalIDP: true, "retired": false, "nowhere": false, "": false} {
		if k.Admits(s.Account, idp) != want {
			t.Errorf("logins through %q count: %t", idp, !want)
		}
	}
}
