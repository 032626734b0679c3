package provider_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/patchbay-auth/patchbay/broker/registry"
)

// TestPushedRequestRequired: a client that must push is refused what it did not (RFC 9126 §6), whoever
// brings it; its neighbour is not.
func TestPushedRequestRequired(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		w.change("agent-app", func(c *registry.Client) { c.RequirePushed = true })
		bring := url.Values{"client_id": {"agent-app"}, "request_uri": {w.pushed(l)}}.Encode()
		if q := w.browser().logIn(l.authorize+"?"+bring, "ana"); q.Get("code") == "" {
			t.Fatalf("positive control: %v", q)
		}
		if a := w.browser().get(authorizeURL(l, "client_id", "second-app")); a.status != http.StatusOK {
			t.Fatalf("a client that need not push: %d %s", a.status, a.body)
		}
		for name, answer := range map[string]answer{
			"by address": w.browser().get(authorizeURL(l)),
			"silently":   w.browser().get(authorizeURL(l, "prompt", "none")),
			"by form":    w.browser().do(http.MethodPost, l.authorize, pushedRequest(t, l)),
		} {
			q := answer.location(t).Query()
			if q.Get("error") != "invalid_request" || q.Get("state") != "s-1" || q.Get("iss") != l.issuer || q.Has("code") {
				t.Errorf("%s: answered with %v", name, q)
			}
		}
		if page := w.browser().get(authorizeURL(l, "redirect_uri", "https://evil.example/")); page.status != http.StatusBadRequest {
			t.Errorf("an address that is not registered: %d, to %q", page.status, page.header.Get("Location"))
		}
		a := w.post(l.push(), "agent-app", pushedRequest(t, l, "request_uri", "urn:ietf:params:oauth:request_uri:x"))
		refusedAs(t, "a pushed request_uri", a, http.StatusBadRequest, "invalid_request")
		doc := w.browser().get(l.issuer + "/.well-known/openid-configuration").json(t)
		if required, ok := doc["require_pushed_authorization_requests"].(bool); !ok || required {
			t.Errorf("discovery says %v: other clients need not", doc["require_pushed_authorization_requests"])
		}
	})
}
