package provider_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/patchbay-auth/patchbay/internal/browsertest"
)

func TestExplorerFiles(t *testing.T) {
	w := newWorld(t)
	page := w.browser().get(w.base + "/docs/")
	if page.status != http.StatusOK || !strings.Contains(page.body, "explorer.js") {
		t.Fatalf("control: %d %s", page.status, page.body)
	}
	for _, header := range []string{"script-src 'self';", "connect-src 'self'", "form-action 'none'", "frame-ancestors 'none'"} {
		if policy := page.header.Get("Content-Security-Policy"); !strings.Contains(policy, header) {
			t.Errorf("the policy lacks %s: %s", header, policy)
		}
	}
	if found := regexp.MustCompile(`(?:src|href)="(https?:)?//`).FindString(page.body); found != "" {
		t.Errorf("the page loads something from elsewhere: %s", found)
	}
	for name, kind := range map[string]string{"explorer.js": "text/javascript", "swagger-ui-bundle.js": "application/javascript", "swagger-ui.css": "text/css"} {
		a := w.browser().get(w.base + "/docs/" + name)
		if a.status != http.StatusOK || !strings.HasPrefix(a.header.Get("Content-Type"), kind) || a.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %s", name, a.status, a.header.Get("Content-Type"))
		}
	}
	for _, name := range []string{"oauth2-redirect.html", "embed.go", "index.html", "swagger-ui.js"} {
		if a := w.browser().get(w.base + "/docs/" + name); a.status != http.StatusNotFound {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	if a := w.send(w.base+"/docs/", call{method: http.MethodPost}); a.status != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", a.status)
	}
}

// TestExplorerShowsTheDocument in a browser: its policy allows what it needs, and no request can be
// sent from it.
func TestExplorerShowsTheDocument(t *testing.T) {
	w := newWorld(t)
	b := browsertest.Start(t)
	violations := b.Violations()
	operation := chromedp.CSS(`[id$="-realm_token"]`)
	b.Do(chromedp.Navigate(w.base+"/docs/"), chromedp.WaitVisible(operation),
		chromedp.Click(chromedp.CSS(`[id$="-realm_token"] button`)), chromedp.WaitVisible(chromedp.CSS(`[id$="-realm_token"] .responses-inner`)))
	if n := browsertest.Get(b, chromedp.Evaluate[int64](`document.querySelectorAll(".try-out__btn, .execute, .authorization__btn, .authorize").length`)); n != 0 {
		t.Errorf("%d buttons send requests or ask for secrets", n)
	}
	b.Screenshot("explorer.png")
	if v := violations(); len(v) > 0 {
		t.Errorf("the policy was broken: %q", v)
	}
}
