package broker_test

import (
	"testing"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/mapping"
)

// ways are the ways to present a password.
func (k *kit) ways() map[string]func(login, password string) error {
	return map[string]func(string, string) error{
		"page": func(login, password string) error {
			_, err := k.guess(newBrowser(), login, password)
			return err
		},
		"device": func(login, password string) error {
			b := newBrowser()
			attempt := k.device().typed(b)
			_, err := k.Password(k.t.Context(), attempt, b.Browser, broker.Credentials{Login: login, Password: secret.New(password)})
			return err
		},
		"client": func(login, password string) error {
			snapshot := k.Registry.Snapshot()
			client, _ := snapshot.Client("agent-app")
			tenant, _ := snapshot.Tenant("acme")
			_, _, err := k.Authenticate(k.t.Context(), broker.ClientLogin{
				Client: client, Tenant: tenant, Credentials: broker.Credentials{Login: login, Password: secret.New(password)},
			})
			return err
		},
	}
}

func enforce(domains ...string) func(*registry.Connection) {
	return func(c *registry.Connection) { c.Enforce, c.Domains = true, domains }
}

func TestEnforcedSingleSignOnRefusesTheRightPassword(t *testing.T) {
	link := func(connection string) func(*kit) {
		return func(k *kit) {
			k.people.keeps = true
			k.people.links[mapping.LinkKey{Connection: connection, ExternalID: "idp|ana"}] = "4711"
		}
	}
	email := func(address string) func(*kit) {
		return func(k *kit) { k.people.edit("4711", func(u *mapping.User) { u.Email = address }) }
	}
	for _, c := range []struct {
		name    string
		given   func(*kit)
		edit    func(*registry.Connection)
		refused bool
	}{
		{name: "nothing enforced (control)", edit: func(*registry.Connection) {}},
		{name: "domains, not enforced", edit: func(c *registry.Connection) { c.Domains = []string{"acme.example"} }},
		{name: "address in the domain", edit: enforce("acme.example"), refused: true},
		{name: "address in capitals", given: email("ana@ACME.example"), edit: enforce("acme.example"), refused: true},
		{name: "address with the root's dot", given: email("ana@acme.example."), edit: enforce("acme.example"), refused: true},
		{name: "address in wide letters", given: email("ana@ａｃｍｅ.example"), edit: enforce("acme.example"), refused: true},
		{name: "address in a subdomain", given: email("ana@eu.acme.example"), edit: enforce("acme.example")},
		{name: "address in a longer name", given: email("ana@acme.example.test"), edit: enforce("acme.example")},
		{name: "address that looks alike", given: email("ana@аcme.example"), edit: enforce("acme.example")}, // Cyrillic а
		{name: "linked by a login", given: func(k *kit) { k.sso("upstream-1") }, edit: enforce(), refused: true},
		{name: "linked in the directory", given: link("corp"), edit: enforce(), refused: true},
		{name: "linked to another connection", given: link("partner"), edit: enforce()},
		{name: "neither", given: email("ana@elsewhere.example"), edit: enforce("acme.example")},
		{name: "the connection is disabled", edit: func(c *registry.Connection) { enforce("acme.example")(c); c.Enabled = false }, refused: true},
		{name: "the domain is a mere claim", given: func(k *kit) { k.unprove() }, edit: enforce("acme.example"), refused: true},
		{name: "break-glass", edit: func(c *registry.Connection) {
			enforce("acme.example")(c)
			c.BreakGlass = []mapping.UserID{"4711"}
		}},
		{name: "another's break-glass", edit: func(c *registry.Connection) {
			enforce("acme.example")(c)
			c.BreakGlass = []mapping.UserID{"4712"}
		}, refused: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := newKit(t)
			if c.given != nil {
				c.given(k)
			}
			k.change("corp", c.edit)
			for way, present := range k.ways() {
				err := present("ana", anaPassword)
				if !c.refused {
					if err != nil {
						t.Errorf("%s: %v", way, err)
					}
					continue
				}
				wrong := refused(t, present("ana", "wrong"), broker.ReasonCredentials)
				right := refused(t, err, broker.ReasonCredentials)
				if k.recorded(right).Detail != "connection corp enforces single sign-on" || right.AttemptID.IsZero() != wrong.AttemptID.IsZero() {
					t.Errorf("%s: refused with %+v, a wrong password with %+v", way, right, wrong)
				}
			}
		})
	}
}

func TestBreakGlassIsAuditedAtEachUse(t *testing.T) {
	k := newKit(t)
	spare := func(ids ...mapping.UserID) func(*registry.Connection) {
		return func(c *registry.Connection) { enforce("acme.example")(c); c.BreakGlass = ids }
	}
	k.change("corp", spare("4711"))
	for _, present := range k.ways() {
		k.must(present("ana", anaPassword))
	}
	spared := 0
	for _, e := range k.logged(broker.LoginSucceeded) {
		if e.Detail["break_glass"] == "corp" && e.UserID == "4711" {
			spared++
		}
	}
	if spared != len(k.ways()) {
		t.Errorf("%d uses in the audit log, want %d", spared, len(k.ways()))
	}
	k.people.keeps = true
	k.people.links[mapping.LinkKey{Connection: "partner", ExternalID: "idp|ana"}] = "4711"
	k.change("partner", enforce()) // where nobody is spared
	for way, present := range k.ways() {
		if err := present("ana", anaPassword); err == nil {
			t.Errorf("%s: spared by corp, and let in where partner enforces", way)
		}
	}
}

func TestEnforcementEndsWhatBeganWithAPassword(t *testing.T) {
	k := newKit(t)
	b := newBrowser()
	k.login(b)
	next, err := k.Begin(t.Context(), request(), b.Browser)
	k.must(err)
	if got := outcome(t, next); got != silent {
		t.Fatalf("control: %s", got)
	}
	tenant, _ := k.Registry.Snapshot().Tenant("acme")
	user, err := k.people.User(t.Context(), "10010", "4711")
	k.must(err)
	keeps, err := k.KeepsPassword(t.Context(), tenant, user)
	if err != nil || !keeps {
		t.Fatalf("control: keeps %v, %v", keeps, err)
	}
	k.change("corp", enforce("acme.example"))
	if next, err = k.Begin(t.Context(), request(), b.Browser); err != nil || outcome(t, next) == silent {
		t.Errorf("the session still answers: %v", err)
	}
	if keeps, err = k.KeepsPassword(t.Context(), tenant, user); err != nil || keeps {
		t.Errorf("keeps %v, %v", keeps, err)
	}
}
