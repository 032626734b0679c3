package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestCookies(t *testing.T) {
	for _, test := range []struct {
		url    string
		prefix string
		secure bool
	}{
		{"https://id.acme.example", "__Host-patchbay-", true},
		{"http://127.0.0.1:9000", "patchbay-", false},
	} {
		s := site(t, test.url)
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, test.url, nil)
		binding := s.EnsureBinding(w, r)
		s.SetSession(w, test.url+"/id", "token-1")
		s.SetSession(w, test.url+"/auth/realms/acme", "token-2")
		s.ClearSession(w, test.url+"/auth/realms/gone")
		s.SetKnown(w, "known-1")
		s.SetHome(w, "acme/corp")

		result := w.Result()
		_ = result.Body.Close()
		cookies := result.Cookies()
		if len(cookies) != 6 {
			t.Fatalf("%s: %d cookies, want 6", test.url, len(cookies))
		}
		back := httptest.NewRequestWithContext(t.Context(), http.MethodGet, test.url, nil)
		names := map[string]bool{}
		for _, c := range cookies {
			if !strings.HasPrefix(c.Name, test.prefix) || c.Secure != test.secure || !c.HttpOnly ||
				c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
				t.Errorf("%s: cookie %v", test.url, c)
			}
			names[c.Name] = true
			if c.MaxAge >= 0 {
				back.AddCookie(c)
			}
		}
		if len(names) != 6 {
			t.Errorf("%s: cookie names %v are not distinct", test.url, names)
		}
		if got := s.EnsureBinding(httptest.NewRecorder(), back); len(got) < 32 || got != binding {
			t.Errorf("%s: binding %q came back as %q", test.url, binding, got)
		}
		if got := s.Session(back, test.url+"/id"); got != "token-1" {
			t.Errorf("%s: session at the shared issuer is %q, want token-1", test.url, got)
		}
		if got := s.Session(back, test.url+"/auth/realms/acme"); got != "token-2" {
			t.Errorf("%s: session at the realm issuer is %q, want token-2", test.url, got)
		}
		if got := s.Home(back); got != "acme/corp" {
			t.Errorf("%s: the last choice is %q, want acme/corp", test.url, got)
		}
		if got := s.Known(back); got != "known-1" {
			t.Errorf("%s: the known browser is %q, want known-1", test.url, got)
		}
		if got := s.Session(back, test.url+"/auth/realms/gone"); got != "" {
			t.Errorf("%s: cleared session is %q", test.url, got)
		}
	}
}

func TestPlantedCookiesAreIgnored(t *testing.T) {
	s := site(t, "https://id.acme.example")
	name := s.bindingName()
	for _, test := range []struct {
		name   string
		values []string
		want   string
	}{
		{"one (control)", []string{strings.Repeat("a", 52)}, strings.Repeat("a", 52)},
		{"two of one name", []string{strings.Repeat("a", 52), strings.Repeat("b", 52)}, ""},
		{"too short to be ours", []string{"a"}, ""},
		{"none", nil, ""},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		for _, v := range test.values {
			r.AddCookie(&http.Cookie{Name: name, Value: v})
		}
		if got := s.Binding(r); got != test.want {
			t.Errorf("%s: binding %q, want %q", test.name, got, test.want)
		}
	}
}
