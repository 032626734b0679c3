package interop

import (
	"encoding/json"
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
	idp.use(t, newPair(t))
	return idp
}

// use has it sign with another key from now on.
func (i *simpleSAML) use(t *testing.T, own pair) {
	t.Helper()
	i.write(t, "idp.crt", own.certificate)
	i.write(t, "idp.key", own.key)
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
	i.know(t, partners...)
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

// know has it know these service providers by their metadata, in the place of those that came before in the
// same order. Like what configure sets it is read for each request.
func (i *simpleSAML) know(t *testing.T, partners ...serviceProvider) {
	t.Helper()
	for n, sp := range partners {
		i.write(t, "sp-"+string(rune('a'+n))+".xml", string(sp.document))
	}
}

// unasked is where people begin who go from its pages to patchbay.
func (i *simpleSAML) unasked(p patchbay, connection string) string {
	place := p.Base + "/login/acme/" + connection + "/saml"
	return i.base + "/saml2/idp/SSOService.php?" + url.Values{"spentityid": {place + "/metadata"}, "ConsumerURL": {place + "/acs/idp"}}.Encode()
}

// logout is where people log out there, who go on to an address.
func (i *simpleSAML) logout(then string) string {
	return i.base + "/saml2/idp/SingleLogoutService.php?ReturnTo=" + url.QueryEscape(then)
}
