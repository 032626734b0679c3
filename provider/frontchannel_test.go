package provider_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/broker/registry"
)

var frameSource = regexp.MustCompile(`<iframe src="([^"]+)"`)

func TestFrontchannelLogout(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		for client, uri := range map[string]string{
			"agent-app": "https://agent.example/bye?x=1", "second-app": "https://second.example:8443/bye", "code-only": "https://never.example/bye",
		} {
			w.change(client, func(c *registry.Client) {
				c.RedirectURIs, c.FrontchannelLogoutURI = append(slices.Clone(c.RedirectURIs), uri), uri
			})
		}
		b, tokens := w.loggedIn(l, "ana")
		b.get(authorizeURL(l, "client_id", "second-app"))
		sid := text(part(t, text(tokens, "id_token"), 1), "sid")
		page := b.get(logoutURL(l, "id_token_hint", text(tokens, "id_token"), "post_logout_redirect_uri", bye, "state", "s&t"))
		var frames []string
		for _, f := range frameSource.FindAllStringSubmatch(page.body, -1) {
			frames = append(frames, html.UnescapeString(f[1]))
		}
		slices.Sort(frames)
		said := "iss=" + url.QueryEscape(l.issuer) + "&sid=" + sid
		want := []string{"https://agent.example/bye?x=1&" + said, "https://second.example:8443/bye?" + said}
		if page.status != http.StatusOK || !slices.Equal(frames, want) {
			t.Fatalf("%d with frames %v, want %v", page.status, frames, want)
		}
		policy := page.header.Get("Content-Security-Policy")
		_, sources, _ := strings.Cut(policy, "frame-src ")
		sources, _, _ = strings.Cut(sources, ";")
		origins := strings.Fields(sources)
		slices.Sort(origins)
		if !slices.Equal(origins, []string{"https://agent.example", "https://second.example:8443"}) {
			t.Errorf("frame-src allows %v", origins)
		}
		if to := page.header.Get("Refresh"); to != "5;url="+bye+"?state=s%26t" || !strings.Contains(page.body, `href="`+bye+`?state=s%26t"`) {
			t.Errorf("the page goes on to %q", to)
		}
		if b.hasSession(l) {
			t.Error("the session lives on")
		}
		again := b.get(logoutURL(l, "id_token_hint", text(tokens, "id_token"), "post_logout_redirect_uri", bye))
		if to := again.location(t); to.String() != bye {
			t.Errorf("logging out twice: %s", to)
		}
		without := w.browser().get(l.logout)
		if policy := without.header.Get("Content-Security-Policy"); strings.Contains(policy, "frame-src") || frameSource.MatchString(without.body) {
			t.Errorf("frames without a session: %s", policy)
		}
	})
}
