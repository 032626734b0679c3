package interop

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// A person sits at a browser that runs no scripts, and knows a password.
type person struct {
	user
	client *http.Client
	// asked counts the pages that wanted the password.
	asked int
}

func newPerson(t *testing.T, u user) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &person{user: u, client: &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// maxPages bounds the requests of one visit: authorize, page, form, the way back.
const maxPages = 12

// visit opens an address and does what the pages ask for, until one of them leads to an address that
// begins with until; that is returned and not opened. An empty until ends at the first page without
// anything to fill in, whose address is returned.
func (p *person) visit(ctx context.Context, address, until string) (string, error) {
	here, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	var filled url.Values
	for range maxPages {
		if until != "" && strings.HasPrefix(here.String(), until) {
			return here.String(), nil
		}
		next, form, err := p.open(ctx, here, filled)
		switch {
		case err != nil:
			return "", err
		case next != nil:
			here, filled = next, form
		case until == "":
			return here.String(), nil
		default:
			return "", fmt.Errorf("%s asks for nothing and leads nowhere", here.Path)
		}
	}
	return "", fmt.Errorf("no end of pages, the last was %s", here.Path)
}

// open makes one request. It returns where to go next, and the fields of a form if one leads there.
func (p *person) open(ctx context.Context, address *url.URL, form url.Values) (*url.URL, url.Values, error) {
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(ctx, method, address.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return nil, nil, err
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", address.Scheme+"://"+address.Host)
	}
	answer, err := p.client.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode >= 300 && answer.StatusCode < 400 {
		next, err := answer.Location()
		return next, nil, err
	}
	page, err := html.Parse(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return nil, nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, nil, fmt.Errorf("%s: %s: %s", address.Path, answer.Status, words(page))
	}
	p.frames(ctx, address, page)
	return p.fill(address, page)
}

// frames opens what a page shows in frames: how some identity providers have a browser tell others of a logout.
// What becomes of one is none of the page's business.
func (p *person) frames(ctx context.Context, address *url.URL, page *html.Node) {
	for n := range page.Descendants() {
		if n.Type != html.ElementNode || n.Data != "iframe" {
			continue
		}
		if at, err := address.Parse(attribute(n, "src")); err == nil {
			_, _ = p.visit(ctx, at.String(), "")
		}
	}
}

// fill fills in the page's first form: its main purpose, as every page of ours puts it.
func (p *person) fill(address *url.URL, page *html.Node) (*url.URL, url.Values, error) {
	for n := range page.Descendants() {
		if n.Type != html.ElementNode || n.Data != "form" {
			continue
		}
		action, err := address.Parse(attribute(n, "action"))
		values := p.fields(n)
		if id := attribute(n, "id"); id != "" {
			press(values, page, id)
		}
		if err == nil && strings.EqualFold(attribute(n, "method"), "get") { // the fields replace the query
			action.RawQuery, values = values.Encode(), nil
		}
		return action, values, err
	}
	return nil, nil, nil
}

// press adds what the first button says that belongs to a form and is not in it.
func press(values url.Values, page *html.Node, form string) {
	for n := range page.Descendants() {
		if n.Type == html.ElementNode && n.Data == "button" && attribute(n, "form") == form && attribute(n, "name") != "" {
			values.Set(attribute(n, "name"), attribute(n, "value"))
			return
		}
	}
}

// fields answers a form: what it brought along, and who the person is.
func (p *person) fields(form *html.Node) url.Values {
	values := url.Values{}
	for n := range form.Descendants() {
		if name := attribute(n, "name"); n.Type == html.ElementNode && n.Data == "input" && name != "" {
			values.Set(name, attribute(n, "value"))
		}
	}
	if values.Has("password") {
		values.Set("username", p.Login) // ours
		values.Set("login", p.Login)    // oidc-provider's
		values.Set("user", p.Login)     // LemonLDAP::NG's
		values.Set("password", p.Password)
		p.asked++
	}
	return values
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// words returns a page's visible text, to tell what was there instead.
func words(page *html.Node) string {
	var text []string
	for n := range page.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "style" && n.Parent.Data != "title" {
			text = append(text, strings.Fields(n.Data)...)
		}
	}
	return strings.Join(text, " ")
}
