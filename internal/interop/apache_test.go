package interop

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/patchbay-auth/patchbay/internal/browsertest"
)

const apacheModules = "/usr/lib/apache2/modules"

// An apache is what httpd.conf is filled in with.
type apache struct {
	Dir, User, ModuleDir string
	Modules              []string
	// App, Asking and Checking are the addresses of its three roles, host and port.
	App, Asking, Checking               string
	Issuer, Introspection, Keys, Secret string
}

func newApache(t *testing.T) *apache {
	t.Helper()
	_, missing := os.Stat(apacheModules + "/mod_auth_openidc.so")
	_, err := exec.LookPath("apache2")
	need(t, "apache2", err == nil && missing == nil, "apache2-bin and libapache2-mod-auth-openidc are not installed: run scripts/test-deps interop")
	// Not t.TempDir, whose parent is closed to the user that Apache becomes.
	dir, err := os.MkdirTemp("", "pb-apache")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // nothing secret but a test's client secret
		t.Fatal(err)
	}
	a := &apache{
		Dir: dir, ModuleDir: apacheModules, Secret: clientSecret,
		Modules: []string{"mpm_event", "dir", "include", "headers", "authn_core", "authz_core", "authz_user", "auth_openidc"},
		App:     freeAddress(t), Asking: freeAddress(t), Checking: freeAddress(t),
	}
	if os.Getuid() == 0 { // as which Apache does not serve
		a.User = "#65534"
	}
	return a
}

// freeAddress finds a loopback address that is free now. Apache opens its own sockets.
func freeAddress(t *testing.T) string {
	t.Helper()
	at := takeSocket(t)
	if err := at.file.Close(); err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(at.origin, "http://")
}

// start runs Apache in front of a page that says who is there, until the test ends.
func (a *apache) start(t *testing.T) {
	t.Helper()
	for _, sub := range []string{"protected", "."} {
		dir := filepath.Join(a.Dir, "htdocs", sub)
		if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // Apache reads it as somebody else
			t.Fatal(err)
		}
		page := []byte(`<p id="who"><!--#echo var="REMOTE_USER" --> <!--#echo var="OIDC_CLAIM_email" --></p>`)
		if err := os.WriteFile(filepath.Join(dir, "index.html"), page, 0o644); err != nil { //nolint:gosec // as above
			t.Fatal(err)
		}
	}
	conf, err := template.New("httpd.conf").Delims("<<", ">>").ParseFiles("httpd.conf")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(a.Dir, "httpd.conf")
	file, err := os.Create(path) //nolint:gosec // the test's own directory
	if err != nil {
		t.Fatal(err)
	}
	if err := conf.Execute(file, a); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "apache2", "-f", path, "-DFOREGROUND") //nolint:gosec // as above
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	said := new(tail)
	command.Stdout, command.Stderr = said, said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Wait()
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(a.Dir, "error.log")) // not there before the configuration is read
			t.Logf("apache2 says:\n%s%s", said, log)
		}
	})
	await(t, a.Checking, "apache2")
}

// await waits until a program that opens its own sockets answers at an address.
func await(t *testing.T, address, program string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		c, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err == nil {
			_ = c.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not answer: %v", program, err)
		}
	}
}

// endSession ends the browser's session at patchbay, where it is asked about it.
func endSession(b *browsertest.Browser, im discovered) {
	submit := chromedp.CSS("button.primary")
	b.Do(chromedp.Navigate(im.EndSessionEndpoint), chromedp.Click(submit), chromedp.WaitNotPresent(submit))
}

// overTLS returns an address that leads to endpoint through TLS.
func overTLS(t *testing.T, endpoint string) string {
	t.Helper()
	to, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: to.Scheme, Host: to.Host})
	server := httptest.NewTLSServer(proxy)
	t.Cleanup(server.Close)
	return server.URL + to.Path
}

func TestModAuthOpenIDC(t *testing.T) {
	a := newApache(t)
	p := run(t, fmt.Sprintf(`
  - id: interop-apache
    grant_types: [authorization_code]
    redirect_uris: ["http://%[1]s/protected/callback"]
    post_logout_redirect_uris: ["http://%[1]s/"]
    backchannel_logout_uri: "http://%[1]s/protected/callback?logout=backchannel"
    scopes: [openid, profile, email]
    secrets: [{ description: test, value: %[2]q }]
  - id: interop-api
    secrets: [{ description: test, value: %[2]q }]
    introspection: { allow: tenant }
  - id: interop-rp
    grant_types: [authorization_code, client_credentials]
    redirect_uris: [%[3]q]
    scopes: [openid, email, contact-centre]
    secrets: [{ description: test, value: %[2]q }]
`, a.App, clientSecret, redirectURI))
	im := discover(t, p.Issuer)
	a.Issuer, a.Introspection, a.Keys = p.Issuer, overTLS(t, im.IntrospectionEndpoint), overTLS(t, im.JWKSURI)
	a.start(t)
	someone := p.Users[0]

	t.Run("relying party", func(t *testing.T) {
		browser := browsertest.Start(t)
		who := func() string { return browsertest.Get(browser, chromedp.Text(chromedp.CSS("#who"))) }
		door, home := "http://"+a.App+"/protected/", "http://"+a.App+"/"
		signIn(browser, door, someone)
		if got := who(); !strings.HasPrefix(got, someone.UserID+" ") || !strings.Contains(got, "@") {
			t.Errorf("the application knows %q, want user %s with an address", got, someone.UserID)
		}
		browser.Do(
			chromedp.Navigate("http://"+a.App+"/protected/callback?logout="+url.QueryEscape(home)),
			chromedp.WaitVisible(chromedp.CSS("#who")),
		)
		if at := browsertest.Get(browser, chromedp.Location()); at != home {
			t.Errorf("the logout ended at %s, want %s", at, home)
		}

		signIn(browser, door, someone)
		endSession(browser, im) // without the application, which hears of it from patchbay
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
			browser.Do(chromedp.Navigate(door), chromedp.WaitVisible(chromedp.CSS("#who, #password")))
			if at := browsertest.Get(browser, chromedp.Location()); at != door {
				break // at the login page
			}
			if time.Now().After(deadline) {
				t.Fatalf("after the back-channel logout the application still knows %q", who())
			}
		}
	})

	t.Run("resource server", func(t *testing.T) {
		login := im.login(t, newPerson(t, someone), "openid email contact-centre")
		narrow := im.login(t, newPerson(t, someone), "openid email")
		for _, c := range []struct {
			name, token string
			status      int
			user        string
		}{
			{"an access token", login.AccessToken, http.StatusOK, someone.UserID},
			{"an access token without the scope", narrow.AccessToken, http.StatusUnauthorized, ""},
			{"an ID token", login.IDToken, http.StatusUnauthorized, ""},
			{"a tampered token", login.AccessToken[:len(login.AccessToken)-8] + "AAAAAAAA", http.StatusUnauthorized, ""},
			{"none", "", http.StatusUnauthorized, ""},
		} {
			for role, address := range map[string]string{"introspection": a.Asking, "local keys": a.Checking} {
				status, page := callAPI(t, address, c.token)
				if status != c.status || c.user != "" && !strings.Contains(page, ">"+c.user+" ") {
					t.Errorf("%s, by %s: %d %s, want %d for user %q", c.name, role, status, page, c.status, c.user)
				}
			}
		}
		im.revoke(t, rp, login.AccessToken)
		if status, _ := callAPI(t, a.Asking, login.AccessToken); status != http.StatusUnauthorized {
			t.Errorf("a revoked token is answered with %d", status)
		}
	})
}
