package broker_test

import (
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

func moved() mapping.Rule {
	return mapping.Rule{
		Name: "staff", Link: true, Match: &mapping.Match{Statement: "user_by_staff_number", Value: "{{ .staff }}"},
		Relink: &mapping.Relink{Previous: "{{ .old_sub }}"},
	}
}

// comes logs somebody with ana's staff number in, with a browser of their own, and returns that and a
// refresh token.
func (k *kit) comes(sub, old string) (*browser, string, error) {
	k.t.Helper()
	k.idps.identity = somebody(sub)
	k.idps.identity.Claims["staff"] = "42"
	if old != "" {
		k.idps.identity.Claims["old_sub"] = old
	}
	b := newBrowser()
	next, err := k.complete(b, k.sent(b, k.begin(b, challenged)))
	if err != nil {
		return b, "", err
	}
	r, err := k.redeem(b.answered(k.t, next, nil).Code)
	k.must(err)
	return b, r.RefreshToken, nil
}

// TestARelinkEndsWhatTheOldIDOpened, and nothing else; a proof that proves nothing ends nothing.
func TestARelinkEndsWhatTheOldIDOpened(t *testing.T) {
	homes(t, func(t *testing.T, keeps bool) {
		k := ruled(t, keeps, moved())
		first, firstToken, err := k.comes("idp|1", "")
		if err != nil {
			t.Fatalf("positive control: %v", err)
		}
		opened, err := k.Session(t.Context(), issuer, first.Browser)
		k.must(err)
		second, secondToken, _ := k.comes("idp|1", "")
		local := newBrowser()
		k.login(local)
		k.pass(time.Minute)

		for _, old := range []string{"", "idp|0"} {
			_, _, err := k.comes("idp|2", old)
			refused(t, err, broker.ReasonAmbiguous)
		}
		if session, token := k.alive(first, firstToken); !session || !token {
			t.Fatal("a proof that proves nothing has ended something")
		}

		renewed, renewedToken, err := k.comes("idp|2", "idp|1")
		if err != nil {
			t.Fatalf("with proof: %v", err)
		}
		for _, row := range []struct {
			name  string
			b     *browser
			token string
			live  bool
		}{{"first", first, firstToken, false}, {"second", second, secondToken, false}, {"the new one", renewed, renewedToken, true}} {
			if session, token := k.alive(row.b, row.token); session != row.live || token != row.live {
				t.Errorf("%s: session %v, refresh token %v, want %v", row.name, session, token, row.live)
			}
		}
		if _, err := k.Session(t.Context(), issuer, local.Browser); err != nil {
			t.Errorf("the session by password: %v", err)
		}
		facts := grant.Facts{Session: opened.ID.String(), IssuedAt: k.clock.Now()}
		if revoked, err := k.revoked.Check(facts); err != nil || !revoked {
			t.Errorf("access tokens of the old external id are revoked: %v, %v", revoked, err)
		}
		ended := k.logged(broker.SessionEnded)
		if len(ended) != 2 || ended[0].UserID != "4711" || ended[0].Detail["by"] != "corp" || ended[0].Detail["why"] != "link.replaced" || ended[0].LoginID.IsZero() {
			t.Errorf("events %+v", ended)
		}
		if _, _, err := k.comes("idp|2", ""); err != nil {
			t.Errorf("the next login: %v", err)
		}
		if session, token := k.alive(renewed, renewedToken); !session || !token {
			t.Error("the next login has ended the one before")
		}
	})
}

// TestAnImportedLinkEndsWhatTheOldIDOpened is the same for a file of external ids.
func TestAnImportedLinkEndsWhatTheOldIDOpened(t *testing.T) {
	homes(t, func(t *testing.T, keeps bool) {
		k := ruled(t, keeps, moved())
		first, token, err := k.comes("idp|1", "")
		k.must(err)
		bring := func(external string) {
			plan, err := k.trial("corp").PlanLinks(t.Context(), []broker.LinkRow{{Line: 2, ExternalID: external, UserID: "4711"}}, true, k.clock.Now())
			if err != nil || len(plan.Faults) > 0 {
				t.Fatalf("%+v, %v", plan, err)
			}
			if _, err := k.trial("corp").SaveLinks(t.Context(), k.store, k.grants, plan.Links, "cli:ops"); err != nil {
				t.Fatal(err)
			}
		}
		bring("idp|1")
		if session, refresh := k.alive(first, token); !session || !refresh {
			t.Fatal("positive control: the same external id ends nothing")
		}
		bring("idp|2")
		if session, refresh := k.alive(first, token); session || refresh {
			t.Errorf("session %v, refresh token %v", session, refresh)
		}
		if ended := k.logged(broker.SessionEnded); len(ended) != 1 || ended[0].Actor != "cli:ops" {
			t.Errorf("events %+v", ended)
		}
	})
}

// TestALinkThatSomebodyElseHas is refused by a trial as by a login.
func TestALinkThatSomebodyElseHas(t *testing.T) {
	homes(t, func(t *testing.T, keeps bool) {
		k := ruled(t, keeps)
		k.change("corp", func(c *registry.Connection) { // the rule that reads links is passed over
			c.Mapping = []mapping.Rule{{Name: "linked", When: &mapping.Condition{Claim: "never", Equals: "1"}, Match: &mapping.Match{ExternalID: "{{ .external_id }}"}}, moved()}
		})
		plan, err := k.trial("corp").PlanLinks(t.Context(), []broker.LinkRow{{Line: 2, ExternalID: "idp|1", UserID: "4712"}}, false, k.clock.Now())
		k.must(err)
		_, err = k.trial("corp").SaveLinks(t.Context(), k.store, k.grants, plan.Links, "cli:ops")
		k.must(err)
		_, _, err = k.comes("idp|1", "")
		refused(t, err, broker.ReasonAmbiguous)
		identity := k.idps.identity
		identity.Connection = "corp"
		trial := k.trial("corp")
		if d, err := trial.Resolve(t.Context(), trial.Connection.Rules(), identity); err != nil || d.Refused != mapping.RefusedAmbiguous {
			t.Errorf("the trial says %+v, %v", d, err)
		}
	})
}
