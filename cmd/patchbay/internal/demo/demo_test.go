package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
)

// start runs a demo for a test on a free port.
func start(t *testing.T, o Options) *demo {
	t.Helper()
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	dir := o.Data
	if dir == "" {
		dir = t.TempDir()
	}
	d := &demo{dir: dir, log: testLog(t)}
	t.Cleanup(func() {
		if err := d.close(); err != nil {
			t.Errorf("closing the demo: %v", err)
		}
	})
	if err := d.start(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTheTourWalksEveryFlow(t *testing.T) {
	var out, errs bytes.Buffer
	err := Run(t.Context(), Options{Listen: "127.0.0.1:0", Tour: true}, &out, &errs)
	if err != nil {
		t.Fatalf("%v\n%s%s", err, &out, &errs)
	}
	for _, stop := range []string{"password login", "the SBC registers 4711", "an API checks a token", "refresh", "revoke", "logout", "SSO login", "SSO logout, from here", "SSO logout, from there", "SAML login", "SAML logout, from here", "SAML logout, from there", "device login", "single-page application", "client credentials", "private_key_jwt", "password grant", "token exchange", "jwt-bearer"} {
		if !strings.Contains(out.String(), "ok    "+stop) {
			t.Errorf("the tour did not walk %q:\n%s", stop, &out)
		}
	}
	if errs.Len() > 0 {
		t.Errorf("it complained:\n%s", &errs)
	}
}

func TestJSONIsTheFirstLine(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &firstLine{done: cancel}
	if err := Run(ctx, Options{Listen: "127.0.0.1:0", JSON: true}, out, t.Output()); err != nil {
		t.Fatal(err)
	}
	var facts Facts
	if err := json.Unmarshal(out.Bytes(), &facts); err != nil {
		t.Fatalf("%v: %s", err, out.Bytes())
	}
	if facts.Account != "acme" || facts.TenantID != "10010" || facts.RealmIssuer != facts.Base+"/auth/realms/acme" {
		t.Errorf("the first tenant is not repeated: %+v", facts.TenantFacts)
	}
	if len(facts.Users) == 0 || facts.Users[0].UserID != "4711" || facts.Users[0].SoftphoneAddress == "" {
		t.Errorf("users: %+v", facts.Users)
	}
	if key := facts.Clients["nightly"].PrivateKeyJWK; key == nil || key.IsPublic() || !key.Valid() {
		t.Error("nobody can sign as the client nightly")
	}
	if len(facts.Clients["agent-app"].RedirectURIs) != 1 || facts.Upstreams["corp"].Password == "" {
		t.Errorf("clients or upstreams are missing: %+v", facts)
	}
}

// firstLine calls done once a whole line was written.
type firstLine struct {
	bytes.Buffer
	done func()
}

func (f *firstLine) Write(b []byte) (int, error) {
	defer func() {
		if bytes.Contains(b, []byte("\n")) {
			f.done()
		}
	}()
	return f.Buffer.Write(b)
}

func TestItListensOnLoopbackOnly(t *testing.T) {
	for address, fine := range map[string]bool{
		"127.0.0.1:0": true, "0.0.0.0:0": false, ":0": false, "192.0.2.1:0": false, "localhost": false,
	} {
		l, err := listen(t.Context(), address)
		if (err == nil) != fine {
			t.Errorf("listen(%q): %v", address, err)
		}
		if err == nil {
			_ = l.Close()
		}
	}
}

func TestDataOutlivesTheProcess(t *testing.T) {
	dir := t.TempDir()
	first := &demo{dir: dir, log: testLog(t)}
	if err := first.start(t.Context(), Options{Listen: "127.0.0.1:0"}); err != nil {
		t.Fatal(err)
	}
	before, err := first.server.Store.LoadKeys(t.Context())
	if err != nil || len(before) == 0 {
		t.Fatalf("keys: %v, %v", before, err)
	}
	walkPassword(t, first)
	if err := first.close(); err != nil {
		t.Fatal(err)
	}
	second := start(t, Options{Data: dir})
	after, err := second.server.Store.LoadKeys(t.Context())
	if err != nil || len(after) != len(before) {
		t.Errorf("%d signing keys before, %d after: %v", len(before), len(after), err)
	}
	logins, err := second.server.Store.Logins(t.Context(), "acme", "4711", 10)
	if err != nil || len(logins) != 1 {
		t.Errorf("logins are not kept: %v, %v", logins, err)
	}
}

func TestApplyTakesATenantFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "initech.yaml")
	text := "account: initech\nname: Initech\nlegacy_tenant: \"10030\"\nclients:\n  - id: initech-app\n    name: App\n" +
		"    grant_types: [authorization_code]\n    redirect_uris: [\"https://initech.example/cb\"]\n    scopes: [openid]\n" +
		"    require_secret: true\n    secrets: [{description: test, value: \"0123456789012345678901234567890123\"}]\n"
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	d := start(t, Options{Apply: []string{name}})
	if _, ok := d.server.Registry.Snapshot().Client("initech-app"); !ok {
		t.Error("the client is not there")
	}
	if _, err := discover(t.Context(), d.facts.Base+"/auth/realms/initech", "initech-app", "", ""); err != nil {
		t.Errorf("its realm does not answer: %v", err)
	}
	faulty := &demo{dir: t.TempDir(), log: testLog(t)}
	defer func() { _ = faulty.close() }()
	err := faulty.start(t.Context(), Options{Listen: "127.0.0.1:0", Apply: []string{"/does/not/exist.yaml"}})
	if err == nil || !strings.Contains(err.Error(), "/does/not/exist.yaml") {
		t.Errorf("a missing file: %v", err)
	}
}

// walkPassword logs the first user in with a password and returns the tourist.
func walkPassword(t *testing.T, d *demo) *tourist {
	t.Helper()
	tr := &tourist{facts: d.facts}
	if err := tr.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := tr.passwordLogin(t.Context()); err != nil {
		t.Fatal(err)
	}
	return tr
}

// lastLogin returns the newest recorded login of acme.
func lastLogin(t *testing.T, d *demo, account registry.Account) broker.Login {
	t.Helper()
	logins, err := d.server.Store.Logins(t.Context(), account, "", 1)
	if err != nil || len(logins) != 1 {
		t.Fatalf("no login is recorded: %v", err)
	}
	return logins[0]
}

func eventKinds(t *testing.T, d *demo) map[broker.EventKind]int {
	t.Helper()
	events, err := d.server.Store.Events(t.Context(), time.Time{}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[broker.EventKind]int{}
	for _, e := range events {
		kinds[e.Kind]++
	}
	return kinds
}
