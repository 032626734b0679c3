package interop

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/patchbay-auth/patchbay/internal/browsertest"
)

// spaServer serves the application from an origin of its own.
func spaServer(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	for path, file := range map[string]string{
		"/oidc-client-ts.js": "node_modules/oidc-client-ts/dist/browser/oidc-client-ts.js",
		"/spa.js":            "spa.js", "/": "spa.html",
	} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) })
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// What the application says after a button.
type said struct {
	Sub         string `json:"sub"`
	Email       string `json:"email"`
	Session     string `json:"sid"`
	AccessToken string `json:"at"` // its end
	Refreshes   bool   `json:"refreshes"`
	Status      int    `json:"status"`
	Error       string `json:"error"`
}

func TestOIDCClientTS(t *testing.T) {
	needNode(t)
	origin := spaServer(t)
	p := run(t, fmt.Sprintf(`
  - id: interop-spa
    grant_types: [authorization_code, refresh_token]
    require_secret: false
    redirect_uris: ["%[1]s/callback", "%[1]s/silent"]
    post_logout_redirect_uris: ["%[1]s/"]
    cors_origins: [%[1]q]
    scopes: [openid, profile, email, offline_access]
`, origin))

	for layout, issuer := range map[string]string{"shared": p.Issuer, "realm": p.RealmIssuer} {
		t.Run(layout, func(t *testing.T) {
			app := spa{browsertest.Start(t), t, origin}
			app.open(issuer, "openid email")
			first := app.login(p.Users[0])
			if first.Sub != p.Users[0].UserID || first.Email == "" || first.Session == "" {
				t.Fatalf("after the login it knows %+v", first)
			}
			if info := app.press("userinfo"); info.Status != http.StatusOK || info.Sub != first.Sub {
				t.Errorf("userinfo answers %+v", info)
			}
			renewed := app.press("silent")
			if renewed.Sub != first.Sub || renewed.Session != first.Session || renewed.AccessToken == first.AccessToken {
				t.Errorf("renewed to %+v, was %+v", renewed, first)
			}
			app.logout()
			if silent := app.press("silent"); silent.Error != "login_required" {
				t.Errorf("after the logout a silent login says %+v", silent)
			}
		})
	}
	t.Run("refresh token", func(t *testing.T) {
		app := spa{browsertest.Start(t), t, origin}
		app.open(p.Issuer, "openid offline_access")
		first := app.login(p.Users[0])
		if !first.Refreshes {
			t.Fatalf("no refresh token: %+v", first)
		}
		if again := app.press("refresh"); again.Sub != first.Sub || again.AccessToken == first.AccessToken {
			t.Errorf("refreshed to %+v, was %+v", again, first)
		}
	})
}

// A spa is the application in a browser.
type spa struct {
	*browsertest.Browser
	t      *testing.T
	origin string
}

func (a spa) open(issuer, scope string) {
	a.t.Helper()
	a.Do(chromedp.Navigate(a.origin + "/?" + url.Values{"issuer": {issuer}, "scope": {scope}}.Encode()))
	a.hear(`"nobody"`)
}

func (a spa) login(u user) said {
	a.t.Helper()
	a.Do(
		chromedp.Click(chromedp.CSS("#login")),
		chromedp.WaitVisible(chromedp.CSS("#password")),
		chromedp.SendKeys(chromedp.CSS("#username"), u.Login),
		chromedp.SendKeys(chromedp.CSS("#password"), u.Password+"\r"),
		chromedp.WaitVisible(chromedp.CSS("#login")),
	)
	return a.answer()
}

// logout leaves for patchbay and comes back to the application's front page.
func (a spa) logout() {
	a.t.Helper()
	a.Do(chromedp.Click(chromedp.CSS("#logout")))
	a.hear(`"nobody"`)
}

func (a spa) press(button string) said {
	a.t.Helper()
	a.Do(chromedp.Click(chromedp.CSS("#" + button)))
	return a.answer()
}

// answer waits for what the application says next.
func (a spa) answer() said {
	a.t.Helper()
	var s said
	text := a.hear("")
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		a.t.Fatalf("the application says %q: %v", text, err)
	}
	return s
}

// hear waits until the application says this text, or anything if it is empty.
func (a spa) hear(want string) string {
	a.t.Helper()
	var text string
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		text = browsertest.Get(a.Browser, chromedp.Evaluate[string](`document.querySelector("#said")?.textContent ?? ""`))
		if text != "" && text != `"…"` && (want == "" || text == want) {
			return text
		}
	}
	at := browsertest.Get(a.Browser, chromedp.Location())
	a.t.Fatalf("at %s the application says %q, want %q", at, text, want)
	return ""
}
