package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// singlePage logs in as the single-page application does: without a secret, and with what a browser
// adds to the requests of its script. A script from elsewhere is not let through.
func (t *tourist) singlePage(ctx context.Context) (string, error) {
	redirectURI := t.facts.Clients[spaClient].RedirectURIs[0]
	app, err := discover(ctx, t.facts.Issuer, spaClient, "", redirectURI, "openid", "profile", "email")
	if err != nil {
		return "", err
	}
	person, err := newBrowser(func(u *url.URL) bool { return strings.HasPrefix(u.String(), redirectURI) })
	if err != nil {
		return "", err
	}
	login, user := app.begin(), t.facts.Users[0]
	p, err := person.open(ctx, login.url)
	if err != nil {
		return "", err
	}
	p, err = person.submit(ctx, p, "", map[string]string{"username": user.Login, "password": user.Password})
	if err != nil {
		return "", err
	}
	callback, err := p.callback()
	if err != nil {
		return "", err
	}
	var got struct {
		AccessToken string `json:"access_token"`
	}
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {callback.Get("code")}, "redirect_uri": {redirectURI},
		"client_id": {spaClient}, "code_verifier": {login.verifier},
	}
	if err := t.script(ctx, http.MethodPost, app.metadata.TokenEndpoint, "", form, &got); err != nil {
		return "", err
	}
	var claims map[string]any
	if err := t.script(ctx, http.MethodGet, app.metadata.UserinfoEndpoint, got.AccessToken, nil, &claims); err != nil {
		return "", err
	}
	if claims["sub"] != user.UserID {
		return "", fmt.Errorf("sub is %v, want %s", claims["sub"], user.UserID)
	}
	const stranger = "http://elsewhere.example"
	status, allowed, err := preflight(ctx, app.metadata.UserinfoEndpoint, stranger)
	if err != nil {
		return "", err
	}
	if status != http.StatusForbidden || allowed != "" {
		return "", fmt.Errorf("a script of %s is answered with %d and the origin %q", stranger, status, allowed)
	}
	return fmt.Sprintf("a script of %s may ask without a secret, one of %s may not", t.facts.App, stranger), nil
}

// script does what a browser does when a script of the demo's application sends a request: it asks
// whether it may, and shows the answer to the script only if that says so.
func (t *tourist) script(ctx context.Context, method, endpoint, bearer string, form url.Values, into any) error {
	if bearer != "" { // a form alone is a simple request, which is not announced
		status, allowed, err := preflight(ctx, endpoint, t.facts.App)
		if err != nil {
			return err
		}
		if status != http.StatusNoContent || allowed != t.facts.App {
			return fmt.Errorf("the preflight for %s got %d and the origin %q", endpoint, status, allowed)
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Origin", t.facts.App)
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return err
	}
	if allowed := response.Header.Get("Access-Control-Allow-Origin"); response.StatusCode != http.StatusOK || allowed != t.facts.App {
		return fmt.Errorf("%s answers a script with %s and the origin %q: %s", endpoint, response.Status, allowed, body)
	}
	return json.Unmarshal(body, into)
}

// preflight asks whether a script of origin may send a bearer token, and returns the origin that may.
func preflight(ctx context.Context, endpoint, origin string) (status int, allowed string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodOptions, endpoint, nil)
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Origin", origin)
	request.Header.Set("Access-Control-Request-Method", http.MethodGet)
	request.Header.Set("Access-Control-Request-Headers", "authorization")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	return response.StatusCode, response.Header.Get("Access-Control-Allow-Origin"), response.Body.Close()
}
