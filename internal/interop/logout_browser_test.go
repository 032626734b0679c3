package interop

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/patchbay-auth/patchbay/internal/browsertest"
)

// here is on the pages of arrivals.
var here = chromedp.CSS("#here")

// A sitting is somebody at a real browser, with one application.
type sitting struct {
	*browsertest.Browser
	im   discovered
	app  string
	came <-chan url.Values
}

// sittingClient is that application.
func sittingClient(app string) string {
	return fmt.Sprintf(`
  - id: interop-rp
    grant_types: [authorization_code, refresh_token]
    redirect_uris: ["%[1]s/callback"]
    post_logout_redirect_uris: ["%[1]s/bye"]
    scopes: [openid, profile, email, offline_access]
    secrets: [{ description: test, value: %[2]q }]
`, app, clientSecret)
}

// arrive redeems the code with which the browser has come to the application.
func (s sitting) arrive(t *testing.T, who user) tokens {
	t.Helper()
	s.Do(chromedp.WaitVisible(here))
	login := s.im.redeemAt(t, s.app+"/callback", <-s.came)
	if got := s.im.subject(t, login); got != who.UserID {
		t.Errorf("it is user %q, want %q", got, who.UserID)
	}
	return login
}

// leave has the application log the person out, who does what is asked on the way.
func (s sitting) leave(t *testing.T, login tokens, asked ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	s.Do(chromedp.Navigate(s.im.EndSessionEndpoint + "?" + url.Values{
		"id_token_hint": {login.IDToken}, "post_logout_redirect_uri": {s.app + "/bye"}, "state": {"over"},
	}.Encode()))
	s.Do(append(asked, chromedp.WaitVisible(here))...)
	if state := (<-s.came).Get("state"); state != "over" {
		t.Errorf("the logout ended with state %q", state)
	}
}

// checkOver expects that nobody is logged in, and that the login's refresh token has ended.
func (s sitting) checkOver(t *testing.T, login tokens) {
	t.Helper()
	s.Do(chromedp.Navigate(s.im.asking(s.app+"/callback", "openid", "")+"&prompt=none"), chromedp.WaitVisible(here))
	if problem := (<-s.came).Get("error"); problem != "login_required" {
		t.Errorf("a silent login ends with error %q", problem)
	}
	if status, answer := s.im.refresh(t, login); !strings.Contains(string(answer), "invalid_grant") {
		t.Errorf("the refresh token is answered with %d %s", status, answer)
	}
}

// TestOIDCProviderInABrowser logs out at either side: by redirects from here, by the back channel from there.
func TestOIDCProviderInABrowser(t *testing.T) {
	needNode(t)
	browser, at := browsertest.Start(t), takeSocket(t)
	at.origin = strings.Replace(at.origin, "127.0.0.1", "localhost", 1) // another site than patchbay's
	app, came := arrivals(t)
	p := run(t, sittingClient(app)+"connections:\n"+oidcConnection("op", at.origin, rp, "{{ .sub }}", "logout: upstream"))
	idp, who := startOP(t, p, at), p.Users[0]
	s := sitting{browser, discover(t, p.Issuer), app, came}
	goOn := chromedp.Click(chromedp.CSS(`button[autofocus]`))

	logIn := func() tokens {
		t.Helper()
		s.Do(
			chromedp.Navigate(s.im.asking(app+"/callback", "openid offline_access", "op")),
			chromedp.SendKeys(chromedp.CSS(`input[name="login"]`), who.Login), // always: its session is over
			chromedp.SendKeys(chromedp.CSS(`input[name="password"]`), "any\r"),
			chromedp.WaitVisible(chromedp.CSS(`button[autofocus]`)), goOn, // its consent page
		)
		return s.arrive(t, who)
	}
	login := logIn()
	s.leave(t, login, goOn)
	s.checkOver(t, login)

	login = logIn()
	s.Do(chromedp.Navigate(idp.EndSessionEndpoint+"?client_id="+rp), goOn, chromedp.WaitNotPresent(chromedp.CSS(`button[autofocus]`)))
	s.checkOver(t, login)
}

// TestLemonLDAPInABrowser logs out at either side: by redirects from here, by a frame in its page from there.
func TestLemonLDAPInABrowser(t *testing.T) {
	idp, browser := newLemonLDAP(t), browsertest.Start(t)
	app, came := arrivals(t)
	p := run(t, sittingClient(app)+"connections:\n"+samlConnection("corp", idp.metadata(), "{{ .uid }}", "logout: upstream"))
	idp.start(t, p.Users, idp.config(newPair(t), map[string]partner{"corp": {serviceProvider: p.serviceProvider(t, "corp")}}, settings{}))
	s, who := sitting{browser, discover(t, p.Issuer), app, came}, p.Users[0]

	logIn := func() tokens {
		t.Helper()
		s.Do(
			chromedp.Navigate(s.im.asking(app+"/callback", "openid offline_access", "corp")),
			chromedp.SendKeys(chromedp.CSS(`input[name="user"]`), who.Login),
			chromedp.SendKeys(chromedp.CSS(`input[name="password"]`), who.Login+"\r"),
		)
		return s.arrive(t, who)
	}
	login := logIn()
	s.leave(t, login)
	s.checkOver(t, login)

	login = logIn()
	s.Do(chromedp.Navigate(idp.logout()), chromedp.WaitVisible(chromedp.CSS(`form.info, #lform, .alert`)))
	s.checkOver(t, login)
}
