package interop

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// keyed is what the provider knows patchbay by at the connection of that name, where it has a key and no secret.
const keyed = "interop-keyed"

// opTenant is an application, an API and a gateway, and the connections to the provider at that address.
func opTenant(at socket) string {
	return fmt.Sprintf(`
  - id: interop-rp
    grant_types: [authorization_code, refresh_token]
    redirect_uris: [%q]
    post_logout_redirect_uris: [%q]
    scopes: [openid, profile, email, offline_access, contact-centre]
    secrets: [{ description: test, value: %[3]q }]
  - id: interop-api
    secrets: [{ description: test, value: %[3]q }]
    introspection: { allow: tenant }
  - id: interop-gateway
    grant_types: ["urn:ietf:params:oauth:grant-type:token-exchange"]
    scopes: [profile, contact-centre]
    secrets: [{ description: test, value: %[3]q }]
    token_exchange: { audiences: [https://crm.example], connections: [op] }
connections:
  - id: op
    type: oidc
    issuer: %[4]q
    client_id: %[5]s
    client_secret: %[3]q
    logout: upstream
    allow_private_network: true
    mapping:
      - name: login name
        match: { login: "{{ .sub }}" }
  - id: elsewhere
    type: oidc
    issuer: %[4]q
    client_id: %[5]s
    client_secret: %[3]q
    allow_private_network: true
    mapping:
      - name: login name
        match: { login: "{{ .sub }}" }
  - id: keyed
    type: oidc
    issuer: %[4]q
    client_id: %[6]s
    client_auth: private_key_jwt
    allow_private_network: true
    mapping:
      - name: login name
        match: { login: "{{ .sub }}" }
`, redirectURI, postLogoutURI, clientSecret, at.origin, rp, keyed)
}

// A provider is op.mjs, running.
type provider struct {
	discovered
	orders io.Writer
}

// startOP runs op.mjs until the test ends. Its clients are patchbay; and the test, in patchbay's place.
func startOP(t *testing.T, p patchbay, at socket) provider {
	t.Helper()
	base := p.Base + "/login/acme/"
	config, err := json.Marshal(map[string]any{"origin": at.origin, "clients": []settings{{
		"client_id": rp, "client_secret": clientSecret,
		"redirect_uris":             []string{base + "op/callback", redirectURI},
		"post_logout_redirect_uris": []string{base + "op/logged-out"},
		"backchannel_logout_uri":    base + "op/backchannel-logout", "backchannel_logout_session_required": true,
	}, {
		"client_id": keyed, "token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": "RS256",
		"jwks_uri": base + "keyed/jwks", "redirect_uris": []string{base + "keyed/callback"},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), needNode(t), "op.mjs", string(config)) //nolint:gosec // our own script
	command.ExtraFiles = []*os.File{at.file}
	orders, err := command.StdinPipe() // it ends when this pipe closes
	if err != nil {
		t.Fatal(err)
	}
	var ready struct{}
	start(t, command, &ready)
	return provider{discover(t, at.origin), orders}
}

// keys returns the ids of the keys that it publishes.
func (p provider) keys(t *testing.T) string {
	t.Helper()
	var set jose.JSONWebKeySet
	if status, body := send(t, bearing(t, p.JWKSURI, "")); status != http.StatusOK {
		t.Fatalf("keys: %d %s", status, body)
	} else if err := json.Unmarshal(body, &set); err != nil || len(set.Keys) != 1 {
		t.Fatalf("keys: %s, %v", body, err)
	}
	return set.Keys[0].KeyID
}

// rotate makes it sign with another key.
func (p provider) rotate(t *testing.T) {
	t.Helper()
	old := p.keys(t)
	if _, err := io.WriteString(p.orders, "\n"); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); p.keys(t) == old; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it still signs with the old key")
		}
	}
}

// TestOIDCProvider lets people log in through npm's oidc-provider.
func TestOIDCProvider(t *testing.T) {
	needNode(t)
	at := takeSocket(t)
	p := run(t, opTenant(at))
	idp, im := startOP(t, p, at), discover(t, p.Issuer)
	if someone := newPerson(t, p.Users[0]); !t.Run("login", func(t *testing.T) { im.through(t, someone, "op") }) {
		t.Fatal("the positive control failed: what is refused would prove nothing")
	}
	t.Run("keys change", func(t *testing.T) { testKeysChange(t, p, idp, im) })
	t.Run("logout, from there", func(t *testing.T) { testLogoutThere(t, p, idp, im) })
	t.Run("logout, from here", func(t *testing.T) { testLogoutHere(t, p, im) })
	t.Run("connection test", func(t *testing.T) {
		p.examine(t, "op", ok+`the token endpoint knows client "`+rp+`" and its secret`)
		p.examine(t, "op", ok+"the redirect URI is registered")
		// The provider knows the client, and its address at the connection op only.
		p.examine(t, "elsewhere", fault+`the authorization endpoint answers 400: the redirect URI is not registered for client "`+rp+`"`)
	})
	t.Run("a key instead of a secret", func(t *testing.T) { testOwnKey(t, p, idp, im) })
}

// through logs a person in by a connection.
func (d discovered) through(t *testing.T, someone *person, connection string) tokens {
	t.Helper()
	back, err := d.authorize(t, someone, "openid offline_access contact-centre", connection)
	if err != nil {
		t.Fatal(err)
	}
	login := d.redeem(t, back)
	if got := d.subject(t, login); got != someone.UserID {
		t.Fatalf("it is user %q, want %q", got, someone.UserID)
	}
	return login
}

// testKeysChange: after a new key people still log in, and what the old one has signed is worth nothing.
func testKeysChange(t *testing.T, p patchbay, idp provider, im discovered) {
	exchange := func(idToken string) (int, []byte) {
		return im.post(t, "interop-gateway", im.TokenEndpoint, url.Values{
			"grant_type":    {"urn:ietf:params:oauth:grant-type:token-exchange"},
			"subject_token": {idToken}, "subject_token_type": {"urn:ietf:params:oauth:token-type:id_token"},
			"audience": {"https://crm.example"}, "scope": {"profile"},
		})
	}
	before := idp.login(t, newPerson(t, p.Users[0]), "openid")
	if status, body := exchange(before.IDToken); status != http.StatusOK {
		t.Fatalf("the positive control: %d %s", status, body)
	}
	idp.rotate(t)
	im.through(t, newPerson(t, p.Users[0]), "op")
	if status, body := exchange(before.IDToken); status != http.StatusBadRequest || !strings.Contains(string(body), "subject token is not accepted") {
		t.Errorf("signed by the old key: %d %s", status, body)
	}
	after := idp.login(t, newPerson(t, p.Users[0]), "openid")
	if status, body := exchange(after.IDToken); status != http.StatusOK {
		t.Errorf("signed by the new key: %d %s", status, body)
	}
}

// testLogoutThere: a person logs out at the provider, which tells patchbay by its back channel.
func testLogoutThere(t *testing.T, p patchbay, idp provider, im discovered) {
	someone, other := newPerson(t, p.Users[0]), newPerson(t, p.Users[0])
	login, elsewhere := im.through(t, someone, "op"), im.through(t, other, "op")
	if _, err := someone.visit(t.Context(), idp.EndSessionEndpoint+"?client_id="+rp, ""); err != nil {
		t.Fatal(err)
	}
	im.checkOver(t, someone, login)
	// The other browser has another session at the provider.
	if answer, text := im.introspect(t, "interop-api", elsewhere.AccessToken); answer["active"] != true {
		t.Errorf("of the other session introspection answers %s", text)
	}
}

// testLogoutHere: the application logs a person out of patchbay, and of the provider with it.
func testLogoutHere(t *testing.T, p patchbay, im discovered) {
	someone := newPerson(t, p.Users[0])
	login := im.through(t, someone, "op")
	im.end(t, someone, login)
	im.checkOver(t, someone, login)
	someone.asked = 0
	if im.through(t, someone, "op"); someone.asked != 1 {
		t.Errorf("the provider asks for the password %d times, want once", someone.asked)
	}
}

// testOwnKey: patchbay proves itself by a key that the provider fetches, and by the next one when it has
// fetched that.
func testOwnKey(t *testing.T, p patchbay, idp provider, im discovered) {
	const scope = "connection:acme/keyed"
	rotate := func(flags ...string) {
		t.Helper()
		if said, err := p.command(t, append([]string{"key", "rotate", "--scope", scope}, flags...)...); err != nil || !strings.Contains(said, scope+": RS256 key") {
			t.Fatalf("%v: %s", err, said)
		}
	}
	im.through(t, newPerson(t, p.Users[0]), "keyed")
	p.examine(t, "keyed", ok+`the token endpoint knows client "`+keyed+`" and its key`)

	rotate() // a next key is announced, and is not used yet
	idp.rotate(t)
	im.through(t, newPerson(t, p.Users[0]), "keyed")

	rotate("--now")
	im.awaitRefusal(t, p, "keyed")
	p.log.await(t, "path=/login/acme/keyed/callback", "invalid_client")
	p.examine(t, "keyed", fault+`the token endpoint refuses client "`+keyed+`" with its key`)
	idp.rotate(t) // it fetches our keys anew
	im.through(t, newPerson(t, p.Users[0]), "keyed")
	p.examine(t, "keyed", ok+`the token endpoint knows client "`+keyed+`" and its key`)
}

// awaitRefusal logs people in until one of them is refused: a running server hears of a change within a second.
func (d discovered) awaitRefusal(t *testing.T, p patchbay, connection string) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if _, err := d.authorize(t, newPerson(t, p.Users[0]), "openid", connection); err != nil {
			return
		}
	}
	t.Error("nobody is refused")
}

// How connection test begins the lines of its findings.
const (
	ok      = "ok       "
	warning = "warning  "
	fault   = "fault    "
)

// checkOver expects that a session has ended, with its refresh token and at the APIs.
func (d discovered) checkOver(t *testing.T, someone *person, login tokens) {
	t.Helper()
	if _, text := d.introspect(t, "interop-api", login.AccessToken); text != `{"active":false}` {
		t.Errorf("introspection answers %s", text)
	}
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {login.RefreshToken}}
	if status, body := d.post(t, rp, d.TokenEndpoint, form); status != http.StatusBadRequest || !strings.Contains(string(body), "invalid_grant") {
		t.Errorf("the refresh token: %d %s", status, body)
	}
	d.checkNobody(t, someone)
}
