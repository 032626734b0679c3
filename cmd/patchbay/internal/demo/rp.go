package demo

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"

	"github.com/patchbay-auth/patchbay/internal/id"
)

// A relyingParty is an OpenID Connect client that knows its issuer and nothing else: every address
// comes from discovery.
type relyingParty struct {
	oauth    oauth2.Config
	metadata metadata
}

type metadata struct {
	Issuer                string `json:"issuer"`
	AuthorizationEndpoint string `json:"authorization_endpoint"`
	TokenEndpoint         string `json:"token_endpoint"`
	UserinfoEndpoint      string `json:"userinfo_endpoint"`
	IntrospectionEndpoint string `json:"introspection_endpoint"`
	RevocationEndpoint    string `json:"revocation_endpoint"`
	EndSessionEndpoint    string `json:"end_session_endpoint"`
	JWKSURI               string `json:"jwks_uri"`
	DeviceEndpoint        string `json:"device_authorization_endpoint"`

	GrantTypes    []string `json:"grant_types_supported"`
	TokenAuth     []string `json:"token_endpoint_auth_methods_supported"`
	TokenAuthAlgs []string `json:"token_endpoint_auth_signing_alg_values_supported"`
}

// discover returns a relying party for a client of an issuer.
func discover(ctx context.Context, issuer, client, secret, redirectURI string, scopes ...string) (*relyingParty, error) {
	var m metadata
	if err := getJSON(ctx, issuer+"/.well-known/openid-configuration", "", &m); err != nil {
		return nil, fmt.Errorf("discovery: %w", err)
	}
	if m.Issuer != issuer {
		return nil, fmt.Errorf("discovery names issuer %q, want %q", m.Issuer, issuer)
	}
	return &relyingParty{metadata: m, oauth: oauth2.Config{
		ClientID: client, ClientSecret: secret, RedirectURL: redirectURI, Scopes: scopes,
		Endpoint: oauth2.Endpoint{AuthURL: m.AuthorizationEndpoint, TokenURL: m.TokenEndpoint, AuthStyle: oauth2.AuthStyleInHeader},
	}}, nil
}

// A pending login waits for the browser to come back.
type pending struct {
	url, state, nonce, verifier string
}

func (rp *relyingParty) begin(extra ...oauth2.AuthCodeOption) pending {
	p := pending{state: id.New().String(), nonce: id.New().String(), verifier: oauth2.GenerateVerifier()}
	options := append([]oauth2.AuthCodeOption{
		oauth2.S256ChallengeOption(p.verifier), oauth2.SetAuthURLParam("nonce", p.nonce),
	}, extra...)
	p.url = rp.oauth.AuthCodeURL(p.state, options...)
	return p
}

// A refusedLogin is an error that the authorization endpoint answered with.
type refusedLogin struct{ code, description string }

func (e *refusedLogin) Error() string { return e.code + ": " + e.description }

// tokens is what a login or a refresh brought.
type tokens struct {
	*oauth2.Token
	idToken string
	claims  map[string]any // of the ID token
}

// finish exchanges what the browser brought back.
func (rp *relyingParty) finish(ctx context.Context, p pending, callback url.Values) (tokens, error) {
	switch {
	case callback.Get("state") != p.state:
		return tokens{}, errors.New("state differs")
	case callback.Get("iss") != rp.metadata.Issuer: // RFC 9207
		return tokens{}, fmt.Errorf("iss is %q", callback.Get("iss"))
	case callback.Get("error") != "":
		return tokens{}, &refusedLogin{callback.Get("error"), callback.Get("error_description")}
	}
	return rp.redeem(ctx, p, callback.Get("code"))
}

// redeem exchanges the code of a login.
func (rp *relyingParty) redeem(ctx context.Context, p pending, code string) (tokens, error) {
	token, err := rp.oauth.Exchange(ctx, code, oauth2.VerifierOption(p.verifier))
	if err != nil {
		return tokens{}, err
	}
	t, err := readTokens(token)
	if err == nil && t.claims["nonce"] != p.nonce {
		return tokens{}, errors.New("nonce differs")
	}
	return t, err
}

// readTokens decodes the ID token. It came straight from the token endpoint, which proves who made
// it (OpenID Connect Core §3.1.3.7, number 6).
func readTokens(token *oauth2.Token) (tokens, error) {
	t := tokens{Token: token}
	t.idToken, _ = token.Extra("id_token").(string)
	if t.idToken == "" {
		return t, nil
	}
	parts := strings.Split(t.idToken, ".")
	if len(parts) != 3 {
		return t, errors.New("ID token is not a JWT")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return t, err
	}
	return t, json.Unmarshal(payload, &t.claims)
}

// refresh exchanges a refresh token.
func (rp *relyingParty) refresh(ctx context.Context, refreshToken string) (tokens, error) {
	token, err := rp.oauth.TokenSource(ctx, &oauth2.Token{RefreshToken: refreshToken}).Token()
	if err != nil {
		return tokens{}, err
	}
	return readTokens(token)
}

func (rp *relyingParty) userinfo(ctx context.Context, accessToken string) (map[string]any, error) {
	var claims map[string]any
	err := getJSON(ctx, rp.metadata.UserinfoEndpoint, accessToken, &claims)
	return claims, err
}

// introspect asks about a token as this client (RFC 7662 §2.1).
func (rp *relyingParty) introspect(ctx context.Context, token string) (map[string]any, error) {
	var answer map[string]any
	err := rp.post(ctx, rp.metadata.IntrospectionEndpoint, url.Values{"token": {token}}, &answer)
	return answer, err
}

// revoke revokes a token of this client (RFC 7009 §2.1).
func (rp *relyingParty) revoke(ctx context.Context, token string) error {
	return rp.post(ctx, rp.metadata.RevocationEndpoint, url.Values{"token": {token}}, nil)
}

func (rp *relyingParty) post(ctx context.Context, endpoint string, form url.Values, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if rp.oauth.ClientSecret != "" { // otherwise the form says who asks
		request.SetBasicAuth(url.QueryEscape(rp.oauth.ClientID), url.QueryEscape(rp.oauth.ClientSecret))
	}
	return do(request, into)
}

func getJSON(ctx context.Context, address, bearer string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	return do(request, into)
}

func do(request *http.Request, into any) error {
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s: %s", request.Method, request.URL.Path, response.Status, strings.TrimSpace(string(body)))
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(body, into)
}
