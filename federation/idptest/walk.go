package idptest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// maxSteps bounds the requests of one walk: authorize, page, form, callback.
const maxSteps = 8

// Login does what a person with a browser does at an IdP of this package: it opens authorizeURL,
// which is the IdP's, fills in the form, and returns the address at the relying party that the IdP
// redirects to, without opening it. The client's own redirect policy is not used; nil means
// http.DefaultClient.
func Login(ctx context.Context, client *http.Client, authorizeURL, login, password string) (callbackURL string, err error) {
	return walk(ctx, client, authorizeURL, url.Values{
		"login": {login}, "password": {password}, "action": {"login"},
	})
}

// Cancel does as Login does for a person who presses Cancel.
func Cancel(ctx context.Context, client *http.Client, authorizeURL string) (callbackURL string, err error) {
	return walk(ctx, client, authorizeURL, url.Values{"action": {"cancel"}})
}

func walk(ctx context.Context, client *http.Client, authorizeURL string, form url.Values) (string, error) {
	if client == nil {
		client = http.DefaultClient
	}
	careful := *client
	careful.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	here, err := url.Parse(authorizeURL)
	if err != nil {
		return "", fmt.Errorf("authorize URL: %w", err)
	}
	host, submitted := here.Host, false
	var body url.Values // nil is a GET
	for range maxSteps {
		status, next, err := step(ctx, &careful, here, body)
		switch {
		case err != nil:
			return "", err
		case next != nil && next.Host != host:
			return next.String(), nil
		case next != nil:
			here, body = next, nil
		case submitted:
			return "", fmt.Errorf("%s%s: login refused with status %d", host, here.Path, status)
		case status != http.StatusOK || here.Path != loginPath:
			return "", fmt.Errorf("%s%s: status %d is not a login page", host, here.Path, status)
		default: // the form has no action: it posts to the page's own address
			body, submitted = form, true
		}
	}
	return "", errors.New("the identity provider redirects in circles")
}

// step makes one request and returns where it redirects to, nil when it does not.
func step(ctx context.Context, client *http.Client, address *url.URL, form url.Values) (int, *url.URL, error) {
	method, body := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(ctx, method, address.String(), body)
	if err != nil {
		return 0, nil, err
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	if err := resp.Body.Close(); err != nil {
		return 0, nil, err
	}
	if resp.StatusCode < 300 || resp.StatusCode > 399 {
		return resp.StatusCode, nil, nil
	}
	next, err := resp.Location()
	return resp.StatusCode, next, err
}
