package resource_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/patchbay-auth/patchbay/resource"
	"github.com/patchbay-auth/patchbay/resource/ginauth"
)

// TestMiddleware: net/http and gin answer alike, and as RFC 6750 §3 says.
func TestMiddleware(t *testing.T) {
	i := newIssuer(t)
	need := resource.Need{Scopes: []string{"contact-centre"}, Permissions: []string{"softphone"}}
	v := i.verifier(func(c *resource.Config) { c.Realm = `calls "v1"` })

	plain := v.Require(need)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, ok := resource.FromContext(r.Context())
		if !ok || token.Subject != "4711" {
			t.Errorf("the handler found %v", token)
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.GET("/", ginauth.Require(v, need), func(c *gin.Context) {
		if token, ok := ginauth.Token(c); !ok || token.Subject != "4711" {
			t.Errorf("gin's handler found %v", token)
		}
		c.Status(http.StatusNoContent)
	})

	const realm = `Bearer realm="calls \"v1\""`
	good := "Bearer " + i.token()
	for _, c := range []struct {
		name      string
		auth      []string
		query     string
		down      bool
		status    int
		challenge string
		code      string
	}{
		{name: "control", auth: []string{good}, status: 204},
		{name: "scheme in lower case", auth: []string{"bearer " + i.token()}, status: 204},
		{name: "no token", status: 401, challenge: realm},
		{name: "another scheme", auth: []string{"Basic YTpi"}, status: 401, challenge: realm},
		{name: "empty token", auth: []string{"Bearer "}, status: 401, challenge: realm},
		{name: "token in the query", query: "?access_token=" + i.token(), status: 401, challenge: realm},
		{
			name: "two headers", auth: []string{good, good}, status: 400, code: "invalid_request",
			challenge: realm + `, error="invalid_request", error_description="More than one Authorization header"`,
		},
		{
			name: "bad token", auth: []string{"Bearer garbage"}, status: 401, code: "invalid_token",
			challenge: realm + `, error="invalid_token", error_description="The access token is not valid"`,
		},
		{
			name: "without the scope", auth: []string{"Bearer " + i.token(with("scope", "openid"))}, status: 403, code: "insufficient_scope",
			challenge: realm + `, error="insufficient_scope", error_description="The access token lacks a scope", scope="contact-centre"`,
		},
		{
			name: "without the permission", auth: []string{"Bearer " + i.token(with("permissions", nil))}, status: 403, code: "insufficient_scope",
			challenge: realm + `, error="insufficient_scope", error_description="The user lacks a permission", scope="contact-centre"`,
		},
	} {
		for kind, h := range map[string]http.Handler{"net/http": plain, "gin": engine} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/"+c.query, nil)
			for _, a := range c.auth {
				r.Header.Add("Authorization", a)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if c.name == "control" && w.Code != c.status {
				t.Fatalf("%s, control: %d %s", kind, w.Code, w.Body)
			}
			if w.Code != c.status || w.Header().Get("WWW-Authenticate") != c.challenge {
				t.Errorf("%s, %s: %d %q", kind, c.name, w.Code, w.Header().Get("WWW-Authenticate"))
			}
			if w.Code < 400 {
				continue
			}
			var said struct{ Error string }
			if err := json.Unmarshal(w.Body.Bytes(), &said); err != nil || said.Error != c.code || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%s, %s: %s %v %v", kind, c.name, w.Body, w.Header(), err)
			}
		}
	}
}

// TestMiddlewareCannotKnow: then the client is asked to come back, and not to get another token.
func TestMiddlewareCannotKnow(t *testing.T) {
	i := newIssuer(t)
	i.set(func() { i.down = true })
	h := i.verifier().Require(resource.Need{})(http.NotFoundHandler())
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+i.token())
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || w.Header().Get("WWW-Authenticate") != "" {
		t.Errorf("answered %d %v", w.Code, w.Header())
	}
}
