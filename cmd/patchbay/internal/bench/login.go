package bench

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"

	"github.com/patchbay-auth/patchbay/testdata/iq"
)

const redirectURI = "http://127.0.0.1:9/callback" // nobody listens: agents stop before it

// An agent is a person with a browser that keeps cookies.
type agent struct {
	rig    *rig
	client *http.Client
}

func (r *rig) newAgent() (*agent, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	return &agent{rig: r, client: &http.Client{
		Jar: jar, Transport: r.transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// person returns the sample's user of a password scheme.
func person(scheme string) iq.KnownUser {
	for _, u := range iq.Known() {
		if u.Tenant == iq.Acme && u.Scheme == scheme && !u.Inactive {
			return u
		}
	}
	panic("bench: the sample has nobody with " + scheme)
}

// The verifier of every login: a code is worth nothing to anybody else here.
const verifier = "bench-verifier-bench-verifier-bench-verifier-bench"

// authorize asks for a code and returns where that led: to the login page, or back with the code when
// the agent has a session.
func (a *agent) authorize(ctx context.Context) (*url.URL, error) {
	challenge := sha256.Sum256([]byte(verifier))
	return a.follow(ctx, http.MethodGet, a.rig.issuer()+"/connect/authorize?"+url.Values{
		"client_id": {"bench-app"}, "response_type": {"code"}, "redirect_uri": {redirectURI},
		"scope": {"openid offline_access contact-centre"}, "state": {"s"}, "nonce": {"n"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}.Encode(), nil)
}

// login returns a code for a user who has no session yet.
func (a *agent) login(ctx context.Context, u iq.KnownUser) (string, error) {
	page, err := a.authorize(ctx)
	if err != nil {
		return "", err
	}
	form, err := a.do(ctx, http.MethodGet, page.String(), nil)
	if err != nil {
		return "", err
	}
	token := formToken().FindSubmatch(form.body)
	if token == nil {
		return "", fmt.Errorf("no form at %s (%s)", page.Path, form.status)
	}
	back, err := a.follow(ctx, http.MethodPost, page.String(), url.Values{
		"form_token": {html.UnescapeString(string(token[1]))}, "username": {u.Login}, "password": {u.Password},
	})
	if err != nil {
		return "", err
	}
	return codeOf(back)
}

func formToken() *regexp.Regexp { return regexp.MustCompile(`name="form_token" value="([^"]*)"`) }

func codeOf(back *url.URL) (string, error) {
	if code := back.Query().Get("code"); code != "" {
		return code, nil
	}
	return "", fmt.Errorf("the login led to %s and not back with a code", back.Redacted())
}

// follow follows one redirect, which every step of a login ends with.
func (a *agent) follow(ctx context.Context, method, address string, form url.Values) (*url.URL, error) {
	got, err := a.do(ctx, method, address, form)
	if err != nil {
		return nil, err
	}
	if got.location == nil {
		return nil, fmt.Errorf("%s answered %s: %.300s", mustParse(address).Path, got.status, got.body)
	}
	return got.location, nil
}

// A page is what an agent was answered.
type page struct {
	status   string
	location *url.URL // nil unless it is a redirect
	body     []byte
}

func (a *agent) do(ctx context.Context, method, address string, form url.Values) (p page, err error) {
	r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return page{}, err
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", a.rig.base)
	}
	response, err := a.client.Do(r)
	if err != nil {
		return page{}, err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	p.status = response.Status
	if p.location, err = response.Location(); err != nil && !errors.Is(err, http.ErrNoLocation) {
		return page{}, err
	}
	p.body, err = io.ReadAll(io.LimitReader(response.Body, 1<<20))
	return p, err
}

// redemption prepares the exchange of a code.
func (r *rig) redemption(code string) []byte {
	return post(r.issuer()+"/connect/token", "bench-app", clientSecret, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI}, "code_verifier": {verifier},
	})
}

// refreshToken reads an answer of the token endpoint.
func refreshToken(answer []byte) (string, error) {
	var said struct {
		RefreshToken string `json:"refresh_token"`
	}
	err := json.Unmarshal(answer, &said)
	if err == nil && said.RefreshToken == "" {
		err = errors.New("the answer has no refresh token")
	}
	return said.RefreshToken, err
}
