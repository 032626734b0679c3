package demo

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker/grant"
)

// TestTheApplicationHearsOfLogouts: whoever ends the session, the application's page knows.
func TestTheApplicationHearsOfLogouts(t *testing.T) {
	d := start(t, Options{})
	b, err := newBrowser(nil)
	if err != nil {
		t.Fatal(err)
	}
	home := func() page {
		t.Helper()
		p, err := b.open(t.Context(), d.facts.App+"/")
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p, err := b.submit(t.Context(), home(), "/login", nil)
	if err != nil {
		t.Fatal(err)
	}
	user := d.facts.Users[0]
	p, err = b.submit(t.Context(), p, "", map[string]string{"username": user.Login, "password": user.Password})
	if err != nil || !strings.Contains(p.body, "Signed in as") {
		t.Fatalf("control: %v\n%s", err, p.body)
	}

	for name, token := range map[string]string{
		"no token": "", "not a token": "x.y.z",
		"unsigned": "eyJhbGciOiJub25lIiwidHlwIjoibG9nb3V0K2p3dCJ9.e30.",
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.facts.App+"/backchannel-logout",
			strings.NewReader(url.Values{"logout_token": {token}}.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if _ = response.Body.Close(); response.StatusCode != http.StatusBadRequest || !strings.Contains(home().body, "Signed in as") {
			t.Errorf("%s: %d", name, response.StatusCode)
		}
	}

	// As patchbay revoke does, in another process.
	revocation := grant.New(grant.Config{Store: d.server.Store, Sealer: d.server.Keys, Revocations: &grant.Revocations{}})
	if err := revocation.Revoke(t.Context(), grant.KindUser, grant.UserSubject("acme", "4711")); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		p := home()
		if strings.Contains(p.body, "the session has ended") && strings.Contains(p.body, "You are not signed in") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the application's page:\n%s", p.body)
		}
	}
}
