package provider_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
)

// basicModules are those of the Basic OP plan that a client which was registered by hand can run. The
// plan for form_post runs the same ones.
func basicModules() []module {
	return slices.Concat(basicCore(), basicParameters(), basicSessions(), basicCodes())
}

func basicCore() []module {
	return []module{
		{"oidcc-server", func(rp *relyingParty) {
			said, claims := rp.tokens(rp.signIn())
			for name, want := range map[string]any{"iss": rp.l.issuer, "aud": "agent-app", "nonce": "n-1", "sub": "4711"} {
				rp.mustBe(name, claims[name], want)
			}
			rp.mustBe("userinfo's sub", rp.userinfo(text(said, "access_token"))["sub"], claims["sub"])
			rp.mustBe("at_hash", claims["at_hash"], hashOf(text(said, "access_token")))
		}},
		{"oidcc-server-client-secret-post", func(rp *relyingParty) {
			f := form("grant_type", "authorization_code", "code", rp.signIn().Get("code"), "redirect_uri", redirectURI,
				"client_id", "agent-app", "client_secret", strong("agent-app"))
			a := rp.w.post(rp.l.token, "", f)
			rp.mustBe("status", a.status, http.StatusOK)
			rp.mustBe("sub", rp.verified(text(a.json(rp), "id_token"))["sub"], "4711")
		}},
		{"oidcc-response-type-missing", func(rp *relyingParty) {
			rp.mustBe("error", rp.told(rp.b.get(rp.request("response_type", ""))).Get("error"), "invalid_request")
		}},
		{"oidcc-idtoken-signature", func(rp *relyingParty) {
			said, _ := rp.tokens(rp.signIn())
			header := part(rp, text(said, "id_token"), 0)
			rp.mustBe("alg", header["alg"], "RS256")
			found := 0
			keys, _ := rp.w.browser().get(rp.l.jwks).json(rp)["keys"].([]any)
			for _, k := range keys {
				if key, _ := k.(map[string]any); key["kid"] == header["kid"] && key["kty"] == "RSA" {
					found++
				}
			}
			rp.mustBe("number of keys with that kid", found, 1)
		}},
		{"oidcc-userinfo-get", func(rp *relyingParty) {
			said, claims := rp.tokens(rp.signIn())
			rp.mustBe("sub", rp.userinfo(text(said, "access_token"))["sub"], claims["sub"])
		}},
		{"oidcc-userinfo-post-header", func(rp *relyingParty) {
			said, claims := rp.tokens(rp.signIn())
			a := rp.w.send(rp.l.userinfo, call{method: http.MethodPost, auth: []string{"Bearer " + text(said, "access_token")}})
			rp.mustBe("sub", a.json(rp)["sub"], claims["sub"])
		}},
		{"oidcc-userinfo-post-body", func(rp *relyingParty) {
			said, claims := rp.tokens(rp.signIn())
			a := rp.w.send(rp.l.userinfo, call{method: http.MethodPost, media: formMedia, body: "access_token=" + text(said, "access_token")})
			rp.mustBe("sub", a.json(rp)["sub"], claims["sub"])
		}},
		{"oidcc-ensure-request-without-nonce-succeeds-for-code-flow", func(rp *relyingParty) {
			_, claims := rp.tokens(rp.signIn("nonce", ""))
			rp.mustBe("nonce", claims["nonce"], nil)
		}},
		{"oidcc-ensure-request-with-valid-pkce-succeeds", func(rp *relyingParty) {
			q := rp.signIn("code_challenge", challenge, "code_challenge_method", "S256")
			a := rp.w.post(rp.l.token, "agent-app", redemption(q.Get("code")))
			rp.mustBe("status", a.status, http.StatusOK)
		}},
		{"oidcc-ensure-post-request-succeeds", func(rp *relyingParty) {
			address, q, _ := strings.Cut(rp.request(), "?")
			values, err := url.ParseQuery(q)
			rp.w.must(err)
			_, claims := rp.tokens(rp.login(rp.b.do(http.MethodPost, address, values)))
			rp.mustBe("sub", claims["sub"], "4711")
		}},
	}
}

func basicParameters() []module {
	// succeeds is a module that demands no more than that a parameter does no harm.
	succeeds := func(name string, pairs ...string) module {
		return module{name, func(rp *relyingParty) {
			_, claims := rp.tokens(rp.signIn(pairs...))
			rp.mustBe("sub", claims["sub"], "4711")
		}}
	}
	// scope is one that compares userinfo with what was asked for; scopes that discovery does not list are
	// skipped by the suite, and ignored here.
	scope := func(name, scope string, want map[string]any, absent ...string) module {
		return module{name, func(rp *relyingParty) {
			said, _ := rp.tokens(rp.signIn("scope", scope))
			info := rp.userinfo(text(said, "access_token"))
			for claim, value := range want {
				rp.mustBe(claim, info[claim], value)
			}
			for _, claim := range absent {
				rp.mustBe(claim, info[claim], nil)
			}
		}}
	}
	refused := func(name, parameter, value, code string) module {
		return module{name, func(rp *relyingParty) {
			q := rp.told(rp.b.get(rp.request(parameter, value)))
			rp.mustBe("error", q.Get("error"), code)
			rp.mustBe("state", q.Get("state"), "s-1")
		}}
	}
	profile := map[string]any{"name": "Ana Hansen", "given_name": "Ana", "family_name": "Hansen", "preferred_username": "ana"}
	email := map[string]any{"email": "ana.hansen@acme.example", "email_verified": true}
	both := map[string]any{"name": "Ana Hansen", "email": "ana.hansen@acme.example"}
	const unsigned = "eyJhbGciOiJub25lIn0.eyJjbGllbnRfaWQiOiJhZ2VudC1hcHAifQ."
	return []module{
		scope("oidcc-scope-profile", "openid profile", profile, "email"),
		scope("oidcc-scope-email", "openid email", email, "name"),
		scope("oidcc-scope-address", "openid address", nil, "address", "email", "name"),
		scope("oidcc-scope-phone", "openid phone", nil, "phone_number", "email", "name"),
		scope("oidcc-scope-all", "openid profile email address phone", both),
		scope("oidcc-ensure-other-scope-order-succeeds", "email openid", email),
		succeeds("oidcc-display-page", "display", "page"),
		succeeds("oidcc-display-popup", "display", "popup"),
		succeeds("oidcc-ensure-request-with-unknown-parameter-succeeds", "extra", "foobar"),
		succeeds("oidcc-claims-locales", "claims_locales", "se"),
		succeeds("oidcc-claims-essential", "claims", `{"userinfo":{"name":{"essential":true}}}`),
		{"oidcc-login-hint", func(rp *relyingParty) {
			page := rp.b.get(rp.request("login_hint", "ana"))
			if !strings.Contains(page.body, `value="ana"`) {
				rp.Errorf("the hint is not on the page:\n%s", page.body)
			}
			rp.tokens(rp.login(page))
		}},
		{"oidcc-ui-locales", func(rp *relyingParty) {
			page := rp.b.get(rp.request("ui_locales", "se nb"))
			if !strings.Contains(page.body, `<html lang="nb">`) {
				rp.Errorf("the page is not in Norwegian:\n%s", page.body)
			}
			rp.tokens(rp.login(page))
		}},
		{"oidcc-ensure-request-with-acr-values-succeeds", func(rp *relyingParty) {
			listed, _ := rp.w.browser().get(rp.l.issuer + "/.well-known/openid-configuration").json(rp)["acr_values_supported"].([]any)
			if len(listed) == 0 {
				rp.Fatal("discovery lists no acr")
			}
			_, claims := rp.tokens(rp.signIn("acr_values", broker.LocalACR))
			rp.mustBe("acr", claims["acr"], listed[0])
		}},
		refused("oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported", "request_uri", "https://client.example/request.jwt", "request_uri_not_supported"),
		refused("oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported", "request", unsigned, "request_not_supported"),
		refused("oidcc-ensure-request-object-with-redirect-uri", "request", unsigned, "request_not_supported"),
	}
}

func basicSessions() []module {
	// again asks a second time in the same browser, and returns both ID tokens.
	again := func(rp *relyingParty, second func(first map[string]any, hint string) url.Values) (was, is map[string]any) {
		said, was := rp.tokens(rp.signIn())
		rp.w.pass(2 * time.Second)
		_, is = rp.tokens(second(was, text(said, "id_token")))
		rp.mustBe("sub", is["sub"], was["sub"])
		return was, is
	}
	return []module{
		{"oidcc-prompt-login", func(rp *relyingParty) {
			was, is := again(rp, func(map[string]any, string) url.Values { return rp.signIn("prompt", "login") })
			rp.mustBe("auth_time is later", is["auth_time"].(float64) > was["auth_time"].(float64), true)
		}},
		{"oidcc-prompt-none-not-logged-in", func(rp *relyingParty) {
			q := rp.told(rp.b.get(rp.request("prompt", "none")))
			rp.mustBe("error", q.Get("error"), "login_required")
			rp.mustBe("state", q.Get("state"), "s-1")
		}},
		{"oidcc-prompt-none-logged-in", func(rp *relyingParty) {
			was, is := again(rp, func(map[string]any, string) url.Values { return rp.told(rp.b.get(rp.request("prompt", "none"))) })
			rp.mustBe("auth_time", is["auth_time"], was["auth_time"])
		}},
		{"oidcc-max-age-1", func(rp *relyingParty) {
			was, is := again(rp, func(map[string]any, string) url.Values { return rp.signIn("max_age", "1") })
			rp.mustBe("auth_time is later", is["auth_time"].(float64) > was["auth_time"].(float64), true)
		}},
		{"oidcc-max-age-10000", func(rp *relyingParty) {
			was, is := again(rp, func(map[string]any, string) url.Values { return rp.told(rp.b.get(rp.request("max_age", "10000"))) })
			rp.mustBe("auth_time", is["auth_time"], was["auth_time"])
		}},
		{"oidcc-id-token-hint", func(rp *relyingParty) {
			again(rp, func(_ map[string]any, hint string) url.Values {
				return rp.told(rp.b.get(rp.request("prompt", "none", "id_token_hint", hint)))
			})
		}},
	}
}

func basicCodes() []module {
	reuse := func(after time.Duration) func(*relyingParty) {
		return func(rp *relyingParty) {
			q := rp.signIn()
			said, _ := rp.tokens(q)
			rp.userinfo(text(said, "access_token"))
			rp.w.pass(after)
			refusedAs(rp.T, "the code again", rp.redeem("agent-app", q), http.StatusBadRequest, "invalid_grant")
			if a := rp.w.userinfo(rp.l, "Bearer "+text(said, "access_token")); a.status != http.StatusUnauthorized {
				rp.Errorf("the first access token lives on: %d %s", a.status, a.body)
			}
		}
	}
	return []module{
		{"oidcc-codereuse", reuse(0)},
		{"oidcc-codereuse-30seconds", reuse(30 * time.Second)},
		{"oidcc-ensure-registered-redirect-uri", func(rp *relyingParty) {
			a := rp.b.get(rp.request("redirect_uri", redirectURI+"/other"))
			rp.mustBe("status", a.status, http.StatusBadRequest)
			rp.mustBe("Location", a.header.Get("Location"), "")
		}},
		{"oidcc-refresh-token", func(rp *relyingParty) {
			said, was := rp.tokens(rp.signIn("scope", "openid offline_access"))
			rp.w.pass(time.Second)
			refused := rp.w.post(rp.l.token, "second-app", refreshForm(text(said, "refresh_token")))
			refusedAs(rp.T, "another client's refresh token", refused, http.StatusBadRequest, "invalid_grant")
			next := rp.w.post(rp.l.token, "agent-app", refreshForm(text(said, "refresh_token"))).json(rp)
			is := rp.verified(text(next, "id_token"))
			for _, name := range []string{"iss", "sub", "aud", "azp", "auth_time"} {
				rp.mustBe(name, is[name], was[name])
			}
			rp.mustBe("nonce", is["nonce"], nil)
			rp.mustBe("iat is later", is["iat"].(float64) > was["iat"].(float64), true)
			rp.mustBe("access token is another", next["access_token"] != said["access_token"], true)
			rp.userinfo(text(next, "access_token"))
		}},
	}
}
