package grant_test

import (
	"errors"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker/grant"
)

func TestEveryKindOfRevocationReachesItsTokens(t *testing.T) {
	b := newBench(t)
	facts := grant.Facts{
		JTI: "j", Grant: "g", Session: "s", User: grant.UserSubject("acme", "4711"), ClientID: "agent-app", Account: "acme",
		IssuedAt: b.clock(), Before: []string{"j1", "j0"}, Through: []string{"portal", "gateway"},
	}
	if revoked, err := b.revocations.Check(facts); revoked || err != nil {
		t.Fatalf("nothing is revoked yet: %t, %v", revoked, err)
	}
	for _, c := range []struct {
		kind           grant.Kind
		subject, other string
		final          bool
	}{
		{grant.KindToken, "j", "j2", true},
		{grant.KindToken, "j1", "j2", true},
		{grant.KindToken, "j0", "j2", true},
		{grant.KindGrant, "g", "g2", true},
		{grant.KindSession, "s", "s2", true},
		{grant.KindUser, "acme/4711", "acme/4712", false},
		{grant.KindClient, "agent-app", "sbc", false},
		{grant.KindClient, "portal", "sbc", false},
		{grant.KindClient, "gateway", "sbc", false},
		{grant.KindTenant, "acme", "globex", false},
	} {
		t.Run(string(c.kind), func(t *testing.T) {
			r := &grant.Revocations{Now: b.clock}
			r.Polled(b.clock())
			apply := func(subject string) {
				change := b.Revocation(c.kind, subject).ChangeSubject()
				if err := r.Invalidate(t.Context(), grant.ChangeKind, change); err != nil {
					t.Fatal(err)
				}
			}
			apply(c.other)
			if revoked, err := r.Check(facts); revoked || err != nil {
				t.Errorf("a revocation of %s reached it: %t, %v", c.other, revoked, err)
			}
			apply(c.subject)
			if revoked, err := r.Check(facts); !revoked || err != nil {
				t.Errorf("not revoked: %t, %v", revoked, err)
			}
			later := facts
			later.IssuedAt = facts.IssuedAt.Add(time.Second)
			if revoked, _ := r.Check(later); revoked != c.final {
				t.Errorf("a token issued later: revoked %t, want %t", revoked, c.final)
			}
		})
	}
}

func TestRevocationsOutliveARestart(t *testing.T) {
	b := newBench(t)
	_, g := b.family(t)
	if err := b.Service.Revoke(t.Context(), grant.KindGrant, g.ID.String()); err != nil {
		t.Fatal(err)
	}
	restarted := &grant.Revocations{Now: b.clock}
	if err := restarted.Load(t.Context(), b.store); err != nil {
		t.Fatal(err)
	}
	if revoked, err := restarted.Check(grant.Facts{Grant: g.ID.String(), IssuedAt: b.clock()}); !revoked || err != nil {
		t.Errorf("Check = %t, %v", revoked, err)
	}
	b.pass(25 * time.Hour) // longer than any access token lives
	restarted.Forget()
	if left := restarted.Len(); left != 0 {
		t.Errorf("%d revocations are kept for ever", left)
	}
}

func TestSilenceOfTheFeedIsNotAnAnswer(t *testing.T) {
	b := newBench(t)
	b.pass(30 * time.Second)
	if _, err := b.revocations.Check(grant.Facts{JTI: "j"}); err != nil {
		t.Errorf("inside the budget: %v", err)
	}
	b.pass(time.Second)
	if _, err := b.revocations.Check(grant.Facts{JTI: "j"}); !errors.Is(err, grant.ErrStale) {
		t.Errorf("past the budget: %v", err)
	}
	b.revocations.Polled(b.clock())
	if _, err := b.revocations.Check(grant.Facts{JTI: "j"}); err != nil {
		t.Errorf("after a poll: %v", err)
	}
}
