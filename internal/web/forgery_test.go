package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestCheckForm(t *testing.T) {
	s := site(t, "https://id.acme.example")
	mine, other := strings.Repeat("m", 52), strings.Repeat("o", 52)
	good := s.FormToken(mine, "login 1")
	if good == s.FormToken(mine, "login 1") {
		t.Error("two tokens of one form are equal: they are not masked")
	}

	for _, test := range []struct {
		name    string
		binding string
		token   string
		headers map[string]string
		refused bool
	}{
		{name: "our form in our browser (control)", binding: mine, token: good},
		{
			name: "a browser that says so", binding: mine, token: good,
			headers: map[string]string{"Origin": "https://id.acme.example", "Sec-Fetch-Site": "same-origin"},
		},
		{name: "sent again by hand", binding: mine, token: good, headers: map[string]string{"Sec-Fetch-Site": "none"}},
		{name: "no token", binding: mine, refused: true},
		{name: "malformed token", binding: mine, token: "***", refused: true},
		{name: "short token", binding: mine, token: good[:20], refused: true},
		{name: "changed token", binding: mine, token: good[:60] + "AAAA", refused: true},
		{name: "token of another form", binding: mine, token: s.FormToken(mine, "login 2"), refused: true},
		{name: "token of another browser", binding: mine, token: s.FormToken(other, "login 1"), refused: true},
		{name: "no cookie", token: s.FormToken("", "login 1"), refused: true},
		{
			name: "from another site", binding: mine, token: good,
			headers: map[string]string{"Sec-Fetch-Site": "cross-site"}, refused: true,
		},
		{
			name: "from a neighbour", binding: mine, token: good,
			headers: map[string]string{"Sec-Fetch-Site": "same-site"}, refused: true,
		},
		{
			name: "from another origin", binding: mine, token: good,
			headers: map[string]string{"Origin": "https://evil.example"}, refused: true,
		},
		{
			name: "from our host without TLS", binding: mine, token: good,
			headers: map[string]string{"Origin": "http://id.acme.example"}, refused: true,
		},
		{
			name: "from a sandboxed frame", binding: mine, token: good,
			headers: map[string]string{"Origin": "null"}, refused: true,
		},
		{
			name: "to a Host of the attacker's choice", binding: mine, token: good,
			headers: map[string]string{"Origin": "https://evil.example", "Host": "evil.example"}, refused: true,
		},
	} {
		form := url.Values{FormTokenField: {test.token}}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for name, value := range test.headers {
			r.Header.Set(name, value)
		}
		r.Host = "evil.example" // never consulted
		if test.binding != "" {
			r.AddCookie(&http.Cookie{Name: s.bindingName(), Value: test.binding})
		}
		err := s.CheckForm(r, "login 1")
		if !test.refused && err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		if test.refused && !errors.Is(err, ErrForged) {
			t.Errorf("%s: %v, want ErrForged", test.name, err)
		}
	}
}

func TestTokenInTheQueryDoesNotCount(t *testing.T) {
	s := site(t, "https://id.acme.example")
	binding := strings.Repeat("m", 52)
	query := url.Values{FormTokenField: {s.FormToken(binding, "p")}}.Encode()
	for _, test := range []struct {
		target, body string
		refused      bool
	}{
		{"/", query, false},
		{"/?" + query, "", true},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, test.target, strings.NewReader(test.body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.AddCookie(&http.Cookie{Name: s.bindingName(), Value: binding})
		if err := s.CheckForm(r, "p"); errors.Is(err, ErrForged) != test.refused {
			t.Errorf("%s with body %q: %v", test.target, test.body, err)
		}
	}
}
