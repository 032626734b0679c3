package web

import (
	"net/netip"
	"strings"
	"testing"
)

func site(t *testing.T, publicURL string, proxies ...string) *Site {
	t.Helper()
	c := SiteConfig{PublicURL: publicURL}
	for _, p := range proxies {
		c.TrustedProxies = append(c.TrustedProxies, netip.MustParsePrefix(p))
	}
	s, err := NewSite(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNewSite(t *testing.T) {
	for _, test := range []struct{ url, wantErr, origin, path string }{
		{url: "https://id.acme.example", origin: "https://id.acme.example", path: "/login/"},
		{url: "https://acme.example:8443/broker/", origin: "https://acme.example:8443", path: "/broker/login/"},
		{url: "http://127.0.0.1:9000", origin: "http://127.0.0.1:9000", path: "/login/"},
		{url: "http://[::1]:9000", origin: "http://[::1]:9000", path: "/login/"},
		{url: "http://localhost:9000", origin: "http://localhost:9000", path: "/login/"},
		{url: "http://id.acme.example", wantErr: "loopback"},
		{url: "http://127.0.0.1.acme.example", wantErr: "loopback"},
		{url: "ftp://id.acme.example", wantErr: "https"},
		{url: "id.acme.example", wantErr: "https"},
		{url: "https:///id", wantErr: "host"},
		{url: "https://ana:pass-word@id.acme.example", wantErr: "no user"},
		{url: "https://id.acme.example/?a=b", wantErr: "query"},
		{url: "https://id.acme.example/#a", wantErr: "fragment"},
	} {
		s, err := NewSite(SiteConfig{PublicURL: test.url})
		if test.wantErr != "" {
			if err == nil || !strings.Contains(err.Error(), test.wantErr) || strings.Contains(err.Error(), "pass-word") {
				t.Errorf("%s: error %v, want one with %q and no password", test.url, err, test.wantErr)
			}
			continue
		}
		if err != nil || s.Origin() != test.origin || s.Path("/login/") != test.path {
			t.Errorf("%s: %+v, %v; want origin %s, path %s", test.url, s, err, test.origin, test.path)
		}
	}
}

func TestOriginOf(t *testing.T) {
	for _, test := range []struct{ address, want string }{
		{"https://agent.test/cb?x=1", "https://agent.test"},
		{"http://127.0.0.1:5000/cb", "http://127.0.0.1:5000"},
		{"com.example.app:/cb", "com.example.app:"},
		{"javascript:alert(1)", ""},
		{"JavaScript:alert(1)", ""},
		{"data:text/html,x", ""},
		{"/relative", ""},
		{"https:///no-host", ""},
		{"https://a;script-src/", ""},
		{"https://*/", ""},
		{"%", ""},
		{"", ""},
	} {
		if got := OriginOf(test.address); got != test.want {
			t.Errorf("OriginOf(%q) = %q, want %q", test.address, got, test.want)
		}
	}
}
