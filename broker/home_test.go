package broker_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/secret"
)

// leads is where a user name leads at a client: to a connection, or to "the password".
func (k *kit) leads(login string, edit ...func(*broker.AuthRequest)) string {
	k.t.Helper()
	b := newBrowser()
	next, err := k.Identify(k.t.Context(), k.begin(b, edit...), b.Browser, login)
	k.must(err)
	return k.went(next)
}

const thePassword = "the password"

// went is where a step leads.
func (k *kit) went(next broker.Next) string {
	k.t.Helper()
	switch next.Step {
	case broker.StepLogin:
		return thePassword
	case broker.StepRedirect:
		u, err := url.Parse(next.URL)
		k.must(err)
		a, err := k.store.Attempt(k.t.Context(), next.AttemptID)
		k.must(err)
		if u.Host != "idp.example" || a.State != broker.StateSent {
			k.t.Fatalf("sent to %s in state %s", next.URL, a.State)
		}
		return string(a.Account) + "/" + a.Connection
	default:
		k.t.Fatalf("step %d", next.Step)
		return ""
	}
}

func TestUserNameLeadsHome(t *testing.T) {
	const home = "acme/corp"
	plain := func(c *registry.Connection) { c.Domains = []string{"acme.example"} }
	for _, c := range []struct {
		name  string
		login string
		edit  func(*registry.Connection)
		given func(*kit)
		// known is where it leads at acme's own client, unknown where at one that serves every tenant.
		known, unknown string
	}{
		{name: "the domain (control)", login: "ana@acme.example", known: home, unknown: home},
		{name: "nobody of the domain", login: "nobody-at-all@acme.example", known: home, unknown: home},
		{name: "in capitals", login: "ANA@Acme.EXAMPLE", known: home, unknown: home},
		{name: "with blanks around", login: " ana@acme.example ", known: home, unknown: home},
		{name: "with the root's dot", login: "ana@acme.example.", known: home, unknown: home},
		{name: "in wide letters", login: "ana@ａｃｍｅ．example", known: home, unknown: home},
		{name: "a subdomain", login: "ana@eu.acme.example", known: thePassword, unknown: thePassword},
		{name: "a longer name", login: "ana@acme.example.test", known: thePassword, unknown: thePassword},
		{name: "a suffix", login: "ana@notacme.example", known: thePassword, unknown: thePassword},
		{name: "two dots", login: "ana@acme.example..", known: thePassword, unknown: thePassword},
		{name: "two at signs", login: "ana@evil.example@acme.example", known: thePassword, unknown: thePassword},
		{name: "nothing before the sign", login: "@acme.example", known: thePassword, unknown: thePassword},
		{name: "only alike", login: "ana@аcme.example", known: thePassword, unknown: thePassword}, // Cyrillic а
		{name: "broken punycode", login: "ana@xn--a.example", known: thePassword, unknown: thePassword},
		{name: "ten thousand letters", login: "ana@" + strings.Repeat("a", 10_000) + ".example", known: thePassword, unknown: thePassword},
		{name: "a NUL", login: "ana@acme.example\x00", known: thePassword, unknown: thePassword},
		{name: "nobody's domain", login: "ana@elsewhere.example", known: thePassword, unknown: thePassword},
		{name: "no domain", login: "ana", known: thePassword, unknown: thePassword},
		{name: "a mere claim", login: "ana@acme.example", given: func(k *kit) { k.unprove() }, known: thePassword, unknown: thePassword},
		{name: "another tenant's", login: "gil@globex.example", given: func(k *kit) {
			k.apply(strings.Replace(globex, "connections:", "domains: [globex.example]\nconnections:", 1))
		}, known: thePassword, unknown: thePassword},
		{name: "no connection's", login: "ana@acme.example", edit: func(*registry.Connection) {}, known: thePassword, unknown: thePassword},
		{name: "not enforced", login: "ana@acme.example", edit: plain, known: home, unknown: thePassword},
		{name: "of a disabled connection", login: "ana@acme.example", edit: func(c *registry.Connection) {
			enforce("acme.example")(c)
			c.Enabled = false
		}, known: thePassword, unknown: thePassword},
		{name: "the default, without a domain", login: "ana", edit: func(c *registry.Connection) { c.Default = true }, known: home, unknown: thePassword},
		{name: "the default, for nobody", login: "nobody-at-all", edit: func(c *registry.Connection) { c.Default = true }, known: home, unknown: thePassword},
		{name: "the default, disabled", login: "ana", edit: func(c *registry.Connection) { c.Default, c.Enabled = true, false }, known: thePassword, unknown: thePassword},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := newKit(t)
			k.apply(platform)
			if c.edit == nil {
				c.edit = enforce("acme.example")
			}
			k.change("corp", c.edit)
			if c.given != nil {
				c.given(k)
			}
			if got := k.leads(c.login); got != c.known {
				t.Errorf("at acme's client it leads to %s, want %s", got, c.known)
			}
			if got := k.leads(c.login, desktop, pinned("acme")); got != c.known {
				t.Errorf("at a platform client that names acme it leads to %s, want %s", got, c.known)
			}
			if got := k.leads(c.login, desktop); got != c.unknown {
				t.Errorf("at a platform client it leads to %s, want %s", got, c.unknown)
			}
			if k.people.asked > 0 {
				t.Errorf("%d questions about people", k.people.asked)
			}
		})
	}
}

func TestSecondTenantWithTheSameClaim(t *testing.T) {
	k := newKit(t)
	k.change("corp", enforce("acme.example"))
	k.unprove()
	k.apply(strings.Replace(globex, "connections:", "domains: [acme.example]\nconnections:", 1)) // and proves it
	k.apply(platform)
	if got := k.leads("ana@acme.example"); got != thePassword {
		t.Errorf("the claim of acme leads to %s", got)
	}
	if got := k.leads("ana@acme.example", desktop); got != thePassword {
		t.Errorf("globex has no connection for its domain, and it leads to %s", got)
	}
	c, _ := k.Registry.Snapshot().Connection("globex", "corp")
	edited := *c
	enforce("acme.example")(&edited)
	k.must(k.store.ChangeRegistry(t.Context(), registry.Change{Save: registry.Records{Connections: []registry.Connection{edited}}, At: epoch}))
	k.must(k.Registry.Invalidate(t.Context(), registry.ChangeKind, ""))
	if got := k.leads("ana@acme.example", desktop); got != "globex/corp" {
		t.Errorf("the domain of globex leads to %s", got)
	}
}

func TestHintsLeadHome(t *testing.T) {
	hint := func(f func(*broker.AuthRequest)) func(*broker.AuthRequest) { return f }
	idp := func(id string) func(*broker.AuthRequest) {
		return hint(func(r *broker.AuthRequest) { r.IDPHint = id })
	}
	domain := func(d string) func(*broker.AuthRequest) {
		return hint(func(r *broker.AuthRequest) { r.DomainHint = d })
	}
	login := func(l string) func(*broker.AuthRequest) {
		return hint(func(r *broker.AuthRequest) { r.LoginHint = l })
	}
	for _, c := range []struct {
		name           string
		hint           func(*broker.AuthRequest)
		known, unknown string
	}{
		{"idp (control)", idp("partner"), "acme/partner", thePassword},
		{"idp that is disabled", idp("retired"), thePassword, thePassword},
		{"idp of another tenant", idp("theirs"), thePassword, thePassword},
		{"idp that is none", idp("../corp"), thePassword, thePassword},
		{"domain", domain("ACME.example"), "acme/corp", "acme/corp"},
		{"domain of another tenant", domain("globex.example"), thePassword, thePassword},
		{"domain that is none", domain("-"), thePassword, thePassword},
		{"login in the domain", login("ana@acme.example"), "acme/corp", "acme/corp"},
		{"login without a domain", login("ana"), thePassword, thePassword},
		{"login elsewhere", login("ana@elsewhere.example"), thePassword, thePassword},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := newKit(t)
			k.apply(platform)
			k.apply(strings.Replace(globex, "connections:", "domains: [globex.example]\nconnections:", 1) +
				"  - { id: theirs, type: oidc, issuer: \"https://idp.example\", client_id: patchbay, domains: [globex.example], enforce: false }\n")
			k.change("corp", enforce("acme.example"))
			for want, edits := range map[*string][]func(*broker.AuthRequest){&c.known: {c.hint}, &c.unknown: {c.hint, desktop}} {
				b := newBrowser()
				next, err := k.Begin(t.Context(), request(edits...), b.Browser)
				k.must(err)
				if got := k.went(next); got != *want {
					t.Errorf("leads to %s, want %s", got, *want)
				}
			}
		})
	}
}

// A platform client learns whose person it is from where they were sent; whoever comes back without
// success is a stranger again.
func TestHomeSettlesTheTenant(t *testing.T) {
	k := newKit(t)
	k.apply(platform)
	k.change("corp", enforce("acme.example"))
	b := newBrowser()
	attempt := k.begin(b, desktop)
	next, err := k.Identify(t.Context(), attempt, b.Browser, "ana@acme.example")
	k.must(err)
	k.idps.err = errors.New("nonce differs")
	back, err := url.Parse(next.URL)
	k.must(err)
	_, err = k.complete(b, back.Query())
	refused(t, err, broker.ReasonUpstream)
	page, err := k.Page(t.Context(), attempt, b.Browser)
	k.must(err)
	if page.Tenant != nil || len(page.Connections) > 0 || !page.IdentifierFirst {
		t.Errorf("afterwards the page shows tenant %v and %d connections", page.Tenant, len(page.Connections))
	}
	_, err = k.Send(t.Context(), attempt, b.Browser, "partner") // a connection that nobody was shown
	refused(t, err, broker.ReasonConnection)

	k.idps.err = nil
	next, err = k.Identify(t.Context(), attempt, b.Browser, "ana@acme.example")
	k.must(err)
	if hint := k.idps.starts[len(k.idps.starts)-1].LoginHint; hint != "ana@acme.example" {
		t.Errorf("the identity provider was told %q", hint)
	}
	back, err = url.Parse(next.URL)
	k.must(err)
	next, err = k.complete(b, back.Query())
	answer := b.answered(t, next, err)
	if answer.Grant.Account != "acme" || answer.Grant.UserID != "4711" || answer.Home != "acme/corp" {
		t.Errorf("logged in to %s as %s, home %q", answer.Grant.Account, answer.Grant.UserID, answer.Home)
	}

	// The next time the browser offers the same, and may follow the offer at once.
	b.Home = answer.Home
	again := func(r *broker.AuthRequest) { r.Prompt = []string{"login"} }
	attempt = k.begin(b, desktop, again)
	page, err = k.Page(t.Context(), attempt, b.Browser)
	k.must(err)
	if page.Remembered == nil || page.Remembered.ID != "corp" || page.Tenant != nil {
		t.Fatalf("the page offers %+v", page.Remembered)
	}
	next, err = k.Send(t.Context(), attempt, b.Browser, "corp")
	k.must(err)
	if got := k.went(next); got != "acme/corp" {
		t.Errorf("the offer leads to %s", got)
	}
}

func TestRememberedChoice(t *testing.T) {
	for _, c := range []struct {
		name, home string
		edit       func(*registry.Connection)
		want       bool
	}{
		{name: "a connection (control)", home: "acme/partner", want: true},
		{name: "none", home: ""},
		{name: "a password", home: "acme/"},
		{name: "one that is gone", home: "acme/gone"},
		{name: "one that is disabled", home: "acme/retired"},
		{name: "another tenant's", home: "globex/corp"},
		{name: "a tenant that is none", home: "nobody/corp"},
		{name: "nonsense", home: "acme/corp/../partner"},
		{name: "one that was disabled since", home: "acme/partner", edit: func(c *registry.Connection) { c.Enabled = false }},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := newKit(t)
			if c.edit != nil {
				k.change("partner", c.edit)
			}
			b := newBrowser()
			b.Home = c.home
			page, err := k.Page(t.Context(), k.begin(b), b.Browser)
			k.must(err)
			if (page.Remembered != nil) != c.want {
				t.Errorf("the page offers %+v", page.Remembered)
			}
		})
	}
	k := newKit(t)
	b := newBrowser()
	if answer := k.login(b); answer.Home != "" {
		t.Errorf("a password says %q to a browser that remembers nothing", answer.Home)
	}
	b.Home = "acme/corp"
	next, err := k.Password(t.Context(), k.begin(b, func(r *broker.AuthRequest) { r.MaxAge = 0 }), b.Browser,
		broker.Credentials{Login: "ana", Password: secret.New(anaPassword)})
	if answer := b.answered(t, next, err); answer.Home != "acme/" {
		t.Errorf("after a password the browser remembers %q", answer.Home)
	}
}

func TestIdentifierFirst(t *testing.T) {
	for _, c := range []struct {
		name           string
		edit           func(*registry.Connection)
		given          func(*kit)
		known, unknown bool
	}{
		{name: "an enforced domain (control)", edit: enforce("acme.example"), known: true, unknown: true},
		{name: "no domain", edit: func(*registry.Connection) {}},
		{name: "a domain, not enforced", edit: func(c *registry.Connection) { c.Domains = []string{"acme.example"} }, known: true},
		{name: "a default", edit: func(c *registry.Connection) { c.Default = true }, known: true},
		{name: "a mere claim", edit: enforce("acme.example"), given: func(k *kit) { k.unprove() }},
		{name: "disabled", edit: func(c *registry.Connection) { enforce("acme.example")(c); c.Enabled = false }},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := newKit(t)
			k.apply(platform)
			k.change("corp", c.edit)
			if c.given != nil {
				c.given(k)
			}
			b := newBrowser()
			for want, edit := range map[*bool]func(*broker.AuthRequest){&c.known: func(*broker.AuthRequest) {}, &c.unknown: desktop} {
				page, err := k.Page(t.Context(), k.begin(b, edit), b.Browser)
				k.must(err)
				if page.IdentifierFirst != *want {
					t.Errorf("identifier first: %v, want %v", page.IdentifierFirst, *want)
				}
			}
		})
	}
}
