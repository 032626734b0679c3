package web

import (
	"net/http"
	"strings"
	"testing"
)

func TestPolicy(t *testing.T) {
	for _, test := range []struct {
		name   string
		policy Policy
		want   string
	}{
		{"nothing", Policy{}, "default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"},
		{"style", Policy{Style: "p{}"}, "default-src 'none'; style-src 'sha256-" +
			"gG2yISYereRMiG2lMXrbiUgi0Ubw9p7QCeWcroOvy9Y='" + "; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"},
		{
			"forms",
			Policy{FormOwn: true, FormTargets: []string{"https://agent.test/cb", "com.example.app:/cb", "javascript:x"}},
			"default-src 'none'; form-action 'self' https://agent.test com.example.app:; frame-ancestors 'none'; base-uri 'none'",
		},
	} {
		if got := test.policy.String(); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.name, got, test.want)
		}
	}
}

func TestProtect(t *testing.T) {
	for url, hsts := range map[string]bool{"https://id.acme.example": true, "http://127.0.0.1:1": false} {
		h := http.Header{}
		site(t, url).Protect(h, Policy{})
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store",
			"X-Frame-Options": "DENY",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", url, name, got, want)
			}
		}
		if !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: policy is %q", url, h.Get("Content-Security-Policy"))
		}
		if got := h.Get("Cross-Origin-Opener-Policy"); got != "" {
			t.Errorf("%s: %q cuts the client's popup off from the client", url, got)
		}
		if got := h.Get("Strict-Transport-Security") != ""; got != hsts {
			t.Errorf("%s: HSTS %v, want %v", url, got, hsts)
		}
	}
}
