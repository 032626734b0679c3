package provider_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/browsertest"
)

// A frontChannelClient is a foreign application, at an address that is another site than patchbay's.
type frontChannelClient struct {
	origin string

	mu      sync.Mutex
	code    string
	logouts []url.Values // what its logout page was opened with
}

func newFrontChannelClient(t *testing.T) *frontChannelClient {
	t.Helper()
	c := &frontChannelClient{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		switch r.URL.Path {
		case "/callback":
			c.code = r.URL.Query().Get("code")
		case "/frontchannel":
			c.logouts = append(c.logouts, r.URL.Query())
			if r.Header.Get("Sec-Fetch-Dest") != "iframe" || strings.Contains(r.Header.Get("Referer"), "id_token_hint") {
				t.Errorf("opened as %q, from %q", r.Header.Get("Sec-Fetch-Dest"), r.Header.Get("Referer"))
			}
		}
		_, _ = fmt.Fprintf(w, `<!doctype html><p id="at">%s</p>`, r.URL.Path)
	}))
	t.Cleanup(server.Close)
	c.origin = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	return c
}

func (c *frontChannelClient) heard() (code string, logouts []url.Values) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.code, slices.Clone(c.logouts)
}

// TestFrontchannelLogoutInABrowser: the page of an application that nobody here wrote loads in its frame,
// under the policy that a real browser enforces, and hears whose session has ended; then the browser goes on.
func TestFrontchannelLogoutInABrowser(t *testing.T) {
	b := browsertest.Start(t)
	violations := b.Violations()
	for _, scripts := range []bool{true, false} {
		w := newWorld(t)
		app := newFrontChannelClient(t)
		w.change("agent-app", func(c *registry.Client) {
			c.RedirectURIs, c.PostLogoutRedirectURIs = []string{app.origin + "/callback"}, []string{app.origin + "/bye"}
			c.FrontchannelLogoutURI = app.origin + "/frontchannel?from=patchbay"
		})
		l := w.layouts()[0]
		b.Scripts(scripts)
		b.Do(
			chromedp.Navigate(authorizeURL(l, "redirect_uri", app.origin+"/callback")), chromedp.WaitVisible(chromedp.CSS("#password")),
			chromedp.SendKeys(chromedp.CSS("#username"), "ana"), chromedp.SendKeys(chromedp.CSS("#password"), password+"\r"),
			chromedp.WaitVisible(chromedp.CSS("#at")),
		)
		code, _ := app.heard()
		redeemed := redemption(code)
		redeemed.Set("redirect_uri", app.origin+"/callback")
		tokens := w.post(l.token, "agent-app", redeemed).json(t)
		sid := text(part(t, text(tokens, "id_token"), 1), "sid")

		b.Do(
			chromedp.Navigate(logoutURL(l, "id_token_hint", text(tokens, "id_token"), "post_logout_redirect_uri", app.origin+"/bye", "state", "s-9")),
			chromedp.WaitVisible(chromedp.CSS("#at")), // not patchbay's page any more
		)
		if at := browsertest.Get(b, chromedp.Location()); at != app.origin+"/bye?state=s-9" {
			t.Errorf("scripts %v: the browser is at %s", scripts, at)
		}
		_, logouts := app.heard()
		if len(logouts) != 1 || logouts[0].Get("iss") != l.issuer || logouts[0].Get("sid") != sid || logouts[0].Get("from") != "patchbay" {
			t.Errorf("scripts %v: the application heard %v, want iss %s and sid %s", scripts, logouts, l.issuer, sid)
		}
	}
	if got := violations(); len(got) != 0 {
		t.Errorf("the policy is broken: %q", got)
	}
}
