package broker_test

import (
	"testing"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/secret"
)

const platform = `
platform: true
clients:
  - id: desktop
    name: Agent desktop
    grant_types: [authorization_code]
    redirect_uris: [https://agent.example/callback]
    scopes: [openid]
    default_scopes: [openid]
    require_secret: false
`

func desktop(r *broker.AuthRequest) { r.ClientID, r.RequestedClientID = "desktop", "desktop" }

func pinned(account registry.Account) func(*broker.AuthRequest) {
	return func(r *broker.AuthRequest) { r.Account = account }
}

func TestAPlatformClientsTenantIsFoundAtLogin(t *testing.T) {
	for _, c := range []struct {
		name  string
		pin   registry.Account
		typed broker.Credentials
		// want is the tenant logged in to; empty means refused like a wrong password.
		want registry.Account
		user string
	}{
		{name: "by customer number", typed: broker.Credentials{Login: "ana", CustomerNumber: "10010"}, want: "acme", user: "4711"},
		{name: "by another's customer number", typed: broker.Credentials{Login: "bo", CustomerNumber: "10020"}},
		{name: "by no number", typed: broker.Credentials{Login: "ana"}},
		{name: "by a number of nobody", typed: broker.Credentials{Login: "ana", CustomerNumber: "99999"}},
		{name: "by the domain of the login", typed: broker.Credentials{Login: "ana@acme.example"}, want: "acme", user: "4711"},
		{name: "by the domain, whatever the number", typed: broker.Credentials{Login: "ana@acme.example", CustomerNumber: "10020"}, want: "acme", user: "4711"},
		{name: "by a domain of nobody", typed: broker.Credentials{Login: "ana@elsewhere.example"}},
		{name: "by what the request pins", pin: "acme", typed: broker.Credentials{Login: "ana"}, want: "acme", user: "4711"},
		{name: "by what the request pins, whatever the number", pin: "acme", typed: broker.Credentials{Login: "ana", CustomerNumber: "10020"}, want: "acme", user: "4711"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := newKit(t)
			k.apply(platform)
			k.people.rename("4711", c.typed.Login)
			b := newBrowser()
			attempt := k.begin(b, desktop, pinned(c.pin))
			page, err := k.Page(t.Context(), attempt, b.Browser)
			k.must(err)
			if asks := page.Tenant == nil; asks != (c.pin == "") || asks && len(page.Connections) > 0 {
				t.Errorf("the page knows tenant %v and shows %d connections", page.Tenant, len(page.Connections))
			}
			c.typed.Password = secret.New(anaPassword)
			next, err := k.Password(t.Context(), attempt, b.Browser, c.typed)
			if c.want == "" {
				refused(t, err, broker.ReasonCredentials)
				return
			}
			answer := b.answered(t, next, err)
			if answer.Grant.Account != c.want || string(answer.Grant.UserID) != c.user {
				t.Errorf("logged in to %s as %s", answer.Grant.Account, answer.Grant.UserID)
			}
			session, err := k.Session(t.Context(), issuer, b.Browser)
			k.must(err)
			if session.Account != c.want {
				t.Errorf("the session is of %s", session.Account)
			}
		})
	}
}

func TestAPlatformClientSharesTheSessionsOfEveryTenant(t *testing.T) {
	k := newKit(t)
	k.apply(platform)
	b := newBrowser()
	k.login(b) // at acme's own client
	for _, c := range []struct {
		name string
		pin  registry.Account
		want string
	}{
		{"of whichever tenant", "", silent},
		{"of the tenant the request pins", "acme", silent},
		{"of another tenant than the request pins", "globex", page},
	} {
		next, err := k.Begin(t.Context(), request(desktop, pinned(c.pin)), b.Browser)
		k.must(err)
		if got := outcome(t, next); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if c.want == silent && next.Answer.Grant.Account != "acme" {
			t.Errorf("%s: the grant is of %q", c.name, next.Answer.Grant.Account)
		}
	}
}
