package provider_test

import (
	"encoding/json"
	"errors"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// An answer is a response that was read whole.
type answer struct {
	status int
	header http.Header
	body   string
	url    *url.URL // of the request that was answered so
}

// json decodes the body as an object.
func (a answer) json(t testing.TB) map[string]any {
	t.Helper()
	out := map[string]any{}
	if err := json.Unmarshal([]byte(a.body), &out); err != nil {
		t.Fatalf("body is not a JSON object: %v\n%s", err, a.body)
	}
	return out
}

// location returns where a redirect leads.
func (a answer) location(t testing.TB) *url.URL {
	t.Helper()
	u, err := url.Parse(a.header.Get("Location"))
	if err != nil || a.status != http.StatusSeeOther {
		t.Fatalf("not a redirect to somewhere: %d %q %v\n%s", a.status, a.header.Get("Location"), err, a.body)
	}
	return u
}

// A browser keeps cookies and follows redirects as long as they stay at patchbay.
type browser struct {
	t      testing.TB
	base   string
	client *http.Client
}

func (w *world) browser() *browser {
	jar, err := cookiejar.New(nil)
	w.must(err)
	return &browser{t: w.t, base: w.base, client: &http.Client{
		Jar: jar,
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > 10 {
				return errors.New("redirected in circles")
			}
			if !strings.HasPrefix(r.URL.String(), w.base+"/") {
				return http.ErrUseLastResponse
			}
			return nil
		},
	}}
}

func (b *browser) do(method, address string, form url.Values) answer {
	b.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, address, body)
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return read(b.t, b.client, r)
}

func (b *browser) get(address string) answer {
	b.t.Helper()
	return b.do(http.MethodGet, address, nil)
}

func read(t testing.TB, c *http.Client, r *http.Request) answer {
	t.Helper()
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(body), resp.Request.URL}
}

var (
	formAction = regexp.MustCompile(`<form method="post" action="([^"]+)"`)
	formField  = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)
)

// submit sends the first form of a page, with values typed in.
func (b *browser) submit(page answer, typed url.Values) answer {
	b.t.Helper()
	start := formAction.FindStringSubmatchIndex(page.body)
	if start == nil {
		b.t.Fatalf("no form on the page (%d):\n%s", page.status, page.body)
	}
	action := html.UnescapeString(page.body[start[2]:start[3]])
	text, _, _ := strings.Cut(page.body[start[0]:], "</form>")
	values := url.Values{}
	for _, f := range formField.FindAllStringSubmatch(text, -1) {
		values.Add(f[1], html.UnescapeString(f[2]))
	}
	for name, v := range typed {
		values[name] = v
	}
	target, err := page.url.Parse(action)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(http.MethodPost, target.String(), values)
}

// logIn starts at an authorization address, fills in the login page and returns what the client is
// told.
func (b *browser) logIn(address, login string) url.Values {
	b.t.Helper()
	page := b.get(address)
	if page.status != http.StatusOK {
		b.t.Fatalf("no login page: %d %s\n%s", page.status, page.header.Get("Location"), page.body)
	}
	return b.submit(page, url.Values{"username": {login}, "password": {password}}).location(b.t).Query()
}

// authorizeURL is a plain authorization request with PKCE, changed as the pairs say; an empty value
// removes a parameter.
func authorizeURL(l layout, pairs ...string) string {
	q := url.Values{
		"client_id": {"agent-app"}, "redirect_uri": {redirectURI}, "response_type": {"code"}, "state": {"s-1"}, "nonce": {"n-1"},
		"scope":          {"openid profile email offline_access roles groups contact-centre"},
		"code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			q.Del(pairs[i])
		} else {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return l.authorize + "?" + q.Encode()
}

// The example of RFC 7636 appendix B.
const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// post sends a form as a client would: with Basic authentication, unless client is empty.
func (w *world) post(address, client string, form url.Values) answer {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	w.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if client != "" {
		r.SetBasicAuth(client, strong(client))
	}
	return read(w.t, w.server.Client(), r)
}

// code logs a user in and returns an authorization code for agent-app.
func (w *world) code(l layout, login string, pairs ...string) string {
	w.t.Helper()
	q := w.browser().logIn(authorizeURL(l, pairs...), login)
	if q.Get("code") == "" {
		w.t.Fatalf("no code: %v", q)
	}
	return q.Get("code")
}

func redemption(code string) url.Values {
	return url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI}, "code_verifier": {verifier},
	}
}

// issue logs a user in at agent-app and returns the answer of the token endpoint.
func (w *world) issue(l layout, login string, pairs ...string) map[string]any {
	w.t.Helper()
	a := w.post(l.token, "agent-app", redemption(w.code(l, login, pairs...)))
	if a.status != http.StatusOK {
		w.t.Fatalf("no tokens: %d %s", a.status, a.body)
	}
	return a.json(w.t)
}

func text(m map[string]any, name string) string {
	s, _ := m[name].(string)
	return s
}
