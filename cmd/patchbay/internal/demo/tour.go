package demo

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/patchbay-auth/patchbay/federation/idptest"
)

// A tourist walks every flow of a running demo through its public addresses.
type tourist struct {
	facts Facts
	app   *relyingParty // agent-app at the shared issuer
	sbc   *relyingParty // the switch, at the realm issuer
	api   *relyingParty // another introspecting client, at the shared issuer

	// Sessions end at the identity providers too: at one by what it posts, at the other by redirects.
	idp  *idptest.IdP
	saml *idptest.SAML

	agent *browser // the browser that stays logged in from stop to stop
	last  tokens   // of the last login
}

const tourScopes = "openid profile email offline_access roles groups contact-centre"

// tour prints one line per flow and returns the first error.
func tour(ctx context.Context, facts Facts, idp *idptest.IdP, saml *idptest.SAML, out io.Writer) error {
	t := &tourist{facts: facts, idp: idp, saml: saml}
	if err := t.prepare(ctx); err != nil {
		return err
	}
	stops := []struct {
		name string
		walk func(context.Context) (string, error)
	}{
		{"password login", t.passwordLogin},
		{"the SBC registers 4711", t.switchRegisters},
		{"an API checks a token", t.apiChecks},
		{"refresh", t.refresh},
		{"revoke", t.revoke},
		{"logout", t.logout},
		{"SSO login", t.ssoLogin},
		{"SSO logout, from here", t.ssoLogout},
		{"SSO logout, from there", t.ssoEnds},
		{"SAML login", t.samlLogin},
		{"SAML logout, from here", t.samlLogout},
		{"SAML logout, from there", t.samlEnds},
		{"device login", t.deviceLogin},
		{"platform login", t.platformLogin},
		{"single-page application", t.singlePage},
		{"client credentials", t.clientCredentials},
		{"private_key_jwt", t.privateKeyJWT},
		{"password grant", t.passwordGrant},
		{"token exchange", t.tokenExchange},
		{"jwt-bearer", t.jwtBearer},
		{"guessing a password", t.guess},
	}
	for _, stop := range stops {
		started := time.Now()
		said, err := stop.walk(ctx)
		took := time.Since(started).Round(100 * time.Microsecond)
		if err != nil {
			_, _ = fmt.Fprintf(out, "FAIL  %-24s %7s  %v\n", stop.name, took, err)
			return fmt.Errorf("tour: %s: %w", stop.name, err)
		}
		if _, err := fmt.Fprintf(out, "ok    %-24s %7s  %s\n", stop.name, took, said); err != nil {
			return err
		}
	}
	return nil
}

func (t *tourist) prepare(ctx context.Context) (err error) {
	agent := t.facts.Clients["agent-app"]
	t.app, err = discover(ctx, t.facts.Issuer, "agent-app", agent.Secret, agent.RedirectURIs[0], strings.Fields(tourScopes)...)
	if err != nil {
		return err
	}
	t.sbc, err = discover(ctx, t.facts.RealmIssuer, "sbc", t.facts.Clients["sbc"].Secret, "")
	if err != nil {
		return err
	}
	t.api, err = discover(ctx, t.facts.Issuer, "api", t.facts.Clients["api"].Secret, "")
	return err
}

// newAgent gives the tourist a browser without cookies.
func (t *tourist) newAgent(at func(*url.URL) bool) (err error) {
	redirectURI := t.app.oauth.RedirectURL
	t.agent, err = newBrowser(func(u *url.URL) bool {
		return strings.HasPrefix(u.String(), redirectURI) || (at != nil && at(u))
	})
	return err
}

// finish takes the tokens of a login that has come back to the application.
func (t *tourist) finish(ctx context.Context, login pending, p page) error {
	callback, err := p.callback()
	if err != nil {
		return err
	}
	t.last, err = t.app.finish(ctx, login, callback)
	return err
}

func (t *tourist) passwordLogin(ctx context.Context) (string, error) {
	if err := t.newAgent(nil); err != nil {
		return "", err
	}
	user := t.facts.Users[0]
	login := t.app.begin()
	p, err := t.agent.open(ctx, login.url)
	if err != nil {
		return "", err
	}
	p, err = t.agent.submit(ctx, p, "", map[string]string{"username": user.Login, "password": user.Password})
	if err != nil {
		return "", err
	}
	if err := t.finish(ctx, login, p); err != nil {
		return "", err
	}
	if t.last.claims["sub"] != user.UserID {
		return "", fmt.Errorf("sub is %v, want %s", t.last.claims["sub"], user.UserID)
	}
	claims, err := t.app.userinfo(ctx, t.last.AccessToken)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s is user %v, %v", user.Login, claims["sub"], claims["name"]), nil
}

func (t *tourist) switchRegisters(ctx context.Context) (string, error) {
	user := t.facts.Users[0]
	answer, err := t.sbc.introspect(ctx, t.last.AccessToken)
	if err != nil {
		return "", err
	}
	want := strings.TrimPrefix(user.SoftphoneAddress, "sip:")
	if answer["active"] != true || answer["username"] != want {
		return "", fmt.Errorf("the switch got %v, want the active username %s", answer, want)
	}
	generic, err := t.api.introspect(ctx, t.last.AccessToken)
	if err != nil {
		return "", err
	}
	if generic["username"] != user.Login {
		return "", fmt.Errorf("the generic profile got %v, want the username %s", generic, user.Login)
	}
	return fmt.Sprintf("active, username %v", answer["username"]), nil
}

func (t *tourist) ssoLogin(ctx context.Context) (string, error) {
	upstream := t.facts.Upstreams["corp"]
	err := t.newAgent(func(u *url.URL) bool { return strings.HasPrefix(u.String(), upstream.Issuer+"/") })
	if err != nil {
		return "", err
	}
	login := t.app.begin()
	p, err := t.agent.open(ctx, login.url)
	if err != nil {
		return "", err
	}
	p, err = t.agent.submit(ctx, p, "/with/corp", nil)
	if err != nil {
		return "", err
	}
	if !p.stopped {
		return "", fmt.Errorf("choosing the connection led to %s (status %d), not to the identity provider", p.url.Path, p.status)
	}
	back, err := idptest.Login(ctx, nil, p.url.String(), upstream.Login, upstream.Password)
	if err != nil {
		return "", err
	}
	p, err = t.agent.open(ctx, back)
	if err != nil {
		return "", err
	}
	if err := t.finish(ctx, login, p); err != nil {
		return "", err
	}
	if t.last.claims["sub"] != upstream.UserID || t.last.claims["idp"] != "corp" {
		return "", fmt.Errorf("sub is %v by %v, want %s by corp", t.last.claims["sub"], t.last.claims["idp"], upstream.UserID)
	}
	answer, err := t.sbc.introspect(ctx, t.last.AccessToken)
	if err != nil {
		return "", err
	}
	if answer["active"] != true {
		return "", fmt.Errorf("the switch got %v", answer)
	}
	return fmt.Sprintf("%s at the identity provider is user %v; the switch learns %v", upstream.Login, t.last.claims["sub"], answer["username"]), nil
}

func (t *tourist) refresh(ctx context.Context) (string, error) {
	const parallel = 8
	type outcome struct {
		token tokens
		err   error
	}
	old := t.last
	outcomes := make(chan outcome, parallel)
	for range parallel {
		go func() {
			token, err := t.app.refresh(ctx, old.RefreshToken)
			outcomes <- outcome{token, err}
		}()
	}
	successors := map[string]bool{}
	for range parallel {
		o := <-outcomes
		if o.err != nil {
			return "", o.err
		}
		successors[o.token.RefreshToken] = true
		t.last = o.token
	}
	if len(successors) != 1 || successors[old.RefreshToken] {
		return "", fmt.Errorf("%d parallel refreshes got %d successors", parallel, len(successors))
	}
	if t.last.claims["sub"] != old.claims["sub"] {
		return "", fmt.Errorf("sub became %v", t.last.claims["sub"])
	}
	return fmt.Sprintf("%d tabs at once, one successor", parallel), nil
}

func (t *tourist) revoke(ctx context.Context) (string, error) {
	if err := t.app.revoke(ctx, t.last.RefreshToken); err != nil {
		return "", err
	}
	answer, err := t.sbc.introspect(ctx, t.last.AccessToken)
	if err != nil {
		return "", err
	}
	if answer["active"] != false || len(answer) != 1 {
		return "", fmt.Errorf("after the revocation the switch got %v", answer)
	}
	if _, err := t.app.refresh(ctx, t.last.RefreshToken); err == nil {
		return "", fmt.Errorf("a revoked refresh token was exchanged")
	}
	return "refresh and access token are dead at the switch", nil
}
