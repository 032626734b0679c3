package broker_test

import (
	"testing"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

// ruled is a kit whose connection has the rules, and in whose legacy database ana has a staff number.
func ruled(t *testing.T, keeps bool, rules ...mapping.Rule) *kit {
	k := newKit(t)
	k.people.keeps = keeps
	k.people.staff = map[mapping.UserID]string{"4711": "42"}
	k.change("corp", func(c *registry.Connection) {
		c.CreateUsers = true
		c.Mapping = append([]mapping.Rule{{Name: "linked", Match: &mapping.Match{ExternalID: "{{ .external_id }}"}}}, rules...)
	})
	return k
}

// homes are the two places where links can be.
func homes(t *testing.T, test func(t *testing.T, keeps bool)) {
	t.Run("in the state database", func(t *testing.T) { test(t, false) })
	t.Run("in the directory", func(t *testing.T) { test(t, true) })
}

func TestRelink(t *testing.T) {
	rule := mapping.Rule{
		Name: "staff", Link: true, Match: &mapping.Match{Statement: "user_by_staff_number", Value: "{{ .staff }}"},
		Relink: &mapping.Relink{Previous: "{{ .old_sub }}"},
	}
	homes(t, func(t *testing.T, keeps bool) {
		k := ruled(t, keeps, rule)
		come := func(sub, old string) (broker.Next, error) {
			k.idps.identity = somebody(sub)
			k.idps.identity.Claims["staff"] = "42"
			if old != "" {
				k.idps.identity.Claims["old_sub"] = old
			}
			b := newBrowser()
			return k.complete(b, k.sent(b, k.begin(b)))
		}
		if next, err := come("idp|1", "idp|0"); err != nil || next.Answer.Grant.UserID != "4711" {
			t.Fatalf("positive control: %+v, %v", next, err)
		}
		for _, old := range []string{"", "idp|0", "IDP|1"} {
			_, err := come("idp|2", old)
			refused(t, err, broker.ReasonAmbiguous)
		}
		if next, err := come("idp|2", "idp|1"); err != nil || next.Answer.Grant.UserID != "4711" {
			t.Fatalf("with proof: %+v, %v", next, err)
		}
		_, err := come("idp|1", "")
		refused(t, err, broker.ReasonAmbiguous) // the old external id is nobody's any more
		if made, replaced := k.logged(broker.LinkCreated), k.logged(broker.LinkReplaced); len(made) != 1 || len(replaced) != 1 {
			t.Errorf("%d links were made and %d replaced, want one of each", len(made), len(replaced))
		}
	})
}

func TestCreate(t *testing.T) {
	rule := mapping.Rule{
		Name: "joiner", Require: &mapping.Require{Domain: []string{"acme.example"}},
		Create: &mapping.Create{Login: "{{ local .email }}", Email: "{{ .email }}"},
	}
	homes(t, func(t *testing.T, keeps bool) {
		k := ruled(t, keeps, rule)
		come := func(sub, email string) (broker.Next, error) {
			k.idps.identity = somebody(sub)
			k.idps.identity.Email = email
			b := newBrowser()
			return k.complete(b, k.sent(b, k.begin(b)))
		}
		for range 2 { // the second time by the link
			next, err := come("idp|new", "new@acme.example")
			if err != nil || next.Answer.Grant.UserID != "made-new" {
				t.Fatalf("positive control: %+v, %v", next, err)
			}
		}
		if made, linked := k.logged(broker.UserCreated), k.logged(broker.LinkCreated); len(made) != 1 || len(linked) != 1 || made[0].UserID != "made-new" {
			t.Errorf("events %+v, %+v", made, linked)
		}
		_, err := come("idp|mallory", "bo@acme.example") // whom nobody has linked yet
		refused(t, err, broker.ReasonLoginTaken)
		_, err = come("idp|other", "new@evil.example")
		refused(t, err, broker.ReasonNotProvisioned)
	})
}

// TestAPersonOutlivesTheirLogin shows that whoever is created is linked although the login fails.
func TestAPersonOutlivesTheirLogin(t *testing.T) {
	homes(t, func(t *testing.T, keeps bool) {
		k := ruled(t, keeps, mapping.Rule{Name: "joiner", Create: &mapping.Create{Login: "{{ .account }}"}})
		k.idps.identity = somebody("idp|new")
		k.idps.identity.Claims["account"] = "new"
		b := newBrowser()
		attempt := k.begin(b, func(r *broker.AuthRequest) { r.Subject = "4712" }) // the hint names somebody else
		if _, err := k.complete(b, k.sent(b, attempt)); err != nil {
			t.Fatal(err)
		}
		b = newBrowser()
		next, err := k.complete(b, k.sent(b, k.begin(b)))
		if got := b.answered(t, next, err).Grant.UserID; got != "made-new" {
			t.Errorf("the second login is %s", got)
		}
	})
}

func TestARuleSaysWhy(t *testing.T) {
	message := map[string]string{"en": "Contractors sign in at the portal."}
	k := ruled(t, false, mapping.Rule{Name: "no", Refuse: "contractor", Message: message})
	b := newBrowser()
	_, err := k.complete(b, k.sent(b, k.begin(b)))
	if r := refused(t, err, "contractor"); !r.ByRule || r.Message["en"] != message["en"] {
		t.Errorf("refused with %+v", r)
	}
}

// TestRolesComeWithTheSession shows that every login says anew which roles the session has, and that what
// is answered from the session has them, too.
func TestRolesComeWithTheSession(t *testing.T) {
	k := newKit(t)
	k.change("corp", func(c *registry.Connection) {
		c.Enrich = []mapping.Enrichment{{When: &mapping.Condition{Claim: "lead", Equals: "true"}, Roles: []string{"supervisor"}}}
	})
	b := newBrowser()
	for _, lead := range []bool{true, false, true} {
		k.idps.identity = ana()
		k.idps.identity.Claims["lead"] = lead
		next, err := k.complete(b, k.sent(b, k.begin(b, prompt("login"))))
		given := b.answered(t, next, err).Grant.Given
		s, err := k.Session(t.Context(), issuer, b.Browser)
		k.must(err)
		if lead != (len(given.Roles) == 1) || lead != (len(s.Given.Roles) == 1) {
			t.Errorf("lead is %v, and the grant has %v, the session %v", lead, given, s.Given)
		}
	}
	next, err := k.Begin(t.Context(), request(), b.Browser)
	if given := b.answered(t, next, err).Grant.Given; len(given.Roles) != 1 || given.Roles[0] != "supervisor" {
		t.Errorf("a grant of the session has %v", given)
	}
}
