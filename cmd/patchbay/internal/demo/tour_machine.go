package demo

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// machine asks the token endpoint of an issuer as a client that no browser is in front of.
func (t *tourist) machine(ctx context.Context, issuer, client string, form url.Values) (map[string]any, error) {
	rp, err := discover(ctx, issuer, client, t.facts.Clients[client].Secret, "")
	if err != nil {
		return nil, err
	}
	grantType := form.Get("grant_type")
	if !slices.Contains(rp.metadata.GrantTypes, grantType) {
		return nil, fmt.Errorf("discovery does not list the grant %s", grantType)
	}
	var answer map[string]any
	err = rp.post(ctx, rp.metadata.TokenEndpoint, form, &answer)
	return answer, err
}

// clientCredentials lets the reporting client act as the first user, whose address the switch learns,
// and as nobody that it has no product access to.
func (t *tourist) clientCredentials(ctx context.Context) (string, error) {
	user := t.facts.Users[0]
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"contact-centre:" + t.facts.TenantID + ":" + user.UserID}}
	answer, err := t.machine(ctx, t.facts.Issuer, "reporting", form)
	if err != nil {
		return "", err
	}
	if answer["scope"] != "contact-centre" {
		return "", fmt.Errorf("scope is %v", answer["scope"])
	}
	token, _ := answer["access_token"].(string)
	seen, err := t.sbc.introspect(ctx, token)
	if err != nil {
		return "", err
	}
	if seen["sub"] != user.UserID || seen["username"] != strings.TrimPrefix(user.SoftphoneAddress, "sip:") {
		return "", fmt.Errorf("the switch got %v", seen)
	}
	other := t.facts.Users[1].UserID
	form.Set("scope", "contact-centre:"+t.facts.TenantID+":"+other)
	if _, err := t.machine(ctx, t.facts.Issuer, "reporting", form); err == nil || !strings.Contains(err.Error(), "invalid_scope") {
		return "", fmt.Errorf("a token for user %s, of whom there is no product access: %w", other, err)
	}
	return fmt.Sprintf("reporting acts as user %s and as no other", user.UserID), nil
}

// passwordGrant lets an old integration log a person in by itself, at the realm issuer, and refresh.
func (t *tourist) passwordGrant(ctx context.Context) (string, error) {
	user := t.facts.Users[0]
	form := url.Values{"grant_type": {"password"}, "username": {user.Login}, "password": {user.Password}, "scope": {tourScopes}}
	answer, err := t.machine(ctx, t.facts.RealmIssuer, "legacy-app", form)
	if err != nil {
		return "", err
	}
	token, _ := answer["access_token"].(string)
	seen, err := t.sbc.introspect(ctx, token)
	if err != nil {
		return "", err
	}
	if seen["sub"] != user.UserID {
		return "", fmt.Errorf("the switch got %v", seen)
	}
	refresh, _ := answer["refresh_token"].(string)
	if _, err := t.machine(ctx, t.facts.RealmIssuer, "legacy-app", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}); err != nil {
		return "", err
	}
	form.Set("password", "not "+user.Password)
	if _, err := t.machine(ctx, t.facts.RealmIssuer, "legacy-app", form); err == nil || !strings.Contains(err.Error(), "401") {
		return "", fmt.Errorf("a wrong password: %w", err)
	}
	return fmt.Sprintf("legacy-app logs %s in and refreshes; a wrong password is 401", user.Login), nil
}
