package demo

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/patchbay-auth/patchbay/federation/idptest"
	"github.com/patchbay-auth/patchbay/internal/browsertest"
)

// globexSSO makes Globex enforce single sign-on for its domain, while everything runs.
const globexSSO = `
account: globex
name: Globex
legacy_tenant: "10020"
domains: [globex.example]
sip_domains: [pbx.globex.example]
connections:
  - id: corp
    name: Globex Login
    type: oidc
    issuer: %s
    client_id: patchbay
    client_secret: %s
    allow_private_network: true
    domains: [globex.example]
    break_glass: ["%s"]
    mapping:
      - { name: linked external id, match: { external_id: "{{ .sub }}" } }
      - { name: e-mail, match: { email: "{{ .email }}" }, require: { email_verified: true, domain: [globex.example] }, link: true }
`

// enforceAtGlobex starts an identity provider for Globex and applies the file above; breakGlass is the user
// who keeps a password.
func enforceAtGlobex(t *testing.T, d *demo, breakGlass string) {
	t.Helper()
	idp, err := idptest.Start(idptest.Config{
		Name: "Globex Login",
		Users: []idptest.User{{
			Subject: "globex|anna", Login: "Anna.Berg@GLOBEX.example", Password: corporatePassword,
			Claims: map[string]any{"email": "anna.berg@globex.example", "email_verified": true},
		}},
		Clients: []idptest.Client{{ID: upstreamClient, Secret: upstreamSecret, RedirectURIs: []string{d.facts.Base + "/login/globex/corp/callback"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	d.onClose(idp.Close)
	if err := d.applyFile(t.Context(), "globex.yaml", fmt.Appendf(nil, globexSSO, idp.Issuer(), upstreamSecret, breakGlass), nil); err != nil {
		t.Fatal(err)
	}
}

// atDesktop opens the login page of the client that serves every tenant.
func atDesktop(t *testing.T, d *demo) (*tourist, pending, page) {
	t.Helper()
	client := d.facts.Clients["desktop"]
	desktop, err := discover(t.Context(), d.facts.Issuer, "desktop", client.Secret, client.RedirectURIs[0], "openid")
	if err != nil {
		t.Fatal(err)
	}
	tr := &tourist{facts: d.facts}
	if err := tr.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := tr.newAgent(nil); err != nil {
		t.Fatal(err)
	}
	login := desktop.begin()
	p, err := tr.agent.open(t.Context(), login.url)
	if err != nil {
		t.Fatal(err)
	}
	return tr, login, p
}

// TestTheUserNameFindsTheIdentityProvider: at a client of every tenant, with nothing but an address.
func TestTheUserNameFindsTheIdentityProvider(t *testing.T) {
	browser := browsertest.Start(t)
	d := start(t, Options{})
	enforceAtGlobex(t, d, "5712")
	_, login, _ := atDesktop(t, d)
	browser.Do(
		chromedp.Navigate(login.url),
		chromedp.WaitVisible(chromedp.CSS(`form[action$="/name"] #username`)),
		chromedp.SendKeys(chromedp.CSS("#username"), "Anna.Berg@GLOBEX.example\r"),
		chromedp.WaitVisible(chromedp.CSS(`input[name="login"]`)), // the identity provider's
	)
	if at := browsertest.Get(browser, chromedp.Location()); strings.HasPrefix(at, d.facts.Base) {
		t.Fatalf("the browser is at %s, not at the identity provider", at)
	}
	browser.Do( // where the name is filled in already
		chromedp.SendKeys(chromedp.CSS(`input[name="password"]`), corporatePassword+"\r"),
		chromedp.WaitVisible(chromedp.CSS(`form[action$="/consent"]`)), // which desktop must ask for
	)
	if l := lastLogin(t, d, "globex"); l.UserID != "5711" || l.Connection != "corp" {
		t.Errorf("the login is recorded as user %q through %q", l.UserID, l.Connection)
	}
}

// TestEnforcedPasswordsLookWrong: the right password of an enforced user gets the page of a wrong one.
func TestEnforcedPasswordsLookWrong(t *testing.T) {
	d := start(t, Options{})
	var ana UserFacts
	for _, u := range d.facts.Users {
		if u.UserID == "5711" {
			ana = u
		}
	}
	// enter returns the page after a password; it has the question of consent when the person is in.
	enter := func(password string) (p page, in bool) {
		t.Helper()
		tr, _, p := atDesktop(t, d)
		var err error
		if _, missing := findForm(p, "/name"); missing == nil {
			p, err = tr.agent.submit(t.Context(), p, "/name", map[string]string{"username": ana.Login})
		}
		if err == nil {
			p, err = tr.agent.submit(t.Context(), p, "", map[string]string{"username": ana.Login, "password": password, "customer_number": "10020"})
		}
		if err != nil {
			t.Fatal(err)
		}
		_, missing := findForm(p, "/consent")
		return p, missing == nil
	}
	if _, in := enter(ana.Password); !in {
		t.Fatal("control: before anything is enforced, the right password is refused")
	}
	enforceAtGlobex(t, d, "5711")
	if _, in := enter(ana.Password); !in {
		t.Fatal("control: a break-glass user is refused")
	}
	enforceAtGlobex(t, d, "5712")
	wrong, in := enter("wrong")
	if in {
		t.Fatal("a wrong password is right")
	}
	right, in := enter(ana.Password)
	if in {
		t.Fatal("the right password of an enforced user is taken")
	}
	if wrong.status != http.StatusUnauthorized || wrong.status != right.status || plain(wrong) != plain(right) {
		t.Errorf("a wrong password: %d\n%s\nthe right one: %d\n%s", wrong.status, plain(wrong), right.status, plain(right))
	}
}

// plain is a page without what is never the same twice.
func plain(p page) string {
	return regexp.MustCompile(`/attempt/[^"/]+|name="form_token" value="[^"]*"`).ReplaceAllString(p.body, "")
}
