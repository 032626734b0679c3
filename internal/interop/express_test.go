package interop

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/patchbay-auth/patchbay/internal/browsertest"
)

// A socket is a loopback address that is taken before the process that will answer there starts, so
// that patchbay can be told of it first.
type socket struct {
	origin string
	file   *os.File
}

func takeSocket(t *testing.T) socket {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		t.Fatalf("a listener is a %T", l)
	}
	file, err := tcp.File() // stays open when the listener closes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return socket{"http://" + l.Addr().String(), file}
}

// startExpress runs express.mjs until the test ends.
func startExpress(t *testing.T, at socket, issuer, client, secret string) {
	t.Helper()
	config, err := json.Marshal(map[string]string{"base": at.origin, "issuer": issuer, "client_id": client, "secret": secret})
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), needNode(t), "express.mjs", string(config)) //nolint:gosec // our own script
	command.ExtraFiles = []*os.File{at.file}
	if _, err := command.StdinPipe(); err != nil { // it ends when this pipe closes
		t.Fatal(err)
	}
	var ready struct{}
	start(t, command, &ready)
}

// deskClients are two applications that people sign in at with the code flow.
func deskClients(places map[string]socket) string {
	clients := ""
	for id, at := range places {
		clients += fmt.Sprintf(`
  - id: %s
    grant_types: [authorization_code]
    redirect_uris: ["%[2]s/callback"]
    post_logout_redirect_uris: [%[2]q]
    backchannel_logout_uri: "%[2]s/backchannel-logout"
    scopes: [openid, profile, email]
    secrets: [{ description: test, value: %[3]q }]
`, id, at.origin, clientSecret)
	}
	return clients
}

// postingClient signs people in by an ID token that the browser posts, which is the library's default.
func postingClient(at socket) string {
	return fmt.Sprintf(`
  - id: interop-posting
    response_types: [id_token]
    require_secret: false
    redirect_uris: ["%[1]s/callback"]
    post_logout_redirect_uris: [%[1]q]
    scopes: [openid, profile, email]
`, at.origin)
}

func TestExpressOpenIDConnect(t *testing.T) {
	needNode(t)
	browser := browsertest.Start(t)
	desk, wall, posting := takeSocket(t), takeSocket(t), takeSocket(t)
	places := map[string]socket{"interop-desk": desk, "interop-wall": wall}
	p := run(t, deskClients(places)+postingClient(posting))
	for id, at := range places {
		startExpress(t, at, p.Issuer, id, clientSecret)
	}
	startExpress(t, posting, p.RealmIssuer, "interop-posting", "")

	signIn(browser, desk.origin+"/login", p.Users[0])
	expectWho(t, browser, desk, p.Users[0].UserID)
	browser.Do(chromedp.Navigate(wall.origin+"/login"), chromedp.WaitVisible(chromedp.CSS("#who"))) // single sign-on
	expectWho(t, browser, wall, p.Users[0].UserID)

	browser.Do(chromedp.Navigate(desk.origin+"/logout"), chromedp.WaitVisible(chromedp.CSS("#who")))
	expectWho(t, browser, desk, "nobody")
	expectWho(t, browser, wall, "nobody") // told by patchbay alone
	browser.Do(chromedp.Navigate(wall.origin+"/login"), chromedp.WaitVisible(chromedp.CSS("#password")))

	signIn(browser, posting.origin+"/login", p.Users[0])
	expectWho(t, browser, posting, p.Users[0].UserID)
}

// signIn opens an address that leads to the login page, and types in name and password there.
func signIn(b *browsertest.Browser, address string, who user) {
	b.Do(
		chromedp.Navigate(address),
		chromedp.WaitVisible(chromedp.CSS("#password")),
		chromedp.SendKeys(chromedp.CSS("#username"), who.Login),
		chromedp.SendKeys(chromedp.CSS("#password"), who.Password+"\r"),
		chromedp.WaitVisible(chromedp.CSS("#who")),
	)
}

// expectWho waits until an application's front page says who is signed in there.
func expectWho(t *testing.T, b *browsertest.Browser, at socket, want string) {
	t.Helper()
	var who string
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		b.Do(chromedp.Navigate(at.origin + "/"))
		who = browsertest.Get(b, chromedp.Text(chromedp.CSS("#who")))
		if strings.HasPrefix(who, want) {
			return
		}
	}
	t.Errorf("%s says %q, want %q", at.origin, who, want)
}
