package interop

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// A lemonCompany has a LemonLDAP::NG, connected in several ways, and somebody who works there.
type lemonCompany struct {
	company
	lemon lemonldap
}

const lemonClient = "patchbay"

func newLemonCompany(t *testing.T) lemonCompany {
	t.Helper()
	c := lemonCompany{lemon: newLemonLDAP(t)}
	connections := map[string]partner{
		"redirect": {}, "posted": {}, "artifact": {}, "visited": {options: settings{"samlSPMetaDataOptionsEnableIDPInitiatedURL": 1}},
		"sealed": {options: settings{"samlSPMetaDataOptionsEncryptionMode": "assertion"}},
	}
	policies := map[string]string{
		"redirect": "logout: upstream, want_signed: both", "posted": "logout: upstream, request_binding: post", "artifact": "response_binding: artifact",
		"visited": "idp_initiated: interop-rp", "sealed": "want_encrypted: required",
	}
	file := samlConnection("stranger", c.lemon.metadata(), "{{ .uid }}", "")
	for id, policy := range policies {
		file += samlConnection(id, c.lemon.metadata(), "{{ .uid }}", policy)
	}
	c.p = run(t, samlClient()+"connections:\n"+file+oidcConnection("oidc", c.lemon.base, lemonClient, "{{ .preferred_username }}", "logout: upstream"))
	for id, p := range connections {
		p.serviceProvider = c.p.serviceProvider(t, id)
		connections[id] = p
	}
	at := c.p.Base + "/login/acme/oidc/"
	c.lemon.start(t, c.p.Users, c.lemon.config(newPair(t), connections, settings{
		"oidcRPMetaDataOptionsClientID": lemonClient, "oidcRPMetaDataOptionsClientSecret": clientSecret,
		"oidcRPMetaDataOptionsRedirectUris": at + "callback", "oidcRPMetaDataOptionsPostLogoutRedirectUris": at + "logged-out",
		"oidcRPMetaDataOptionsLogoutUrl": at + "frontchannel-logout", "oidcRPMetaDataOptionsLogoutType": "front",
		"oidcRPMetaDataOptionsLogoutSessionRequired": 1, "oidcRPMetaDataOptionsLogoutBypassConfirm": 1,
		"oidcRPMetaDataOptionsIDTokenSignAlg": "RS256", "oidcRPMetaDataOptionsRequirePKCE": 1, "oidcRPMetaDataOptionsBypassConsent": 1,
	}))
	c.im, c.who = discover(t, c.p.Issuer), c.p.Users[0]
	c.who.Password = c.who.Login // there
	return c
}

// TestLemonLDAP lets people log in through LemonLDAP::NG, whose SAML is Lasso's, and whose OpenID Connect is its own.
func TestLemonLDAP(t *testing.T) {
	c := newLemonCompany(t)
	for name, connection := range map[string]string{
		"request by redirect": "redirect", "request by POST": "posted", "encrypted assertion": "sealed", "artifact": "artifact",
		"OpenID Connect": "oidc",
	} {
		t.Run(name, func(t *testing.T) { c.logIn(t, newPerson(t, c.who), connection) })
	}
	if t.Failed() {
		t.Fatal("a positive control failed: what is refused would prove nothing")
	}
	t.Run("connection test", c.examined)
	t.Run("begun at the identity provider", c.begunThere)
	t.Run("login demanded anew", c.anew)
	t.Run("logout here ends the session there", c.endedHere)
	t.Run("logout there ends the session here", c.endedThere)
}

func (c lemonCompany) examined(t *testing.T) {
	// It has people log in before it looks at who asks, also where it was told to show no page.
	const open = warning + "the identity provider shows a page to log in at to anybody, so that it stays open whether it knows this connection"
	for connection, want := range map[string]string{
		"redirect": open, "posted": open, "stranger": open,
		"oidc": ok + `the token endpoint knows client "` + lemonClient + `" and its secret`,
	} {
		c.p.examine(t, connection, want)
	}
}

func (c lemonCompany) begunThere(t *testing.T) {
	someone := newPerson(t, c.who)
	place := c.p.Base + "/login/acme/visited/saml"
	at, err := someone.visit(t.Context(), c.lemon.base+"/saml/singleSignOn?"+url.Values{"IDPInitiated": {"1"}, "sp": {place + "/metadata"}, "spDest": {place + "/acs/idp"}}.Encode(), beginURI)
	if err != nil || !strings.HasPrefix(at, beginURI) {
		t.Fatalf("it ended at %s, %v", at, err)
	}
	c.logIn(t, someone, "visited")
	if someone.asked != 1 {
		t.Errorf("the password was asked for %d times: also for the application's own login", someone.asked)
	}
}

func (c lemonCompany) anew(t *testing.T) {
	people := map[string]*person{"redirect": newPerson(t, c.who), "oidc": newPerson(t, c.who)}
	for connection, someone := range people {
		c.logIn(t, someone, connection)
	}
	time.Sleep((forceInterval + 1) * time.Second)
	for connection, someone := range people {
		for _, demand := range []struct {
			prompt string
			asked  int
		}{{"", 1}, {"&prompt=login", 2}} {
			at, err := someone.visit(t.Context(), c.im.asking(redirectURI, "openid", connection)+demand.prompt, redirectURI)
			if err != nil || !strings.Contains(at, "code=") || someone.asked != demand.asked {
				t.Errorf("connection %s, %q: it ended at %s, %v, and the password was asked for %d times, want %d",
					connection, demand.prompt, at, err, someone.asked, demand.asked)
			}
		}
	}
}

func (c lemonCompany) endedHere(t *testing.T) {
	for _, connection := range []string{"redirect", "posted", "oidc"} {
		c.inAndOut(t, connection)
	}
}

func (c lemonCompany) endedThere(t *testing.T) {
	for _, connection := range []string{"redirect", "posted"} {
		someone, bystander := newPerson(t, c.who), newPerson(t, c.who)
		login, other := c.logIn(t, someone, connection), c.logIn(t, bystander, connection)
		if _, err := someone.visit(t.Context(), c.lemon.logout(), ""); err != nil {
			t.Fatal(err)
		}
		c.im.checkNobody(t, someone)
		if c.refreshes(t, login) || !c.refreshes(t, other) {
			t.Errorf("connection %s: the refresh token is still good, or that of another session is not", connection)
		}
	}
}

// refreshes reports whether a login's refresh token is still taken.
func (c company) refreshes(t *testing.T, login tokens) bool {
	t.Helper()
	status, _ := c.im.refresh(t, login)
	return status == http.StatusOK
}
