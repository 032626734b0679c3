package login

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/internal/browsertest"
)

// TestUserNameFirstInTheBrowser goes by keyboard, with and without scripts: a name that leads nowhere to
// the password, another one to its identity provider.
func TestUserNameFirstInTheBrowser(t *testing.T) {
	b := browsertest.Start(t)
	violations := b.Violations()
	idp := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, "arrived at the identity provider")
	}))
	t.Cleanup(idp.Close)
	for _, scripts := range []bool{true, false} {
		g := newNameRig(t, "Entra")
		g.engine.next = broker.Next{Step: broker.StepRedirect, URL: idp.URL + "/authorize"}
		b.Scripts(scripts)
		b.Do(chromedp.Navigate(g.server.URL+"/begin"), chromedp.WaitReady(chromedp.CSS("#username")),
			chromedp.SendKeys(chromedp.CSS("#username"), "anna.berg\r"), chromedp.WaitReady(chromedp.CSS("#password")))
		if got := browsertest.Get(b, chromedp.Value(chromedp.CSS("#username"))); got != "anna.berg" {
			t.Errorf("scripts %v: the step for the password holds the name %q", scripts, got)
		}
		b.Do(chromedp.Click(chromedp.CSS("p.quiet a.link")), chromedp.WaitReady(chromedp.CSS("form[action$='/name'] #username")),
			chromedp.SendKeys(chromedp.CSS("#username"), "anna@sso.example\r"))
		if got := arrival(b); got != "arrived at the identity provider" {
			t.Errorf("scripts %v: %q", scripts, got)
		}
	}
	b.Scripts(true)
	if got := violations(); len(got) != 0 {
		t.Errorf("the policy is broken: %q", got)
	}
}

func TestKeyboardInTheSteps(t *testing.T) {
	b := browsertest.Start(t)
	g := newNameRig(t, "Entra")
	focus := func() string {
		return browsertest.Get(b, chromedp.Evaluate[string](`document.activeElement.id || document.activeElement.className`))
	}
	through := func(n int) (order []string) {
		for range n {
			order = append(order, focus())
			b.Do(chromedp.KeyEvent("\t"))
		}
		return order
	}
	watch(b)
	b.Do(chromedp.Navigate(g.server.URL+"/begin"), chromedp.WaitReady(chromedp.CSS("#username:focus")))
	if got, want := through(5), []string{"username", "primary", "secondary", "link", "link"}; !slices.Equal(got, want) {
		t.Errorf("the step for the name goes through %v, want %v", got, want)
	}
	b.Do(chromedp.Navigate(g.server.URL+"/begin"), chromedp.WaitReady(chromedp.CSS("#username:focus")),
		chromedp.KeyEvent("anna.berg\r"), chromedp.WaitReady(chromedp.CSS("#password:focus")))
	if got, want := through(4), []string{"password", "primary", "link", "link"}; !slices.Equal(got, want) {
		t.Errorf("the step for the password goes through %v, want %v", got, want)
	}
	g.engine.page.Remembered = g.engine.page.Connections[0]
	b.Do(chromedp.Navigate(g.server.URL+"/begin"), chromedp.WaitReady(chromedp.CSS("button:focus")))
	if got, want := through(3), []string{"primary", "link", "link"}; !slices.Equal(got, want) {
		t.Errorf("the offer goes through %v, want %v", got, want)
	}
}
