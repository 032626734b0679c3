package provider_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// A call is one request of a negative table. Its zero value, with the table's defaults filled in, is
// the positive control.
type call struct {
	name   string
	method string
	query  string
	media  string
	auth   []string // Authorization headers
	body   string

	// What the shared layout says, and the realm where it differs.
	status int
	code   string
	realm  *said
	header [2]string // a header the answer must have
}

type said struct {
	status int
	code   string
}

func basic(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

func (w *world) send(address string, c call) answer {
	w.t.Helper()
	if c.query != "" {
		address += "?" + c.query
	}
	r, err := http.NewRequestWithContext(w.t.Context(), c.method, address, strings.NewReader(c.body))
	w.must(err)
	if c.media != "" {
		r.Header.Set("Content-Type", c.media)
	}
	for _, a := range c.auth {
		r.Header.Add("Authorization", a)
	}
	return read(w.t, w.server.Client(), r)
}

func (c call) check(t *testing.T, l layout, a answer) {
	t.Helper()
	status, code := c.status, c.code
	if l.realm() && c.realm != nil {
		status, code = c.realm.status, c.realm.code
	}
	if a.status != status || text(a.json(t), "error") != code {
		t.Errorf("answered %d %s; want %d %s", a.status, a.body, status, code)
	}
	if got := a.header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control is %q", got)
	}
	if got := a.header.Get("WWW-Authenticate"); (a.status == http.StatusUnauthorized) != strings.HasPrefix(got, "Basic realm=") {
		t.Errorf("status %d with WWW-Authenticate %q", a.status, got)
	}
	if (a.status == http.StatusServiceUnavailable) != (a.header.Get("Retry-After") != "") {
		t.Errorf("status %d with Retry-After %q", a.status, a.header.Get("Retry-After"))
	}
	if c.header[0] != "" && a.header.Get(c.header[0]) != c.header[1] {
		t.Errorf("%s is %q, want %q", c.header[0], a.header.Get(c.header[0]), c.header[1])
	}
}

const formMedia = "application/x-www-form-urlencoded"

// TestFront sends what the library's router would have taken, or refused in another way, to every
// endpoint that authenticates clients.
func TestFront(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		access := text(w.issue(l, "ana"), "access_token")
		for _, endpoint := range []struct{ name, address, client, body string }{
			{"token", l.token, "agent-app", ""},
			{"introspect", l.introspect, "api", "token=" + access},
			{"revoke", l.revoke, "second-app", "token=" + access}, // not its own, so it survives
		} {
			good := func() call {
				c := call{
					method: http.MethodPost, media: formMedia, body: endpoint.body,
					auth: []string{basic(endpoint.client, strong(endpoint.client))},
				}
				if endpoint.name == "token" {
					c.body = redemption(w.code(l, "ana")).Encode()
				}
				return c
			}
			if a := w.send(endpoint.address, good()); a.status != http.StatusOK {
				t.Fatalf("%s: control was answered %d %s", endpoint.name, a.status, a.body)
			}
			body, auth := good().body, good().auth[0]
			id, key := endpoint.client, strong(endpoint.client)
			invalid := func(c call) call { c.status, c.code = 400, "invalid_request"; return c }
			for _, c := range []call{
				{name: "GET", method: http.MethodGet, status: 405, code: "invalid_request"},
				{name: "GET with everything in the query", method: http.MethodGet, query: body + "&client_id=" + id + "&client_secret=" + key, auth: []string{}, status: 405, code: "invalid_request"},
				{name: "DELETE", method: http.MethodDelete, status: 405, code: "invalid_request"},
				invalid(call{name: "query string", query: "a=b"}),
				invalid(call{name: "token in the query", query: "token=" + access}),
				invalid(call{name: "no media type", media: "-"}),
				invalid(call{name: "JSON", media: "application/json", body: `{"grant_type":"authorization_code"}`}),
				invalid(call{name: "multipart", media: "multipart/form-data; boundary=x"}),
				invalid(call{name: "duplicate parameter", body: body + "&" + body}),
				invalid(call{name: "duplicate client_id", body: body + "&client_id=" + id + "&client_id=" + id}),
				invalid(call{name: "malformed escape", body: body + "&x=%zz"}),
				invalid(call{name: "semicolon", body: body + ";x=1"}),
				{name: "too large", body: body + "&x=" + strings.Repeat("x", 64<<10), status: 413, code: "invalid_request"},
				invalid(call{name: "secret in header and body", body: body + "&client_id=" + id + "&client_secret=" + key}),
				invalid(call{name: "two headers", auth: []string{auth, auth}}),
				invalid(call{name: "another client_id in the body", body: body + "&client_id=somebody-else"}),
				{name: "wrong secret", auth: []string{basic(id, "wrong")}, status: 401, code: "invalid_client", realm: &said{401, "unauthorized_client"}},
				{name: "wrong secret in the body", auth: []string{}, body: body + "&client_id=" + id + "&client_secret=wrong", status: 401, code: "invalid_client", realm: &said{401, "unauthorized_client"}},
				{name: "missing secret", auth: []string{}, body: body + "&client_id=" + id, status: 401, code: "invalid_client", realm: &said{401, "unauthorized_client"}},
				{name: "empty secret", auth: []string{}, body: body + "&client_secret=&client_id=" + id, status: 401, code: "invalid_client", realm: &said{401, "unauthorized_client"}},
				{name: "empty secret in the header", auth: []string{basic(id, "")}, status: 401, code: "invalid_client", realm: &said{401, "unauthorized_client"}},
				{name: "unknown client", auth: []string{}, body: body + "&client_id=nobody&client_secret=x", status: 401, code: "invalid_client", realm: &said{400, "invalid_client"}},
				{name: "unknown client in the header", auth: []string{basic("nobody", "x")}, status: 401, code: "invalid_client"},
				{name: "no client at all", auth: []string{}, status: 401, code: "invalid_client", realm: &said{400, "invalid_client"}},
				{name: "no base64", auth: []string{"Basic ?"}, status: 401, code: "invalid_client", realm: &said{401, "unauthorized_client"}},
				{name: "bearer instead of client", auth: []string{"Bearer " + access}, status: 401, code: "invalid_client", realm: &said{401, "unauthorized_client"}},
				{name: "client assertion", auth: []string{}, body: body + "&client_assertion=x&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer", status: 401, code: "invalid_client", realm: &said{401, "unauthorized_client"}},
			} {
				t.Run(endpoint.name+"/"+c.name, func(t *testing.T) {
					filled := good()
					if c.method != "" {
						filled.method = c.method
					}
					if c.media != "" {
						filled.media = strings.TrimPrefix(c.media, "-")
					}
					if c.auth != nil {
						filled.auth = c.auth
					}
					if c.body != "" {
						filled.body = c.body
					}
					filled.query = c.query
					c.check(t, l, w.send(endpoint.address, filled))
				})
			}
		}
		if a := w.post(l.introspect, "api", url.Values{"token": {access}}); a.json(t)["active"] != true {
			t.Errorf("the token did not survive: %s", a.body)
		}
	})
}

// TestClientSpellings is what must be let in: RFC 6749 §2.3.1 form-encodes credentials before they
// are joined, and many clients do not.
func TestClientSpellings(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		access := text(w.issue(l, "ana"), "access_token")
		body := "token=" + access
		for name, c := range map[string]call{
			"basic":                {auth: []string{basic("api", strong("api"))}, body: body},
			"form-encoded":         {auth: []string{basic("%61pi", url.QueryEscape(strong("api"))+"")}, body: body},
			"upper case":           {auth: []string{basic("API", strong("api"))}, body: body},
			"scheme in lower case": {auth: []string{"basic" + strings.TrimPrefix(basic("api", strong("api")), "Basic")}, body: body},
			"client_id repeated":   {auth: []string{basic("api", strong("api"))}, body: body + "&client_id=Api"},
			"empty client_secret":  {auth: []string{basic("api", strong("api"))}, body: body + "&client_secret="},
			"post":                 {body: body + "&client_id=api&client_secret=" + strong("api")},
			"charset":              {auth: []string{basic("api", strong("api"))}, body: body, media: formMedia + "; charset=UTF-8"},
		} {
			c.method = http.MethodPost
			if c.media == "" {
				c.media = formMedia
			}
			if a := w.send(l.introspect, c); a.status != http.StatusOK || a.json(t)["active"] != true {
				t.Errorf("%s: answered %d %s", name, a.status, a.body)
			}
		}
	})
}

// TestSecretsStayOut makes every endpoint fail on secrets, and looks for them in the log.
func TestSecretsStayOut(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		code := w.code(l, "ana")
		w.directory.fail(true)
		if a := w.post(l.token, "agent-app", redemption(code)); a.status != http.StatusServiceUnavailable {
			t.Fatalf("with the directory down: %d %s", a.status, a.body)
		}
		w.post(l.token, "agent-app", url.Values{"grant_type": {"authorization_code"}, "code": {code + "%zz"}, "redirect_uri": {"x"}})
		log := w.logged.String()
		if !strings.Contains(log, errDown.Error()) {
			t.Fatalf("the log does not say what was wrong: %s", log)
		}
		for _, s := range []string{code, strong("agent-app"), verifier, password} {
			if strings.Contains(log, s) {
				t.Errorf("the log holds the secret %q", s)
			}
		}
	})
}

func TestUnknownAddresses(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	if a := b.get(w.base + "/auth/realms/acme/.well-known/openid-configuration"); a.status != http.StatusOK {
		t.Fatalf("control: %d", a.status)
	}
	const noAccount = `{"error":"not_found","error_description":"Account does not exist"}`
	for _, path := range []string{
		"/.well-known/openid-configuration", "/protocol/openid-connect/auth", "/protocol/openid-connect/token",
		"/protocol/openid-connect/certs", "/protocol/openid-connect/token/introspect",
	} {
		for _, account := range []string{"nobody", "ACME", "acme%00"} {
			if a := b.get(w.base + "/auth/realms/" + account + path); a.status != http.StatusNotFound || a.body != noAccount {
				t.Errorf("%s of %s: %d %q", path, account, a.status, a.body)
			}
		}
	}
	for _, path := range []string{"/id//connect/token", "/id/./connect/token", "/id/x/../connect/token", "/id/connect/token/", "/id/healthz"} {
		if a := w.post(w.base+path, "agent-app", redemption("x")); a.status != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, a.status, a.header.Get("Location"))
		}
	}
}

func TestHealth(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	options := func() int {
		return w.send(w.layouts()[1].introspect, call{method: http.MethodOptions}).status
	}
	if live, ready, sbc := b.get(w.base+"/livez").status, b.get(w.base+"/readyz").status, options(); live != 204 || ready != 204 || sbc != 204 {
		t.Fatalf("when ready: livez %d, readyz %d, OPTIONS %d", live, ready, sbc)
	}
	w.ready = func() error { return fmt.Errorf("revocations are not loaded") }
	if live, ready, sbc := b.get(w.base+"/livez").status, b.get(w.base+"/readyz").status, options(); live != 204 || ready != 503 || sbc != 503 {
		t.Errorf("when not ready: livez %d, readyz %d, OPTIONS %d", live, ready, sbc)
	}
}
