package demo

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"golang.org/x/oauth2"

	"github.com/patchbay-auth/patchbay/federation/idptest"
	"github.com/patchbay-auth/patchbay/testdata/iq"
)

// startSAML starts Acme's other identity provider, which speaks SAML.
func startSAML(listen string) (*idptest.SAML, error) {
	var users []idptest.User
	for _, u := range iq.Known() {
		if u.Tenant != iq.Acme || u.Email == "" {
			continue
		}
		users = append(users, idptest.User{
			Subject: `ACME\` + u.Login, Login: u.Login, Password: corporatePassword,
			Claims: map[string]any{"mail": u.Email, "givenName": u.FirstName, "sn": u.LastName},
		})
	}
	return idptest.StartSAML(idptest.SAMLConfig{Listen: listen, Name: "Acme Branch Offices", Users: users})
}

// introduce gives the SAML identity provider what its administrator would have to be sent: our metadata.
func (d *demo) introduce(ctx context.Context) error {
	metadata, err := d.server.Engine.ServiceMetadata(ctx, "acme", "adfs")
	if err != nil {
		return err
	}
	return d.saml.AddService(metadata)
}

// samlLogin goes through the SAML identity provider, which has the browser post its answer.
func (t *tourist) samlLogin(ctx context.Context) (string, error) {
	upstream := t.facts.Upstreams["adfs"]
	at, err := url.Parse(upstream.Issuer)
	if err != nil {
		return "", err
	}
	if err := t.newAgent(func(u *url.URL) bool { return u.Host == at.Host }); err != nil {
		return "", err
	}
	login := t.app.begin(oauth2.SetAuthURLParam("idp_hint", "adfs"))
	p, err := t.agent.open(ctx, login.url)
	if err != nil {
		return "", err
	}
	if !p.stopped {
		return "", fmt.Errorf("the login led to %s (status %d), not to the identity provider", p.url.Path, p.status)
	}
	back, err := idptest.LoginSAML(ctx, nil, p.url.String(), nil, upstream.Login, upstream.Password)
	if err != nil {
		return "", err
	}
	acs, err := url.Parse(back.Action)
	if err != nil {
		return "", err
	}
	p, err = t.agent.follow(ctx, http.MethodPost, acs, back.Fields)
	if err != nil {
		return "", err
	}
	if err := t.finish(ctx, login, p); err != nil {
		return "", err
	}
	if t.last.claims["sub"] != upstream.UserID || t.last.claims["idp"] != "adfs" {
		return "", fmt.Errorf("sub is %v by %v, want %s by adfs", t.last.claims["sub"], t.last.claims["idp"], upstream.UserID)
	}
	return fmt.Sprintf("%s at the SAML identity provider is user %v", upstream.Login, t.last.claims["sub"]), nil
}

// samlLogout logs out here, which leads to the identity provider and back.
func (t *tourist) samlLogout(ctx context.Context) (string, error) {
	if err := t.leave(ctx); err != nil {
		return "", err
	}
	if err := t.forgotten(ctx); err != nil {
		return "", err
	}
	return "ended here and at the identity provider, and back at the application", nil
}

// forgotten checks that the session of the last token is over everywhere.
func (t *tourist) forgotten(ctx context.Context) error {
	if sessions := t.saml.Sessions(); len(sessions) > 0 {
		return fmt.Errorf("%d sessions are left at the identity provider", len(sessions))
	}
	return t.over(ctx)
}

// samlEnds is the other way: the identity provider sends the browser here to log out.
func (t *tourist) samlEnds(ctx context.Context) (string, error) {
	if _, err := t.samlLogin(ctx); err != nil {
		return "", err
	}
	sessions := t.saml.Sessions()
	if len(sessions) != 1 {
		return "", fmt.Errorf("%d sessions at the identity provider, want one", len(sessions))
	}
	address, err := t.saml.EndSession(sessions[0], "there")
	if err != nil {
		return "", err
	}
	p, err := t.agent.open(ctx, address)
	if err != nil {
		return "", err
	}
	if !p.stopped || p.url.Query().Get("SAMLResponse") == "" || p.url.Query().Get("RelayState") != "there" {
		return "", fmt.Errorf("the logout was answered at %s (status %d)", p.url.Path, p.status)
	}
	if err := t.forgotten(ctx); err != nil {
		return "", err
	}
	return "a signed request ends the session, and the answer goes back signed", nil
}
