package interop

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Contexts of an authentication: SimpleSAMLphp confirms the usual one to everybody, whatever was demanded.
const (
	usual  = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
	strict = "urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken"
)

// A company has a SimpleSAMLphp, connected in several ways, and somebody who works there.
type company struct {
	idp *simpleSAML
	p   patchbay
	im  discovered
	who user
}

func newCompany(t *testing.T) company {
	t.Helper()
	c := company{idp: newSimpleSAML(t)}
	connections := map[string]string{
		"redirect": "logout: upstream", "here": "logout: local", "posted": "request_binding: post",
		"sealed": "want_encrypted: required, want_signed: both", "artifact": "response_binding: artifact",
		"visited": "idp_initiated: interop-rp",
		"weak":    "acr_values: [" + strict + "," + usual + "]", "strong": "acr_values: [" + strict + "]",
	}
	// The IdP is not told of stranger, and what it shows for page is none.
	file := "connections:\n" + c.advised(t) + samlConnection("stranger", c.idp.metadata(), "{{ .uid }}", "") +
		samlConnection("page", c.idp.base+"/module.php/saml/sp/metadata.php/nobody", "{{ .uid }}", "")
	for id, policy := range connections {
		file += samlConnection(id, c.idp.metadata(), "{{ .uid }}", policy)
	}
	c.p = run(t, samlClient()+file)
	partners := []serviceProvider{c.p.serviceProvider(t, "advised")}
	for id := range connections {
		partners = append(partners, c.p.serviceProvider(t, id))
	}
	c.idp.start(t, c.p.Users, partners...)
	c.im, c.who = discover(t, c.p.Issuer), c.p.Users[0]
	return c
}

// advised is the connection of the guide.
func (c company) advised(t *testing.T) string {
	t.Helper()
	const place = "metadata_url: https://idp.acme.example/simplesaml/saml2/idp/metadata.php"
	_, block, _ := strings.Cut(readDocument(t, "docs/idps/simplesamlphp.md"), "```yaml\nconnections:\n")
	block, _, found := strings.Cut(block, "```")
	if !found || !strings.Contains(block, "- id: corp\n") || !strings.Contains(block, place) {
		t.Fatalf("the guide's connection is %q", block)
	}
	return strings.NewReplacer("- id: corp\n", "- id: advised\n", place, "metadata_url: "+c.idp.metadata()+"\n    allow_private_network: true").Replace(block)
}

// logIn expects that somebody gets in as the user whom we know.
func (c company) logIn(t *testing.T, someone *person, connection string) tokens {
	t.Helper()
	back, err := c.im.authorize(t, someone, "openid email offline_access", connection)
	if err != nil {
		t.Fatal(err)
	}
	login := c.im.redeem(t, back)
	if got := c.im.subject(t, login); got != c.who.UserID {
		t.Errorf("it is user %q, want %q", got, c.who.UserID)
	}
	return login
}

// refused expects that somebody does not get in, for this reason.
func (c company) refused(t *testing.T, connection, reason string) {
	t.Helper()
	if back, err := c.im.authorize(t, newPerson(t, c.who), "openid", connection); err == nil {
		t.Fatalf("came back with %v", back)
	}
	c.p.log.await(t, "path=/login/acme/"+connection+"/saml/acs", reason)
}

func TestSimpleSAMLphp(t *testing.T) {
	c := newCompany(t)
	for _, tc := range []struct {
		name, connection string
		options          settings
	}{
		{"request by redirect", "redirect", nil},
		{"request by POST", "posted", nil},
		{"encrypted assertion", "sealed", settings{"assertion.encryption": true}},
		{"artifact", "artifact", nil},
		{"context that it confirms", "weak", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c.idp.configure(t, tc.options)
			c.logIn(t, newPerson(t, c.who), tc.connection)
		})
	}
	if t.Failed() {
		t.Fatal("a positive control failed: what is refused would prove nothing")
	}
	c.idp.configure(t, nil)
	t.Run("plain assertion where it must be encrypted", func(t *testing.T) { c.refused(t, "sealed", "Assertion is not encrypted") })
	t.Run("context that it does not confirm", func(t *testing.T) { c.refused(t, "strong", "the authentication context is") })
	t.Run("as the guide advises", c.guided)
	t.Run("connection test", c.examine)
	t.Run("begun at the identity provider", c.begunThere)
	t.Run("login demanded anew", c.anew)
	t.Run("logout here ends the session there", c.endedHere)
	t.Run("logout there ends the session here", c.endedThere)
	t.Run("new certificate", func(t *testing.T) {
		c.idp.use(t, newPair(t))
		c.logIn(t, newPerson(t, c.who), "redirect")
	})
}

// guided logs in twice by the guide's connection: who was found by the login name is found by the link then.
func (c company) guided(t *testing.T) {
	c.idp.configure(t, settings{"assertion.encryption": true})
	t.Cleanup(func() { c.idp.configure(t, nil) })
	for _, rule := range []string{"login name", "linked external id"} {
		c.logIn(t, newPerson(t, c.who), "advised")
		said, err := c.p.command(t, "explain", "--account", "acme", "--user", c.who.UserID, "--limit", "1", "--json")
		if err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		var logins []struct {
			Connection string `json:"connection"`
			Trace      struct {
				Steps []struct {
					Rule    string `json:"rule"`
					Outcome string `json:"outcome"`
				} `json:"steps"`
			} `json:"trace"`
		}
		if err := json.Unmarshal([]byte(said), &logins); err != nil || len(logins) != 1 || len(logins[0].Trace.Steps) == 0 {
			t.Fatalf("%v: %s", err, said)
		}
		last := logins[0].Trace.Steps[len(logins[0].Trace.Steps)-1]
		if logins[0].Connection != "advised" || last.Rule != rule || last.Outcome != "matched" {
			t.Errorf("the login is recorded as %+v, want one by the rule %q", logins[0], rule)
		}
	}
}

func (c company) examine(t *testing.T) {
	const known = ok + "the identity provider knows this connection and takes a signed request"
	for connection, want := range map[string]string{
		"redirect": known, "posted": known, "artifact": known,
		"stranger": fault + `the identity provider answers as it does to somebody whom it does not know: a page that says "Metadata not found", with HTTP status 200`,
		"page":     fault + `it is a web page that says "Authentication source error", not metadata`,
	} {
		c.p.examine(t, connection, want)
	}
}

// examine expects that `patchbay connection test` says this about a connection, and ends with 1 if that is a fault.
func (p patchbay) examine(t *testing.T, connection, want string) {
	t.Helper()
	said, err := p.command(t, "connection", "test", "acme/"+connection)
	if !strings.Contains(said, want) || (err != nil) != strings.HasPrefix(want, fault) {
		t.Errorf("connection test acme/%s ends with %v, and does not say %q:\n%s", connection, err, want, said)
	}
}

func (c company) begunThere(t *testing.T) {
	someone := newPerson(t, c.who)
	at, err := someone.visit(t.Context(), c.idp.unasked(c.p, "visited"), beginURI)
	if err != nil {
		t.Fatal(err)
	}
	if want := beginURI + "?" + (url.Values{"iss": {c.p.Issuer}}).Encode(); at != want {
		t.Fatalf("it ended at %s, want %s", at, want)
	}
	c.logIn(t, someone, "visited")
	if someone.asked != 1 {
		t.Errorf("the password was asked for %d times: also for the application's own login", someone.asked)
	}
	// The metadata of another connection has no such address, and at its own nobody comes unasked.
	at, err = newPerson(t, c.who).visit(t.Context(), c.idp.unasked(c.p, "redirect"), beginURI)
	if err == nil || !strings.Contains(err.Error(), "/login/acme/redirect/saml/acs: 400 Bad Request") {
		t.Errorf("where it is not allowed it ended at %q, %v", at, err)
	}
}

func (c company) anew(t *testing.T) {
	for prompt, asked := range map[string]int{"": 1, "&prompt=login": 2} {
		someone := newPerson(t, c.who)
		c.logIn(t, someone, "redirect")
		at, err := someone.visit(t.Context(), c.im.asking(redirectURI, "openid", "redirect")+prompt, redirectURI)
		if err != nil || !strings.Contains(at, "code=") {
			t.Errorf("prompt %q: it ended at %s, %v", prompt, at, err)
		}
		if someone.asked != asked {
			t.Errorf("prompt %q: the password was asked for %d times, want %d", prompt, someone.asked, asked)
		}
	}
}

func (c company) endedHere(t *testing.T) {
	for connection, asked := range map[string]int{"redirect": 2, "here": 1} {
		someone := newPerson(t, c.who)
		c.im.end(t, someone, c.logIn(t, someone, connection))
		c.im.checkNobody(t, someone)
		c.p.log.confirmed(t)
		c.logIn(t, someone, connection)
		if someone.asked != asked {
			t.Errorf("connection %s: the password was asked for %d times, want %d", connection, someone.asked, asked)
		}
	}
}

func (c company) endedThere(t *testing.T) {
	someone, bystander := newPerson(t, c.who), newPerson(t, c.who)
	login, other := c.logIn(t, someone, "redirect"), c.logIn(t, bystander, "redirect")
	if _, err := someone.visit(t.Context(), c.idp.logout(postLogoutURI), postLogoutURI); err != nil {
		t.Fatal(err)
	}
	c.im.checkNobody(t, someone)
	if status, answer := c.im.refresh(t, login); status != http.StatusBadRequest {
		t.Errorf("a refresh token after the logout is answered with %d %s", status, answer)
	}
	if status, answer := c.im.refresh(t, other); status != http.StatusOK {
		t.Errorf("the refresh token of another session is answered with %d %s", status, answer)
	}
}

// refresh uses a refresh token and returns the answer.
func (d discovered) refresh(t *testing.T, login tokens) (int, []byte) {
	t.Helper()
	return d.post(t, rp, d.TokenEndpoint, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {login.RefreshToken}})
}
