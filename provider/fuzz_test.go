package provider_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/broker/registry"
)

// Whatever strangers and clients send, it is never our fault: nothing answers 5xx, nothing that a
// client must not cache may be cached, and no answer repeats a secret.

func FuzzTokenForm(f *testing.F) {
	w := newWorld(f)
	w.exchangers()
	w.trusting()
	w.change("agent-app", func(c *registry.Client) { // a client that gets past "you may not" everywhere
		gateway, _ := w.registry.Snapshot().Client("gateway")
		portal, _ := w.registry.Snapshot().Client("portal")
		reporting, _ := w.registry.Snapshot().Client("reporting")
		c.TokenExchange, c.TrustedIssuers, c.ProductAccess = gateway.TokenExchange, portal.TrustedIssuers, reporting.ProductAccess
		c.GrantTypes = append(c.GrantTypes, registry.GrantClientCredentials, registry.GrantPassword,
			registry.GrantDeviceCode, registry.GrantTokenExchange, registry.GrantJWTBearer)
	})
	l := w.layouts()[0]
	ours := text(w.issue(l, "ana"), "access_token")
	theirs := w.upstream("patchbay", "ana")
	word := w.jwt(makers()["ES256"], w.about(hr, "ana", l.issuer), nil)
	for _, l := range w.layouts() {
		if a := w.post(l.token, "agent-app", redemption(w.code(l, "ana"))); a.status != http.StatusOK {
			f.Fatalf("the control: %d %s", a.status, a.body) // an ordinary client is served
		}
	}
	const known = "grant_type=authorization_code&code=x&redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fcb&code_verifier=y"
	for _, seed := range []string{
		known, "grant_type=refresh_token&refresh_token=pbr_AAAA", "grant_type=client_credentials&scope=contact-centre:10010:4711",
		"grant_type=password&username=ana&password=x&scope=openid", "grant_type=&grant_type=", "%zz", "a=%00&grant_type=%ff",
		"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=x",
		"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token=x&subject_token_type=y",
		"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=a.b.c",
		"client_assertion=a.b.c&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer",
		exchanged(ours).Encode(), exchanged(ours, "audience", crm, "scope", "profile").Encode(), exchanged(theirs, "subject_token_type", idType).Encode(),
		vouched(word).Encode(), vouched(word, "scope", "openid").Encode(), credentials("ana").Encode(),
		"client_id=agent-app&client_secret=wrong;" + known, strings.Repeat("a=b&", 500),
	} {
		f.Add(seed, "", true)
		f.Add(seed, "Basic YWdlbnQtYXBwOg==", false)
		f.Add(seed, "Basic %%%", false)
	}
	f.Fuzz(func(t *testing.T, body, authorization string, asAgent bool) {
		for _, l := range w.layouts() {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, l.token, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if authorization != "" {
				r.Header["Authorization"] = []string{authorization}
			}
			if asAgent {
				r.SetBasicAuth("agent-app", strong("agent-app"))
			}
			got := w.direct(r)
			if got.Code >= 500 {
				t.Errorf("%s: %d %s", l.name, got.Code, got.Body)
			}
			if got.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%s: Cache-Control is %q", l.name, got.Header().Get("Cache-Control"))
			}
			if strings.Contains(got.Body.String(), strong("agent-app")) {
				t.Errorf("%s: the answer holds the secret", l.name)
			}
		}
	})
}

func FuzzAuthorizeQuery(f *testing.F) {
	w := newWorld(f)
	l := w.layouts()[0]
	control, err := url.Parse(authorizeURL(l))
	if err != nil {
		f.Fatal(err)
	}
	if a := w.browser().get(control.String()); a.status != http.StatusOK {
		f.Fatalf("the control: %d %s", a.status, a.body)
	}
	f.Add(control.RawQuery)
	for _, pair := range []string{
		"prompt=none", "prompt=none+login", "max_age=-1", "max_age=99999999999999999999", "response_type=code+code", "response_mode=query.jwt",
		"scope=%00", "ui_locales=%ff", "claims=%7B", "request=a.b.c", "request_uri=urn:x", "id_token_hint=a.b.c", "state=%0d%0aX:y",
		"redirect_uri=javascript:alert(1)", "client_id=%00", "acr_values=tenant:acme+idp:corp", "idp_hint=../../x", "login_hint=%3Cscript%3E",
	} {
		f.Add(control.RawQuery + "&" + pair)
		name, _, _ := strings.Cut(pair, "=")
		q := control.Query()
		q.Del(name)
		f.Add(q.Encode() + "&" + pair)
	}
	f.Fuzz(func(t *testing.T, query string) {
		for _, l := range w.layouts() {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, l.authorize, nil)
			r.URL.RawQuery = query
			got := w.direct(r)
			if got.Code >= 500 {
				t.Errorf("%s: %d %s", l.name, got.Code, got.Body)
			}
			if to := got.Header().Get("Location"); to != "" && !w.mayLeadTo(to) {
				t.Errorf("%s: leads to %q", l.name, to)
			}
			if strings.Contains(got.Body.String(), "<script>alert") {
				t.Errorf("%s: markup came through", l.name)
			}
		}
	})
}

// direct hands a request to the provider without a network between.
func (w *world) direct(r *http.Request) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	w.server.Config.Handler.ServeHTTP(recorder, r)
	return recorder
}

// mayLeadTo reports whether a redirect stays here or goes to a registered address.
func (w *world) mayLeadTo(location string) bool {
	u, err := url.Parse(location)
	if err != nil {
		return false
	}
	return u.Host == "" || strings.HasPrefix(location, w.base+"/") || strings.HasPrefix(location, redirectURI) ||
		u.Hostname() == "127.0.0.1" && u.Scheme == "http"
}
