package interop

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// sources is where Debian installs SimpleSAMLphp. Its configuration is in our directory simplesamlphp.
const sources = "/usr/share/simplesamlphp/www"

// A simpleSAML is a running SimpleSAMLphp. What it writes is in a directory of the test.
type simpleSAML struct {
	base, dir string
	people    map[string]any
}

func needSimpleSAML(t *testing.T) {
	t.Helper()
	_, missing := os.Stat(sources)
	const extensions = `exit((int) array_diff(["dom", "mbstring", "openssl", "pdo_sqlite"], get_loaded_extensions()));`
	err := exec.CommandContext(t.Context(), "php", "-r", extensions).Run()
	need(t, "simplesamlphp", missing == nil && err == nil, "simplesamlphp or php is not installed: run scripts/test-deps interop")
}

// newSimpleSAML returns one that does not run yet: its metadata's address is known before it knows ours.
func newSimpleSAML(t *testing.T) *simpleSAML {
	t.Helper()
	needSimpleSAML(t)
	_, port, _ := strings.Cut(freeAddress(t), ":")
	idp := &simpleSAML{base: "http://localhost:" + port, dir: t.TempDir()} // another site than patchbay's 127.0.0.1
	own := newPair(t)
	idp.write(t, "idp.crt", own.certificate)
	idp.write(t, "idp.key", own.key)
	return idp
}

func (i *simpleSAML) metadata() string { return i.base + "/saml2/idp/metadata.php" }

func (i *simpleSAML) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(i.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// configure sets options of saml20-idp-hosted.php: it is read anew for each request.
func (i *simpleSAML) configure(t *testing.T, set settings) {
	t.Helper()
	all := settings{"saml20.sendartifact": true} // where artifacts are resolved is in the metadata, which is kept
	for name, value := range set {
		all[name] = value
	}
	text, err := json.Marshal(map[string]any{"base": i.base, "people": i.people, "options": all})
	if err != nil {
		t.Fatal(err)
	}
	i.write(t, "idp.json", string(text))
}

// start runs it until the test ends, for people who have the passwords that they have with us.
func (i *simpleSAML) start(t *testing.T, people []user, partners ...serviceProvider) {
	t.Helper()
	i.people = map[string]any{}
	for _, u := range people {
		i.people[u.Login+":"+u.Password] = map[string][]string{"uid": {u.Login}, "displayName": {"A Person"}}
	}
	for n, sp := range partners {
		i.write(t, "sp-"+string(rune('a'+n))+".xml", string(sp.document))
	}
	i.configure(t, nil)
	here, err := filepath.Abs("simplesamlphp")
	if err != nil {
		t.Fatal(err)
	}
	at := strings.Replace(strings.TrimPrefix(i.base, "http://"), "localhost", "127.0.0.1", 1)
	command := exec.CommandContext(t.Context(), "php", "-S", at, "-t", sources) //nolint:gosec // a free port
	command.Env = append(os.Environ(), "SIMPLESAMLPHP_CONFIG_DIR="+here, "PATCHBAY_TEST_IDP="+i.dir)
	command.WaitDelay = 10 * time.Second
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Wait()
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(i.dir, "idp.log")) // not there before its first line
			t.Logf("SimpleSAMLphp says:\n%s", log)
		}
	})
	await(t, at, "php")
}

func TestSimpleSAMLphp(t *testing.T) {
	idp := newSimpleSAML(t)
	connections := map[string]string{
		"redirect": "logout: upstream", "here": "logout: local", "posted": "request_binding: post",
		"sealed": "want_encrypted: required, want_signed: both", "artifact": "response_binding: artifact",
		"visited": "idp_initiated: interop-rp",
	}
	file := "connections:\n"
	for id, policy := range connections {
		file += samlConnection(id, idp.metadata(), "{{ .uid }}", policy)
	}
	p := run(t, samlClient()+file)
	var partners []serviceProvider
	for id := range connections {
		partners = append(partners, p.serviceProvider(t, id))
	}
	idp.start(t, p.Users, partners...)
	im, who := discover(t, p.Issuer), p.Users[0]

	logIn := func(t *testing.T, someone *person, connection string) tokens {
		t.Helper()
		back, err := im.authorize(t, someone, "openid email offline_access", connection)
		if err != nil {
			t.Fatal(err)
		}
		login := im.redeem(t, back)
		if got := im.subject(t, login); got != who.UserID {
			t.Errorf("it is user %q, want %q", got, who.UserID)
		}
		return login
	}
	for _, tc := range []struct {
		name, connection string
		options          settings
	}{
		{"request by redirect", "redirect", nil},
		{"request by POST", "posted", nil},
		{"encrypted assertion", "sealed", settings{"assertion.encryption": true}},
		{"artifact", "artifact", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			idp.configure(t, tc.options)
			logIn(t, newPerson(t, who), tc.connection)
		})
	}
	idp.configure(t, nil)

	t.Run("plain assertion where it must be encrypted", func(t *testing.T) {
		back, err := im.authorize(t, newPerson(t, who), "openid", "sealed")
		if err == nil {
			t.Fatalf("came back with %v", back)
		}
		p.log.await(t, "path=/login/acme/sealed/saml/acs", "Assertion is not encrypted")
	})
	t.Run("begun at the identity provider", func(t *testing.T) {
		someone := newPerson(t, who)
		at, err := someone.visit(t.Context(), idp.unasked(p, "visited"), beginURI)
		if err != nil {
			t.Fatal(err)
		}
		if want := beginURI + "?" + (url.Values{"iss": {p.Issuer}}).Encode(); at != want {
			t.Fatalf("it ended at %s, want %s", at, want)
		}
		logIn(t, someone, "visited")
		if someone.asked != 1 {
			t.Errorf("the application's own login asked for the password again: %d times", someone.asked)
		}
		// The metadata of another connection has no such address, and at its own nobody comes unasked.
		at, err = newPerson(t, who).visit(t.Context(), idp.unasked(p, "redirect"), beginURI)
		if err == nil || !strings.Contains(err.Error(), "/login/acme/redirect/saml/acs: 400 Bad Request") {
			t.Errorf("where it is not allowed it ended at %q, %v", at, err)
		}
	})
	t.Run("logout here ends the session there", func(t *testing.T) {
		for connection, again := range map[string]int{"redirect": 2, "here": 1} {
			someone := newPerson(t, who)
			im.end(t, someone, logIn(t, someone, connection))
			im.checkNobody(t, someone)
			logIn(t, someone, connection)
			if someone.asked != again {
				t.Errorf("connection %s: the password was asked for %d times, want %d", connection, someone.asked, again)
			}
		}
	})
	t.Run("logout there ends the session here", func(t *testing.T) {
		someone, bystander := newPerson(t, who), newPerson(t, who)
		login, other := logIn(t, someone, "redirect"), logIn(t, bystander, "redirect")
		bye := idp.base + "/saml2/idp/SingleLogoutService.php?ReturnTo=" + url.QueryEscape(postLogoutURI)
		if _, err := someone.visit(t.Context(), bye, postLogoutURI); err != nil {
			t.Fatal(err)
		}
		im.checkNobody(t, someone)
		if status, answer := im.refresh(t, login); status != http.StatusBadRequest {
			t.Errorf("a refresh token after the logout is answered with %d %s", status, answer)
		}
		if status, answer := im.refresh(t, other); status != http.StatusOK {
			t.Errorf("the refresh token of another session is answered with %d %s", status, answer)
		}
	})
}

// unasked is where people begin who go from the IdP's pages to patchbay.
func (i *simpleSAML) unasked(p patchbay, connection string) string {
	place := p.Base + "/login/acme/" + connection + "/saml"
	return i.base + "/saml2/idp/SSOService.php?" + url.Values{"spentityid": {place + "/metadata"}, "ConsumerURL": {place + "/acs/idp"}}.Encode()
}

// refresh uses a refresh token and returns the answer.
func (d discovered) refresh(t *testing.T, login tokens) (int, []byte) {
	t.Helper()
	return d.post(t, rp, d.TokenEndpoint, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {login.RefreshToken}})
}
