package idptest

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// A Posting is a form that a browser is about to post.
type Posting struct {
	Action string
	Fields url.Values
}

// LoginSAML does what a person with a browser does at a SAML IdP of this package: it sends the request, to
// address by a redirect or with form, logs in, and returns what the IdP's page would post to the service
// provider.
func LoginSAML(ctx context.Context, client *http.Client, address string, form url.Values, login, password string) (Posting, error) {
	if client == nil {
		client = http.DefaultClient
	}
	careful := *client
	careful.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	here, err := url.Parse(address)
	if err != nil {
		return Posting{}, fmt.Errorf("address of the identity provider: %w", err)
	}
	status, page, err := step(ctx, &careful, here, form)
	switch {
	case err != nil:
		return Posting{}, err
	case page == nil:
		return Posting{}, fmt.Errorf("%s: status %d is not the way to a login page", here.Host, status)
	}
	body := url.Values{"login": {login}, "password": {password}}.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, page.String(), strings.NewReader(body))
	if err != nil {
		return Posting{}, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := careful.Do(r)
	if err != nil {
		return Posting{}, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return Posting{}, err
	}
	if answer.StatusCode != http.StatusOK {
		return Posting{}, fmt.Errorf("%s: login refused with status %d", here.Host, answer.StatusCode)
	}
	return ReadPosting(string(text))
}

// ReadPosting reads a page with a form of hidden fields, as both sides of SAML show it.
func ReadPosting(page string) (Posting, error) {
	action := regexp.MustCompile(`<form method="post" action="([^"]*)"`).FindStringSubmatch(page)
	if action == nil {
		return Posting{}, errors.New("the page has no form that posts")
	}
	p := Posting{Action: html.UnescapeString(action[1]), Fields: url.Values{}}
	for _, field := range regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		p.Fields.Add(html.UnescapeString(field[1]), html.UnescapeString(field[2]))
	}
	return p, nil
}
