package demo

import (
	"context"
	"fmt"
	"strings"
)

// platformLogin logs a user of another tenant in at the platform's client, by customer number, with
// the consent that the client must ask for.
func (t *tourist) platformLogin(ctx context.Context) (string, error) {
	tenant := t.facts.Tenants[len(t.facts.Tenants)-1]
	var user UserFacts
	for _, u := range t.facts.Users {
		if u.Account == tenant.Account {
			user = u
			break
		}
	}
	client := t.facts.Clients["desktop"]
	desktop, err := discover(ctx, t.facts.Issuer, "desktop", client.Secret, client.RedirectURIs[0], strings.Fields(tourScopes)...)
	if err != nil {
		return "", err
	}
	if err := t.newAgent(nil); err != nil {
		return "", err
	}
	login := desktop.begin()
	p, err := t.agent.open(ctx, login.url)
	if err != nil {
		return "", err
	}
	p, err = t.agent.submit(ctx, p, "", map[string]string{
		"username": user.Login, "password": user.Password, "customer_number": tenant.TenantID,
	})
	if err != nil {
		return "", err
	}
	p, err = t.agent.submit(ctx, p, "/consent", nil)
	if err != nil {
		return "", err
	}
	callback, err := p.callback()
	if err != nil {
		return "", err
	}
	got, err := desktop.finish(ctx, login, callback)
	if err != nil {
		return "", err
	}
	if got.claims["sub"] != user.UserID {
		return "", fmt.Errorf("sub is %v, want %s", got.claims["sub"], user.UserID)
	}
	answer, err := t.sbc.introspect(ctx, got.AccessToken)
	if err != nil {
		return "", err
	}
	if answer["active"] != false {
		return "", fmt.Errorf("the switch of %s sees a token of %s: %v", t.facts.Account, tenant.Account, answer)
	}
	return fmt.Sprintf("%s of customer %s is user %v; %s's switch does not see the token", user.Login, tenant.TenantID, got.claims["sub"], t.facts.Account), nil
}
