package interop

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/patchbay-auth/patchbay/internal/browsertest"
)

// arrivals is an application's front door: it shows a page, and tells the test what browsers came with.
func arrivals(t *testing.T) (origin string, came <-chan url.Values) {
	t.Helper()
	seen := make(chan url.Values, 16)
	page := func(w http.ResponseWriter, r *http.Request) {
		seen <- r.URL.Query()
		_, _ = io.WriteString(w, `<!DOCTYPE html><p id="here">Here you are.</p>`)
	}
	mux := http.NewServeMux() // nothing else, such as the icon that browsers ask for, counts
	mux.HandleFunc("/callback", page)
	mux.HandleFunc("/bye", page)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL, seen
}

// TestSimpleSAMLphpInABrowser goes through what only a real browser does: cookies that a form of another site
// does not bring along, and pages' policies about where forms lead.
func TestSimpleSAMLphpInABrowser(t *testing.T) {
	idp := newSimpleSAML(t)
	browser := browsertest.Start(t)
	app, came := arrivals(t)
	p := run(t, fmt.Sprintf(`
  - id: interop-rp
    grant_types: [authorization_code]
    redirect_uris: ["%[1]s/callback"]
    post_logout_redirect_uris: ["%[1]s/bye"]
    scopes: [openid, email]
    secrets: [{ description: test, value: %[2]q }]
connections:
`, app, clientSecret)+
		samlConnection("redirect", idp.metadata(), "{{ .uid }}", "logout: upstream")+
		samlConnection("posted", idp.metadata(), "{{ .uid }}", "logout: upstream, request_binding: post")+
		samlConnection("artifact", idp.metadata(), "{{ .uid }}", "logout: upstream, response_binding: artifact"))
	idp.start(t, p.Users, p.serviceProvider(t, "redirect"), p.serviceProvider(t, "posted"), p.serviceProvider(t, "artifact"))
	im, who := discover(t, p.Issuer), p.Users[0]

	logIn := func(t *testing.T, connection string) tokens {
		t.Helper()
		browser.Do(
			chromedp.Navigate(im.asking(app+"/callback", "openid email", connection)),
			chromedp.WaitVisible(chromedp.CSS(`form[name="f"] input[name="password"]`)), // the IdP's
			chromedp.SendKeys(chromedp.CSS(`input[name="username"]`), who.Login),
			chromedp.SendKeys(chromedp.CSS(`input[name="password"]`), who.Password+"\r"),
			chromedp.WaitVisible(here),
		)
		login := im.redeemAt(t, app+"/callback", <-came)
		if got := im.subject(t, login); got != who.UserID {
			t.Errorf("it is user %q, want %q", got, who.UserID)
		}
		return login
	}
	for _, connection := range []string{"redirect", "posted", "artifact"} {
		t.Run(connection, func(t *testing.T) {
			login := logIn(t, connection)
			browser.Do(
				chromedp.Navigate(im.EndSessionEndpoint+"?"+url.Values{
					"id_token_hint": {login.IDToken}, "post_logout_redirect_uri": {app + "/bye"}, "state": {"over"},
				}.Encode()),
				chromedp.WaitVisible(here),
			)
			if state := (<-came).Get("state"); state != "over" {
				t.Errorf("the logout ended with state %q", state)
			}

			logIn(t, connection) // with the password again: the IdP's session has ended too
			browser.Do(
				chromedp.Navigate(idp.logout(app+"/bye")),
				chromedp.WaitVisible(here),
			)
			<-came
			browser.Do(
				chromedp.Navigate(im.asking(app+"/callback", "openid email", "")+"&prompt=none"),
				chromedp.WaitVisible(here),
			)
			if problem := (<-came).Get("error"); problem != "login_required" {
				t.Errorf("a silent login after the logout at the identity provider ends with error %q", problem)
			}
		})
	}
}
