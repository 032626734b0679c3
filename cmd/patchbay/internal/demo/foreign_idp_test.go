package demo

import (
	"bufio"
	"database/sql"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	_ "github.com/go-sql-driver/mysql" // the sample database

	"github.com/patchbay-auth/patchbay/broker/sqlstore"
	"github.com/patchbay-auth/patchbay/cmd/patchbay/internal/server"
	"github.com/patchbay-auth/patchbay/internal/browsertest"
	"github.com/patchbay-auth/patchbay/internal/keyfile"
	"github.com/patchbay-auth/patchbay/internal/mariadbtest"
	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/legacy"
	profile "github.com/patchbay-auth/patchbay/legacy/iq"
	"github.com/patchbay-auth/patchbay/testdata/iq"
)

// The main job with nothing of ours at either end: a real Chromium, an identity provider that
// somebody else wrote, and MariaDB, which holds the users and our state in one schema.
func TestAgentLogsInThroughAForeignIdPOnMariaDB(t *testing.T) {
	browser := browsertest.Start(t)
	d := &demo{dir: t.TempDir(), log: testLog(t)}
	main, app := loopback(t), loopback(t)
	base := "http://" + main.Addr().String()
	place := places{
		App:  "http://" + app.Addr().String(),
		IdP:  foreignIdP(t, base+"/login/acme/corp/callback"),
		SAML: nobodysMetadata,
	}
	openOnMariaDB(t, d, base, mariadbtest.DSN(t))
	t.Cleanup(func() { // before the database goes
		if err := d.close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	if err := d.apply(t.Context(), place, nil); err != nil {
		t.Fatal(err)
	}
	d.facts = d.collect(base, place)
	if err := d.serve(t.Context(), main, app); err != nil {
		t.Fatal(err)
	}

	browser.Do(
		chromedp.Navigate(place.App+"/"),
		chromedp.Click(chromedp.CSS(`form[action="/login"] button`)),
		chromedp.Click(chromedp.CSS(`form[action$="/with/corp"] button`)),
		chromedp.WaitVisible(chromedp.CSS(`input[name="login"]`)), // the IdP's: our own page has no such field
	)
	if at := browsertest.Get(browser, chromedp.Location()); !strings.HasPrefix(at, place.IdP+"/") {
		t.Fatalf("the browser is at %s, not at the identity provider", at)
	}
	browser.Do(
		chromedp.SendKeys(chromedp.CSS(`input[name="login"]`), "ana.hansen"),
		chromedp.SendKeys(chromedp.CSS(`input[name="password"]`), "any\r"),
		chromedp.WaitVisible(chromedp.CSS(`button[autofocus]`)), // its consent page
		chromedp.Click(chromedp.CSS(`button[autofocus]`)),
		chromedp.WaitVisible(chromedp.CSS(`form[action="/ask/switch"]`)),
	)
	signedIn := browsertest.Get(browser, chromedp.Text(chromedp.CSS("main")))
	if !strings.Contains(signedIn, "Legacy user 4711, through the identity provider corp") {
		t.Errorf("the application shows:\n%s", signedIn)
	}
	browser.Do(
		chromedp.Click(chromedp.CSS(`form[action="/ask/switch"] button`)),
		chromedp.WaitVisible(chromedp.CSS(`section[aria-live] pre`)),
	)
	learned := browsertest.Get(browser, chromedp.Text(chromedp.CSS(`section[aria-live] pre`)))
	if !strings.Contains(learned, `"active": true`) || !strings.Contains(learned, `"username": "4711@pbx.acme.example"`) {
		t.Errorf("the switch learns:\n%s", learned)
	}
	if l := lastLogin(t, d, "acme"); l.UserID != "4711" || l.Trace == nil {
		t.Errorf("the login is recorded as user %q with trace %v", l.UserID, l.Trace)
	}
}

// nobodysMetadata is for tests in which nobody logs in by SAML: there is none.
const nobodysMetadata = "http://localhost:1/metadata"

func loopback(t *testing.T) net.Listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// openOnMariaDB opens patchbay on one schema of a MariaDB, and loads the sample into it.
func openOnMariaDB(t *testing.T, d *demo, base, dsn string) {
	t.Helper()
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	if err := iq.Load(t.Context(), db, "mysql"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	keys, err := keyfile.Generate(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	err = d.openOn(t.Context(), server.Config{
		PublicURL: base, State: sqlstore.Config{DSN: secret.New("mysql:" + dsn)},
		Legacy: legacy.Config{Engine: legacy.MySQL, DSN: secret.New(dsn), Profile: profile.Profile()},
		Keys:   keys, Log: d.log,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// foreignIdP runs npm's oidc-provider until the test ends, and returns its issuer.
func foreignIdP(t *testing.T, redirectURI string) string {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "..", "internal", "interop")
	node, err := exec.LookPath("node")
	if _, missing := os.Stat(filepath.Join(dir, "node_modules", "oidc-provider")); err != nil || missing != nil {
		const what = "node and internal/interop/node_modules are needed: run scripts/test-deps"
		if strings.Contains(os.Getenv("PATCHBAY_TEST_REQUIRE"), "node") {
			t.Fatal(what)
		}
		t.Skip(what)
	}
	config, err := json.Marshal(map[string]any{"clients": []any{map[string]any{
		"client_id": upstreamClient, "client_secret": upstreamSecret, "redirect_uris": []string{redirectURI},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), node, "op.mjs", string(config)) //nolint:gosec // found on PATH
	command.Dir = dir
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := command.StdinPipe(); err != nil { // it ends when this pipe closes
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Wait() }) // killed by the context
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var ready struct {
		Issuer string `json:"issuer"`
	}
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	return ready.Issuer
}
