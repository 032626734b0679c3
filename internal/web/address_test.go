package web

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestAddress(t *testing.T) {
	s := site(t, "https://id.acme.example", "10.0.0.0/8", "fd00::/8")
	for _, test := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"direct", "192.0.2.7:4000", nil, "192.0.2.7"},
		{"through a proxy", "10.0.0.1:4000", []string{"192.0.2.7"}, "192.0.2.7"},
		{"through two proxies", "10.0.0.1:4000", []string{"192.0.2.7, 10.0.0.2"}, "192.0.2.7"},
		{"through two header lines", "10.0.0.1:4000", []string{"192.0.2.7", "10.0.0.2"}, "192.0.2.7"},
		{"with ports", "10.0.0.1:4000", []string{"192.0.2.7:55, [fd00::1]:66"}, "192.0.2.7"},
		{"IPv6", "[fd00::1]:4000", []string{"2001:db8::1"}, "2001:db8::1"},
		{"IPv4 in IPv6", "[::ffff:10.0.0.1]:4000", []string{"::ffff:192.0.2.7"}, "192.0.2.7"},
		{"a stranger's claim", "192.0.2.9:4000", []string{"127.0.0.1"}, "192.0.2.9"},
		{"a client's claim through a proxy", "10.0.0.1:4000", []string{"127.0.0.1, 192.0.2.7"}, "192.0.2.7"},
		{"nonsense", "10.0.0.1:4000", []string{"192.0.2.7, unknown"}, "10.0.0.1"},
		{"nothing but proxies", "10.0.0.1:4000", []string{"10.0.0.3"}, "10.0.0.3"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.RemoteAddr = test.peer
		r.Header["X-Forwarded-For"] = test.forwarded
		if got := s.Address(r).String(); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func TestRequireHTTPS(t *testing.T) {
	for _, test := range []struct {
		name, url, peer, proto string
		tls                    bool
		want                   int
	}{
		{"our own TLS (control)", "https://id.acme.example", "192.0.2.7:1", "", true, http.StatusOK},
		{"TLS at a declared proxy", "https://id.acme.example", "10.0.0.1:1", "https", false, http.StatusOK},
		{"in the clear through the proxy", "https://id.acme.example", "10.0.0.1:1", "http", false, http.StatusForbidden},
		{"a proxy that does not say", "https://id.acme.example", "10.0.0.1:1", "", false, http.StatusForbidden},
		{"a stranger who says https", "https://id.acme.example", "192.0.2.7:1", "https", false, http.StatusForbidden},
		{"a site on loopback http", "http://127.0.0.1:9000", "127.0.0.1:1", "", false, http.StatusOK},
	} {
		ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://id.acme.example/", nil)
		r.RemoteAddr = test.peer
		r.Header.Set("X-Forwarded-Proto", test.proto)
		if test.tls {
			r.TLS = &tls.ConnectionState{}
		}
		w := httptest.NewRecorder()
		site(t, test.url, "10.0.0.0/8").RequireHTTPS(ok).ServeHTTP(w, r)
		if w.Code != test.want {
			t.Errorf("%s: %d, want %d", test.name, w.Code, test.want)
		}
	}
}
