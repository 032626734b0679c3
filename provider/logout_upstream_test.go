package provider_test

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/mapping"
)

const idpLogout = "https://idp.example/slo"

func (i *idp) Start(_ context.Context, r federation.StartRequest) (federation.Started, error) {
	return federation.Started{URL: "https://idp.example/authorize?" + url.Values{"state": {r.State}}.Encode(), Memo: []byte("memo")}, nil
}

func (i *idp) Finish(context.Context, federation.Response) (mapping.Identity, error) {
	return i.identity, nil
}

func (i *idp) Logout(_ context.Context, r federation.LogoutRequest) (federation.Started, error) {
	if i.byForm {
		return federation.Started{URL: idpLogout, Form: url.Values{"SAMLRequest": {"x"}, "RelayState": {r.State}}}, nil
	}
	return federation.Started{URL: idpLogout + "?" + url.Values{"state": {r.State}}.Encode()}, nil
}

// TestLogoutLeadsToTheIdP by what it takes, after the frames of the applications if there are any; and from
// there back to the application.
func TestLogoutLeadsToTheIdP(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		const frame = "https://agent.example/bye"
		w.exchangers()
		w.upstream("patchbay", "ana")
		w.change("agent-app", func(c *registry.Client) { c.RedirectURIs = append(slices.Clone(c.RedirectURIs), frame) })
		for _, tc := range []struct {
			name           string
			byForm, frames bool
		}{
			{"by redirect", false, false},
			{"by form", true, false},
			{"by redirect, after frames", false, true},
			{"by form, after frames", true, true},
		} {
			w.idp.byForm = tc.byForm
			w.connection("corp", func(c *registry.Connection) { c.Policy.Logout = registry.LogoutUpstream })
			w.change("agent-app", func(c *registry.Client) {
				if c.FrontchannelLogoutURI = ""; tc.frames {
					c.FrontchannelLogoutURI = frame
				}
			})
			b := w.browser()
			to := b.press(b.get(authorizeURL(l)), "/with/corp").location(t)
			code := b.get(w.base + "/login/acme/corp/callback?code=c&state=" + url.QueryEscape(to.Query().Get("state"))).location(t).Query().Get("code")
			tokens := w.post(l.token, "agent-app", redemption(code)).json(t)
			a := b.get(logoutURL(l, "id_token_hint", text(tokens, "id_token"), "post_logout_redirect_uri", bye, "state", "s"))
			if strings.Contains(a.body, "<iframe") != tc.frames || b.hasSession(l) {
				t.Errorf("%s: %d, session lives %v: %s", tc.name, a.status, b.hasSession(l), a.body)
			}
			state := ""
			switch {
			case tc.byForm:
				policy := a.header.Get("Content-Security-Policy")
				if a.status != http.StatusOK || !strings.Contains(a.body, `<form method="post" action="`+idpLogout+`"`) || !strings.Contains(a.body, `name="SAMLRequest" value="x"`) ||
					!strings.Contains(policy, "form-action https: https://idp.example;") || !strings.Contains(policy, "script-src 'sha256-") {
					t.Fatalf("%s: %d, %s: %s", tc.name, a.status, policy, a.body)
				}
				_, rest, _ := strings.Cut(a.body, `name="RelayState" value="`)
				state, _, _ = strings.Cut(rest, `"`)
			case tc.frames:
				_, rest, _ := strings.Cut(a.body, `href="`+idpLogout+`?state=`)
				state, _, _ = strings.Cut(rest, `"`)
			default:
				state = a.location(t).Query().Get("state")
			}
			back := b.get(w.base + "/login/acme/corp/logged-out?state=" + url.QueryEscape(html.UnescapeString(state)))
			if to := back.location(t); to.String() != bye+"?state=s" {
				t.Errorf("%s: it ends at %s", tc.name, to)
			}
		}
	})
}
