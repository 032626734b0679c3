package demo

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/patchbay-auth/patchbay/internal/browsertest"
)

func TestASinglePageApplicationLogsInAndOut(t *testing.T) {
	browser := browsertest.Start(t)
	d := start(t, Options{})
	user := d.facts.Users[0]

	browser.Do(
		chromedp.Navigate(d.facts.App+"/spa"),
		chromedp.Click(chromedp.CSS("#login")),
		chromedp.WaitVisible(chromedp.CSS("#password")),
		chromedp.SendKeys(chromedp.CSS("#username"), user.Login),
		chromedp.SendKeys(chromedp.CSS("#password"), user.Password+"\r"),
		chromedp.WaitVisible(chromedp.CSS("#claims")),
	)
	if claims := browsertest.Get(browser, chromedp.Text(chromedp.CSS("#claims"))); !strings.Contains(claims, `"sub": "`+user.UserID+`"`) {
		t.Errorf("it shows %s", claims)
	}
	if at := browsertest.Get(browser, chromedp.Location()); at != d.facts.App+"/spa" {
		t.Errorf("the address is %s: it keeps what came back", at)
	}
	browser.Do(
		chromedp.Click(chromedp.CSS("#logout")),
		chromedp.WaitVisible(chromedp.CSS("#login")),
		chromedp.Click(chromedp.CSS("#login")),
		chromedp.WaitVisible(chromedp.CSS("#password")), // the session has ended
	)
}
