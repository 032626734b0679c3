package demo

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/patchbay-auth/patchbay/federation/idptest"
)

const (
	// gatewayClient calls APIs for people who have logged in elsewhere.
	gatewayClient = "gateway"
	// crm is the one API for which it may ask for tokens by name, and hrIssuer vouches for people.
	crm      = "https://crm.acme.example"
	hrIssuer = "https://hr.acme.example"
)

// tokenExchange has a gateway exchange the token of another client for one that opens less (RFC 8693), and
// the ID token of the corporate login for one that a switch knows.
func (t *tourist) tokenExchange(ctx context.Context) (string, error) {
	user := t.facts.Users[0]
	form := url.Values{"grant_type": {"password"}, "username": {user.Login}, "password": {user.Password}, "scope": {tourScopes}}
	answer, err := t.machine(ctx, t.facts.RealmIssuer, "legacy-app", form)
	if err != nil {
		return "", err
	}
	subject, _ := answer["access_token"].(string)
	swap := url.Values{"audience": {crm}, "scope": {"profile"}}
	seen, err := t.exchanged(ctx, subject, "access_token", swap)
	if err != nil {
		return "", err
	}
	actor, _ := seen["act"].(map[string]any)
	aud, _ := seen["aud"].([]any)
	if seen["sub"] != user.UserID || seen["client_id"] != gatewayClient || seen["scope"] != "profile" || actor["sub"] != gatewayClient || !slices.Equal(aud, []any{crm}) {
		return "", fmt.Errorf("the API got %v", seen)
	}
	swap.Set("audience", "https://elsewhere.example")
	if _, err := t.exchanged(ctx, subject, "access_token", swap); err == nil || !strings.Contains(err.Error(), "invalid_target") {
		return "", fmt.Errorf("a token for somebody who is not on the list: %w", err)
	}
	upstream, err := t.corporateToken(ctx)
	if err != nil {
		return "", fmt.Errorf("the corporate login: %w", err)
	}
	seen, err = t.exchanged(ctx, upstream, "id_token", url.Values{"scope": {"contact-centre"}})
	if err != nil {
		return "", err
	}
	if seen["sub"] != user.UserID || seen["softphone_address"] != user.SoftphoneAddress {
		return "", fmt.Errorf("for the token of the corporate login the API got %v", seen)
	}
	return fmt.Sprintf("%s acts for user %s at %s only; a corporate token is user %s, too", gatewayClient, user.UserID, crm, user.UserID), nil
}

// exchanged exchanges a token and returns what an API learns of the new one.
func (t *tourist) exchanged(ctx context.Context, subject, kind string, form url.Values) (map[string]any, error) {
	form.Set("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange")
	form.Set("subject_token", subject)
	form.Set("subject_token_type", "urn:ietf:params:oauth:token-type:"+kind)
	answer, err := t.machine(ctx, t.facts.Issuer, gatewayClient, form)
	if err != nil {
		return nil, err
	}
	if answer["refresh_token"] != nil || answer["issued_token_type"] != "urn:ietf:params:oauth:token-type:access_token" {
		return nil, fmt.Errorf("the answer has a token of type %v, and more", answer["issued_token_type"])
	}
	return t.told(ctx, answer)
}

// told returns what an API learns of the access token in an answer.
func (t *tourist) told(ctx context.Context, answer map[string]any) (map[string]any, error) {
	token, _ := answer["access_token"].(string)
	seen, err := t.api.introspect(ctx, token)
	if err == nil && seen["active"] != true {
		err = errors.New("the token is not active")
	}
	return seen, err
}

// corporateToken returns an ID token that the identity provider of the connection corp made for patchbay,
// as an application would have it that knows nothing of patchbay yet.
func (t *tourist) corporateToken(ctx context.Context) (string, error) {
	upstream := t.facts.Upstreams["corp"]
	callback := t.facts.Base + "/login/" + t.facts.Account + "/corp/callback"
	idp, err := discover(ctx, upstream.Issuer, upstreamClient, upstreamSecret, callback, "openid", "profile", "email")
	if err != nil {
		return "", err
	}
	login := idp.begin()
	back, err := idptest.Login(ctx, nil, login.url, upstream.Login, upstream.Password)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(back)
	if err != nil {
		return "", err
	}
	token, err := idp.redeem(ctx, login, u.Query().Get("code"))
	return token.idToken, err
}

// jwtBearer has the gateway show what a system that it trusts says about a person (RFC 7523 §2.1), once.
func (t *tourist) jwtBearer(ctx context.Context) (string, error) {
	user := t.facts.Users[0]
	assertion, err := t.sign(jwt.Claims{Issuer: hrIssuer, Subject: user.Login, Audience: jwt.Audience{t.facts.Issuer}})
	if err != nil {
		return "", err
	}
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion}, "scope": {"contact-centre"}}
	answer, err := t.machine(ctx, t.facts.Issuer, gatewayClient, form)
	if err != nil {
		return "", err
	}
	seen, err := t.told(ctx, answer)
	if err != nil {
		return "", err
	}
	if seen["sub"] != user.UserID || answer["refresh_token"] != nil {
		return "", fmt.Errorf("the API got %v", seen)
	}
	if _, err := t.machine(ctx, t.facts.Issuer, gatewayClient, form); err == nil || !strings.Contains(err.Error(), "invalid_grant") {
		return "", fmt.Errorf("the same assertion again: %w", err)
	}
	return fmt.Sprintf("%s vouches for %s, who is user %s; its word is good once", hrIssuer, user.Login, user.UserID), nil
}
