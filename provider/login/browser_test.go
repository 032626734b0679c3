package login

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/internal/browsertest"
)

const body = chromedp.CSS("body")

// elsewhere is a server of another origin that redirects /hop to /end on a third.
func elsewhere(t *testing.T) *httptest.Server {
	t.Helper()
	end := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		_, _ = fmt.Fprintf(w, "arrived with %s %s", r.Method, r.Form.Encode())
	}))
	t.Cleanup(end.Close)
	hop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, end.URL+"/end?"+r.URL.RawQuery, http.StatusFound)
	}))
	t.Cleanup(hop.Close)
	return hop
}

// arrival waits until the browser has left the site, and returns what the place it came to says.
func arrival(b *browsertest.Browser) string {
	b.Do(chromedp.WaitNotPresent(chromedp.CSS("main")))
	return browsertest.Get(b, chromedp.Text(body))
}

// watch makes the tab one that is looked at: only such a tab moves its focus.
func watch(b *browsertest.Browser) {
	b.Do(chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
		return err
	}))
}

// TestIdentityProviderMayRedirectOn is the reason for Pages.Redirect: the first server that an identity
// provider hands over to is on no list of ours.
func TestIdentityProviderMayRedirectOn(t *testing.T) {
	b := browsertest.Start(t)
	violations := b.Violations()
	for _, scripts := range []bool{true, false} {
		g := newRig(t, "Entra")
		g.engine.next = broker.Next{Step: broker.StepRedirect, URL: elsewhere(t).URL + "/authorize?state=s%2F1"}
		b.Scripts(scripts)
		b.Do(chromedp.Navigate(g.server.URL+"/begin"), chromedp.Click(chromedp.CSS(".secondary")))
		if got := arrival(b); got != "arrived with GET state=s%2F1" {
			t.Errorf("scripts %v: %q", scripts, got)
		}
		if g.engine.connection != "entra" {
			t.Errorf("scripts %v: connection %q", scripts, g.engine.connection)
		}
	}
	if got := violations(); len(got) != 0 {
		t.Errorf("the policy is broken: %q", got)
	}
}

func TestKeyboardOnly(t *testing.T) {
	b := browsertest.Start(t)
	g := newRig(t, "Entra")
	hop := elsewhere(t)
	g.engine.page.RedirectURI = hop.URL + "/cb"
	g.engine.next = broker.Next{Step: broker.StepAnswer, Answer: &broker.Answer{
		Request: broker.AuthRequest{RedirectURI: hop.URL + "/cb"}, Code: "c1",
	}}
	watch(b)
	b.Do(chromedp.Navigate(g.server.URL+"/begin"), chromedp.WaitReady(chromedp.CSS("#username:focus")))

	var order []string
	for range 5 {
		order = append(order, browsertest.Get(b, chromedp.Evaluate[string](
			`document.activeElement.id || document.activeElement.className`)))
		if outline := browsertest.Get(b, chromedp.Evaluate[string](
			`getComputedStyle(document.activeElement).outlineWidth`)); outline != "3px" {
			t.Errorf("focus on %s is %s wide, want 3px", order[len(order)-1], outline)
		}
		b.Do(chromedp.KeyEvent("\t"))
	}
	if want := []string{"username", "password", "primary", "secondary", "link"}; !slices.Equal(order, want) {
		t.Errorf("the keyboard goes through %v, want %v", order, want)
	}

	b.Do(chromedp.Navigate(g.server.URL+"/begin"), chromedp.WaitReady(chromedp.CSS("#username:focus")),
		chromedp.KeyEvent("anna.berg\twrong\r"), chromedp.WaitReady(chromedp.CSS("#problem")), chromedp.WaitReady(chromedp.CSS("#password:focus")))
	if got := browsertest.Get(b, chromedp.Evaluate[string](`document.activeElement.id`)); got != "password" {
		t.Errorf("after a wrong password the keyboard is at %q, want password", got)
	}
	if pictures() {
		b.Screenshot("focus.png")
	}
	b.Do(chromedp.KeyEvent(rightPassword + "\r"))
	if got := arrival(b); got != "arrived with GET code=c1&error=" {
		t.Errorf("after the right password: %q", got)
	}
}

func TestFormPost(t *testing.T) {
	b := browsertest.Start(t)
	violations := b.Violations()
	client := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		_, _ = fmt.Fprintf(w, "arrived with %s %s", r.Method, r.PostForm.Encode())
	}))
	t.Cleanup(client.Close)
	g := newRig(t)
	values := url.Values{"code": {"c1"}, "state": {`"><b>`}}
	g.extra = func(w http.ResponseWriter, r *http.Request) {
		g.pages.Serve(w, r, func(w http.ResponseWriter, r *http.Request) error {
			return g.pages.FormPost(w, r, client.URL+"/cb", values)
		})
	}
	want := "arrived with POST " + values.Encode()

	b.Do(chromedp.Navigate(g.server.URL + "/answer"))
	if got := arrival(b); got != want {
		t.Errorf("with scripts: %q, want %q", got, want)
	}
	b.Scripts(false)
	b.Do(chromedp.Navigate(g.server.URL+"/answer"), chromedp.Click(chromedp.CSS("noscript button")))
	if got := arrival(b); got != want {
		t.Errorf("without scripts: %q, want %q", got, want)
	}
	if got := violations(); len(got) != 0 {
		t.Errorf("the policy is broken: %q", got)
	}
}

func TestMarkupIsInertInTheBrowser(t *testing.T) {
	b := browsertest.Start(t)
	g := newRig(t, "Entra")
	const tag = `"><script>document.title="taken over"</script>`
	g.engine.page.LoginHint, g.engine.page.Tenant.Name, g.engine.page.Connections[0].Name = tag, tag, tag
	b.Do(chromedp.Navigate(g.server.URL + "/begin"))
	if got := browsertest.Get(b, chromedp.Title()); got == "taken over" || !strings.Contains(got, "Sign in") {
		t.Errorf("the title is %q", got)
	}
	if got := browsertest.Get(b, chromedp.Value(chromedp.CSS("#username"))); got != tag {
		t.Errorf("control: the field holds %q", got)
	}
}
