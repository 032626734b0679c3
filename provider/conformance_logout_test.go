package provider_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

func (rp *relyingParty) discovered() map[string]any {
	rp.Helper()
	a := rp.w.browser().get(rp.l.issuer + "/.well-known/openid-configuration")
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "application/json" {
		rp.Fatalf("%d %s: %s", a.status, a.header.Get("Content-Type"), a.body)
	}
	return a.json(rp)
}

// configModules are those of the Config OP plan.
func configModules() []module {
	return []module{{"oidcc-discovery-endpoint-verification", func(rp *relyingParty) {
		doc := rp.discovered()
		rp.mustBe("issuer", doc["issuer"], rp.l.issuer)
		for name, value := range doc {
			if !strings.HasSuffix(name, "_endpoint") && name != "jwks_uri" {
				continue
			}
			// The suite wants https; a test server on loopback has none, so origin and form are judged.
			address, err := url.Parse(value.(string))
			if err != nil || !strings.HasPrefix(value.(string), rp.l.issuer+"/") || address.RawQuery != "" || address.Fragment != "" {
				rp.Errorf("%s is %v: %v", name, value, err)
			}
		}
		for name, wants := range map[string][]any{
			"response_types_supported": {"code"}, "subject_types_supported": {"public"}, "scopes_supported": {"openid"},
			"id_token_signing_alg_values_supported": {"RS256"}, "grant_types_supported": {"authorization_code", "implicit"},
			"claims_supported": {"sub", "iss", "auth_time", "acr"}, "code_challenge_methods_supported": {"S256"},
			"token_endpoint_auth_methods_supported": {"client_secret_basic", "client_secret_post", "private_key_jwt"},
		} {
			listed, _ := doc[name].([]any)
			for _, want := range wants {
				if !slices.Contains(listed, want) {
					rp.Errorf("%s is %v, without %v", name, listed, want)
				}
			}
		}
		keys, _ := rp.w.browser().get(rp.l.jwks).json(rp)["keys"].([]any)
		for _, k := range keys {
			key, _ := k.(map[string]any)
			for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "k"} {
				if key[private] != nil {
					rp.Errorf("key %v is published with %s", key["kid"], private)
				}
			}
			if text(key, "kid") == "" || text(key, "alg") == "" || key["use"] != "sig" {
				rp.Errorf("key %v", key)
			}
		}
		rp.mustBe("there are keys", len(keys) > 0, true)
	}}}
}

// logoutModules are those of the RP-Initiated Logout OP plan. Each ends with prompt=none, which tells
// whether the person is still logged in.
func logoutModules() []module {
	// stays asks for the logout of a person who has just logged in, and checks that the browser stays here.
	stays := func(pairs func(hint string) []string, status int, ended bool) func(*relyingParty) {
		return func(rp *relyingParty) {
			said, _ := rp.tokens(rp.signIn())
			a := rp.b.get(logoutURL(rp.l, pairs(text(said, "id_token"))...))
			rp.mustBe("status", a.status, status)
			rp.mustBe("Location", a.header.Get("Location"), "")
			rp.mustBe("logged in", rp.b.hasSession(rp.l), !ended)
			if status == http.StatusOK && !ended { // the person is asked, and says yes
				rp.mustBe("status after the answer", rp.b.submit(a, nil).status, http.StatusOK)
				rp.mustBe("logged in after the answer", rp.b.hasSession(rp.l), false)
			}
		}
	}
	leaves := func(want string, pairs ...string) func(*relyingParty) {
		return func(rp *relyingParty) {
			said, _ := rp.tokens(rp.signIn())
			pairs := append([]string{"id_token_hint", text(said, "id_token"), "post_logout_redirect_uri", bye}, pairs...)
			rp.mustBe("the browser goes", rp.b.get(logoutURL(rp.l, pairs...)).location(rp).String(), want)
			q := rp.told(rp.b.get(rp.request("prompt", "none")))
			rp.mustBe("error of prompt=none", q.Get("error"), "login_required")
		}
	}
	return []module{
		{"oidcc-rp-initiated-logout-discovery-endpoint-verification", func(rp *relyingParty) {
			rp.mustBe("end_session_endpoint", rp.discovered()["end_session_endpoint"], rp.l.logout)
		}},
		{"oidcc-rp-initiated-logout", leaves(bye+"?state=s-2", "state", "s-2")},
		{"oidcc-rp-initiated-logout-no-state", leaves(bye)},
		{"oidcc-rp-initiated-logout-bad-post-logout-redirect-uri", stays(func(hint string) []string {
			return []string{"id_token_hint", hint, "post_logout_redirect_uri", "http://127.0.0.1:9/elsewhere", "state", "s-2"}
		}, http.StatusBadRequest, false)},
		{"oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri", stays(func(hint string) []string {
			return []string{"id_token_hint", hint, "post_logout_redirect_uri", bye + "?foo=bar", "state", "s-2"}
		}, http.StatusBadRequest, false)},
		{"oidcc-rp-initiated-logout-bad-id-token-hint", stays(func(string) []string {
			return []string{"id_token_hint", "made.up.token", "post_logout_redirect_uri", bye, "state", "s-2"}
		}, http.StatusBadRequest, false)},
		{"oidcc-rp-initiated-logout-modified-id-token-hint", stays(func(hint string) []string {
			none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + strings.Split(hint, ".")[1] + "."
			return []string{"id_token_hint", none, "post_logout_redirect_uri", bye, "state", "s-2"}
		}, http.StatusBadRequest, false)},
		{"oidcc-rp-initiated-logout-no-id-token-hint", stays(func(string) []string {
			return []string{"post_logout_redirect_uri", bye, "state", "s-2"}
		}, http.StatusBadRequest, false)},
		{"oidcc-rp-initiated-logout-no-params", stays(func(string) []string { return nil }, http.StatusOK, false)},
		{"oidcc-rp-initiated-logout-only-state", stays(func(string) []string { return []string{"state", "s-2"} }, http.StatusOK, false)},
		{"oidcc-rp-initiated-logout-no-post-logout-redirect-uri", stays(func(hint string) []string {
			return []string{"id_token_hint", hint, "state", "s-2"}
		}, http.StatusOK, true)},
	}
}

// backchannelModules are those of the Back-Channel OP plan.
func backchannelModules() []module {
	return []module{
		{"oidcc-backchannel-logout-discovery-endpoint-verification", func(rp *relyingParty) {
			doc := rp.discovered()
			rp.mustBe("backchannel_logout_supported", doc["backchannel_logout_supported"], true)
			rp.mustBe("backchannel_logout_session_supported", doc["backchannel_logout_session_supported"], true)
			rp.mustBe("end_session_endpoint", doc["end_session_endpoint"], rp.l.logout)
		}},
		{"oidcc-backchannel-rp-initiated-logout", func(rp *relyingParty) {
			rp.w.deliver()
			app := rp.w.receives("agent-app", http.StatusOK)
			said, claims := rp.tokens(rp.signIn())
			to := rp.b.get(logoutURL(rp.l, "id_token_hint", text(said, "id_token"), "post_logout_redirect_uri", bye, "state", "s-2")).location(rp)
			rp.mustBe("the browser goes", to.String(), bye+"?state=s-2")
			raw := app.token(rp.T)
			logout := rp.verified(raw) // its typ is no hindrance to the library, which tells them apart by nothing else
			for _, name := range []string{"iss", "aud", "sub", "sid"} {
				rp.mustBe(name, logout[name], claims[name])
			}
			rp.mustBe("typ", part(rp, raw, 0)["typ"], "logout+jwt")
			rp.mustBe("nonce", logout["nonce"], nil)
			events, _ := logout["events"].(map[string]any)
			event, _ := events["http://schemas.openid.net/event/backchannel-logout"].(map[string]any)
			if event == nil || text(logout, "jti") == "" || logout["iat"] == nil || logout["exp"] == nil {
				rp.Errorf("the logout token says %v", logout)
			}
			rp.mustBe("error of prompt=none", rp.told(rp.b.get(rp.request("prompt", "none"))).Get("error"), "login_required")
		}},
	}
}
