package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// A browser does what a person with a browser does, without running scripts: it keeps cookies,
// follows redirects, fills in forms. It stops before it would open an address that stop accepts.
type browser struct {
	client *http.Client
	stop   func(*url.URL) bool
}

func newBrowser(stop func(*url.URL) bool) (*browser, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	return &browser{
		client: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		stop:   stop,
	}, nil
}

// A page is where the browser ended: the address, and what was there unless it was a stop.
type page struct {
	url    *url.URL
	status int
	body   string
	// stopped is set when the address was not opened.
	stopped bool
}

func (b *browser) open(ctx context.Context, address string) (page, error) {
	u, err := url.Parse(address)
	if err != nil {
		return page{}, err
	}
	return b.follow(ctx, http.MethodGet, u, nil)
}

// submit sends the page's form whose action ends in suffix, with these fields filled in.
func (b *browser) submit(ctx context.Context, p page, suffix string, fields map[string]string) (page, error) {
	f, err := findForm(p, suffix)
	if err != nil {
		return page{}, err
	}
	for name, value := range fields {
		f.values.Set(name, value)
	}
	return b.follow(ctx, http.MethodPost, f.action, f.values)
}

func (b *browser) follow(ctx context.Context, method string, u *url.URL, form url.Values) (page, error) {
	for range 20 {
		if b.stop != nil && b.stop(u) {
			return page{url: u, stopped: true}, nil
		}
		p, location, err := b.once(ctx, method, u, form)
		if err != nil || location == nil {
			return p, err
		}
		method, u, form = http.MethodGet, location, nil
	}
	return page{}, fmt.Errorf("too many redirects, the last to %s", u.Redacted())
}

func (b *browser) once(ctx context.Context, method string, u *url.URL, form url.Values) (page, *url.URL, error) {
	request, err := http.NewRequestWithContext(ctx, method, u.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return page{}, nil, err
	}
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Origin", u.Scheme+"://"+u.Host)
	}
	response, err := b.client.Do(request)
	if err != nil {
		return page{}, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return page{}, nil, err
	}
	if response.StatusCode >= 300 && response.StatusCode < 400 {
		location, err := response.Location()
		return page{}, location, err
	}
	return page{url: u, status: response.StatusCode, body: string(body)}, nil, nil
}

type form struct {
	action *url.URL
	values url.Values
}

// findForm reads the first form of a page whose action ends in suffix.
func findForm(p page, suffix string) (form, error) {
	root, err := html.Parse(strings.NewReader(p.body))
	if err != nil {
		return form{}, err
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode || n.Data != "form" {
			continue
		}
		action, err := p.url.Parse(attribute(n, "action"))
		if err != nil || !strings.HasSuffix(action.Path, suffix) {
			continue
		}
		return form{action, inputs(n)}, nil
	}
	return form{}, fmt.Errorf("%s (status %d) has no form that leads to %s: %s", p.url.Path, p.status, suffix, firstWords(root))
}

func inputs(n *html.Node) url.Values {
	values := url.Values{}
	for i := range n.Descendants() {
		if i.Type == html.ElementNode && i.Data == "input" && attribute(i, "name") != "" {
			values.Set(attribute(i, "name"), attribute(i, "value"))
		}
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

// firstWords returns some of a page's visible text, to tell what was there instead.
func firstWords(root *html.Node) string {
	var words []string
	for n := range root.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "style" && n.Parent.Data != "title" {
			words = append(words, strings.Fields(n.Data)...)
		}
		if len(words) > 30 {
			break
		}
	}
	return strings.Join(words, " ")
}

var errStillHere = errors.New("the login did not lead back to the application")

// callback returns the parameters with which the browser was sent back to the application.
func (p page) callback() (url.Values, error) {
	if !p.stopped {
		root, err := html.Parse(strings.NewReader(p.body))
		if err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %s (status %d): %s", errStillHere, p.url.Path, p.status, firstWords(root))
	}
	return p.url.Query(), nil
}
