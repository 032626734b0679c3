package provider_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/broker/registry"
)

const (
	spaOrigin    = "https://desk.acme.example" // registered on spa
	apiOrigin    = "https://api.acme.example"  // registered on api
	globexOrigin = "https://desk.globex.example"
	evilOrigin   = "https://desk.acme.example.evil.example"
)

// withOrigins registers the origins of the tests.
func (w *world) withOrigins() {
	for id, origin := range map[string]string{"spa": spaOrigin, "api": apiOrigin, "globex-app": globexOrigin} {
		w.change(id, func(c *registry.Client) { c.CORSOrigins = []string{origin} })
	}
}

// script sends a request as a browser does for a script of an origin.
func (w *world) script(method, address, origin string, body url.Values, headers ...string) answer {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, address, strings.NewReader(body.Encode()))
	w.must(err)
	if body != nil {
		r.Header.Set("Content-Type", formMedia)
	}
	if origin != "" {
		r.Header.Set("Origin", origin)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return read(w.t, w.server.Client(), r)
}

func (w *world) ask(address, origin, method string) answer {
	return w.script(http.MethodOptions, address, origin, nil, "Access-Control-Request-Method", method,
		"Access-Control-Request-Headers", "authorization,content-type")
}

// never checks what no answer may say.
func never(t *testing.T, a answer) {
	t.Helper()
	if got := a.header.Get("Access-Control-Allow-Credentials"); got != "" {
		t.Errorf("credentials are allowed: %q", got)
	}
}

func TestPreflight(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		w.withOrigins()
		for _, address := range []string{l.token, l.userinfo, l.introspect, l.revoke} {
			method := http.MethodPost
			for origin, want := range map[string]bool{
				spaOrigin: true, apiOrigin: true, globexOrigin: !l.realm(), evilOrigin: false, "null": false,
				strings.ToUpper(spaOrigin): false, spaOrigin + ":443": false, "http://desk.acme.example": false,
			} {
				a := w.ask(address, origin, method)
				never(t, a)
				allowed := a.header.Get("Access-Control-Allow-Origin")
				switch {
				case a.header.Get("Vary") != "Origin":
					t.Errorf("%s: Vary is %q", address, a.header.Values("Vary"))
				case !want && (a.status != http.StatusForbidden || allowed != ""):
					t.Errorf("%s from %s: %d for %q, want a refusal", address, origin, a.status, allowed)
				case want && (a.status != http.StatusNoContent || allowed != origin ||
					!strings.Contains(a.header.Get("Access-Control-Allow-Methods"), method) ||
					!strings.Contains(a.header.Get("Access-Control-Allow-Headers"), "Authorization")):
					t.Errorf("%s from %s: %d %v", address, origin, a.status, a.header)
				}
			}
		}
		for _, address := range []string{l.issuer + "/.well-known/openid-configuration", l.jwks} {
			a := w.ask(address, evilOrigin, http.MethodGet)
			never(t, a)
			if a.status != http.StatusNoContent || a.header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("%s: %d for %q, want *", address, a.status, a.header.Get("Access-Control-Allow-Origin"))
			}
		}
		for _, address := range []string{l.authorize, l.logout} {
			if a := w.ask(address, spaOrigin, http.MethodGet); a.status != http.StatusMethodNotAllowed || hasCORS(a) {
				t.Errorf("%s: %d %v, want 405 without CORS", address, a.status, a.header)
			}
		}
	})
}

// TestKeepAliveIsNoPreflight asks as a switch does, which has no origin.
func TestKeepAliveIsNoPreflight(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		a := w.script(http.MethodOptions, l.introspect, "", nil)
		if a.status != http.StatusNoContent || hasCORS(a) {
			t.Errorf("keep-alive: %d %v", a.status, a.header)
		}
		if a := w.script(http.MethodOptions, l.token, "", nil); a.status != http.StatusMethodNotAllowed {
			t.Errorf("OPTIONS at the token endpoint: %d", a.status)
		}
	})
}

func hasCORS(a answer) bool {
	for name := range a.header {
		if strings.HasPrefix(name, "Access-Control-") {
			return true
		}
	}
	return false
}

func TestScriptsReadTheirOwnClient(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		w.withOrigins()
		access := text(w.issue(l, "ana"), "access_token") // of agent-app, which has registered no origin
		secret := func(id string) url.Values {
			return url.Values{"client_id": {id}, "client_secret": {strong(id)}, "token": {access}}
		}
		code := url.Values{"client_id": {"spa"}, "grant_type": {"authorization_code"}, "code": {"x"}, "redirect_uri": {redirectURI}}
		for _, test := range []struct {
			name, address, origin string
			form                  url.Values
			status                int
			want                  bool
		}{
			{"introspection by api", l.introspect, apiOrigin, secret("api"), 200, true},
			{"introspection by api from another client's origin", l.introspect, spaOrigin, secret("api"), 200, false},
			{"introspection by api from a stranger's", l.introspect, evilOrigin, secret("api"), 200, false},
			{"introspection by api without an origin", l.introspect, "", secret("api"), 200, false},
			{"revocation by api", l.revoke, apiOrigin, secret("api"), 200, true},
			{"a refused code of spa", l.token, spaOrigin, code, 400, true},
			{"a refused code of spa from api's origin", l.token, apiOrigin, code, 400, false},
			{"an error about nobody", l.token, spaOrigin, url.Values{}, 401, true},
			{"an error about nobody, to a stranger", l.token, evilOrigin, url.Values{}, 401, false},
		} {
			a := w.script(http.MethodPost, test.address, test.origin, test.form)
			never(t, a)
			if l.realm() && test.status == 401 {
				test.status = 400
			}
			got := a.header.Get("Access-Control-Allow-Origin")
			if a.status != test.status || (got == test.origin && got != "") != test.want || !test.want && got != "" {
				t.Errorf("%s: %d for %q, want %d and %v: %s", test.name, a.status, got, test.status, test.want, a.body)
			}
			if exposed := a.header.Get("Access-Control-Expose-Headers"); (exposed == "WWW-Authenticate, Retry-After") != test.want {
				t.Errorf("%s: exposed are %q", test.name, exposed)
			}
			if a.header.Get("Vary") != "Origin" {
				t.Errorf("%s: Vary is %q", test.name, a.header.Values("Vary"))
			}
		}
	})
}

func TestUserinfoIsForTheTokensClient(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		w.withOrigins()
		w.change("agent-app", func(c *registry.Client) { c.CORSOrigins = []string{"https://agent.acme.example"} })
		access := text(w.issue(l, "ana"), "access_token")
		for origin, want := range map[string]bool{"https://agent.acme.example": true, spaOrigin: false, evilOrigin: false} {
			a := w.script(http.MethodGet, l.userinfo, origin, nil, "Authorization", "Bearer "+access)
			never(t, a)
			if a.status != 200 || (a.header.Get("Access-Control-Allow-Origin") == origin) != want {
				t.Errorf("from %s: %d for %q", origin, a.status, a.header.Get("Access-Control-Allow-Origin"))
			}
		}
		// A script must be able to read that its token has expired.
		a := w.script(http.MethodGet, l.userinfo, spaOrigin, nil, "Authorization", "Bearer expired")
		if a.status != http.StatusUnauthorized || a.header.Get("Access-Control-Allow-Origin") != spaOrigin {
			t.Errorf("a bad token: %d for %q", a.status, a.header.Get("Access-Control-Allow-Origin"))
		}
	})
}

func TestDocumentsAreForEverybody(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		for _, address := range []string{l.issuer + "/.well-known/openid-configuration", l.jwks} {
			a := w.script(http.MethodGet, address, evilOrigin, nil)
			never(t, a)
			if a.status != 200 || a.header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("%s: %d for %q", address, a.status, a.header.Get("Access-Control-Allow-Origin"))
			}
		}
	})
}
