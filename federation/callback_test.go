package federation_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/internal/secret"
)

func TestOnlyAnAnswerToThisLoginIsRead(t *testing.T) {
	h := newHostile(t)
	if _, err := h.run(h.open(nil), attempt{}); err != nil {
		t.Fatal("positive control:", err)
	}
	memoWith := func(name string, value any) func([]byte) []byte {
		return func(memo []byte) []byte {
			var m map[string]any
			if err := json.Unmarshal(memo, &m); err != nil {
				t.Fatal(err)
			}
			if _, known := m[name]; !known {
				t.Fatalf("memo has no %s", name)
			}
			m[name] = value
			text, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
	}
	for _, tc := range []struct {
		name    string
		attempt attempt
		want    string
	}{
		{"iss of this IdP", attempt{params: url.Values{"iss": {h.URL}}}, ""},
		{"iss of another IdP", attempt{params: url.Values{"iss": {"https://attacker.example"}}}, "callback: iss"},
		{"iss with a slash", attempt{params: url.Values{"iss": {h.URL + "/"}}}, "callback: iss"},
		{"iss empty", attempt{params: url.Values{"iss": {""}}}, "callback: iss"},
		{"iss twice", attempt{params: url.Values{"iss": {h.URL, h.URL}}}, "2 values of iss"},
		{"error of another IdP", attempt{params: url.Values{"iss": {"https://attacker.example"}, "error": {"access_denied"}}}, "callback: iss"},
		{"code twice", attempt{params: url.Values{"code": {"a", "b"}}}, "2 values of code"},
		{"code empty", attempt{params: url.Values{"code": {""}}}, "neither code nor error"},
		{"code missing", attempt{params: url.Values{"code": nil}}, "neither code nor error"},
		{"code huge", attempt{params: url.Values{"code": {strings.Repeat("c", 9000)}}}, "code of 9000 bytes"},
		{"memo missing", attempt{memo: func([]byte) []byte { return nil }}, "memo: not one of ours"},
		{"memo empty", attempt{memo: func([]byte) []byte { return []byte("{}") }}, "memo: incomplete"},
		{"memo of another issuer", attempt{memo: memoWith("issuer", "https://b.example")}, "memo: login was started at issuer"},
		{"memo of another client", attempt{memo: memoWith("client_id", "b")}, "memo: login was started at issuer"},
		{"memo of another login", attempt{memo: memoWith("nonce", "JBSWY3DPEHPK3PXP")}, "nonce"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := h.run(h.open(nil), tc.attempt)
			var refusal *federation.ResponseError
			switch {
			case tc.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("error is %v, want %q", err, tc.want)
			case errors.As(err, &refusal) || errors.Is(err, federation.ErrUnreachable):
				t.Errorf("is believed to come from the IdP: %v", err)
			}
		})
	}
}

func TestAnIdPThatPromisesIssMustSendIt(t *testing.T) {
	h := newHostile(t)
	h.doc["authorization_response_iss_parameter_supported"] = true
	if _, err := h.run(h.open(nil), attempt{params: url.Values{"iss": {h.URL}}}); err != nil {
		t.Fatal("positive control:", err)
	}
	if _, err := h.run(h.open(nil), attempt{}); err == nil || !strings.Contains(err.Error(), "iss is missing") {
		t.Errorf("without iss: %v", err)
	}
}

func TestAnErrorOfTheIdPIsBounded(t *testing.T) {
	h := newHostile(t)
	_, err := h.run(h.open(nil), attempt{params: url.Values{
		"error": {"access_denied"}, "error_description": {"<script>\n" + strings.Repeat("x", 5000)},
	}})
	var refusal *federation.ResponseError
	if !errors.As(err, &refusal) || refusal.Code != "access_denied" {
		t.Fatalf("error is %v", err)
	}
	if text := err.Error(); len(text) > 400 || strings.Contains(text, "\n") {
		t.Errorf("%d bytes of error: %s", len(text), text)
	}
}

func TestTheAuthorizationRequest(t *testing.T) {
	h := newHostile(t)
	h.doc["authorization_endpoint"] = h.URL + "/authorize?tenant=acme"
	o := h.open(nil)
	request := federation.StartRequest{
		State: "s&t", RedirectURI: callback, LoginHint: "ana@acme.example", Prompt: "login", MaxAge: 0, UILocales: []string{"nb", "en"}, ACRValues: []string{"mfa", "pwd"},
	}
	started, err := o.Start(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	again, err := o.Start(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	first, second := query(t, started.URL), query(t, again.URL)
	for name, want := range map[string]string{
		"tenant": "acme", "response_type": "code", "client_id": "patchbay", "redirect_uri": callback, "state": "s&t",
		"scope": "openid profile email", "code_challenge_method": "S256", "login_hint": "ana@acme.example",
		"prompt": "login", "max_age": "0", "ui_locales": "nb en", "acr_values": "mfa pwd",
	} {
		if got := first.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"nonce", "code_challenge"} {
		if first.Get(name) == second.Get(name) || len(first.Get(name)) < 22 {
			t.Errorf("%s is %q, then %q", name, first.Get(name), second.Get(name))
		}
	}
	if n := h.count("/.well-known/openid-configuration"); n != 1 {
		t.Errorf("two logins fetched metadata %d times", n)
	}
	plain, err := o.Start(t.Context(), federation.StartRequest{State: "s", RedirectURI: callback, MaxAge: -1})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"max_age", "prompt", "login_hint", "ui_locales", "acr_values"} {
		if query(t, plain.URL).Has(name) {
			t.Errorf("%s was sent unasked", name)
		}
	}
}

func query(t *testing.T, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

func TestTheTokenEndpoint(t *testing.T) {
	const clientSecret, leak = "the client's secret", "a code that leaked"
	answer := func(status int, contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	for _, tc := range []struct {
		name    string
		handler http.HandlerFunc
		want    string
		down    bool
	}{
		{"positive control", nil, "", false},
		{"invalid_grant", answer(400, "application/json", `{"error":"invalid_grant","error_description":"`+leak+`"}`), `error "invalid_grant"`, false},
		{"invalid_client", answer(401, "application/json", `{"error":"invalid_client"}`), `error "invalid_client"`, false},
		{"error with status 200", answer(200, "application/json", `{"error":"invalid_grant"}`), `error "invalid_grant"`, false},
		{"server error", answer(502, "text/html", leak), "status 502", true},
		{"too many requests", answer(429, "text/plain", leak), "status 429", true},
		{"a page", answer(200, "text/html", "<html>"), "token endpoint", true},
		{"no ID token", answer(200, "application/json", `{"access_token":"at","token_type":"Bearer"}`), "id token: missing", false},
		{"another kind of token", answer(200, "application/json", `{"access_token":"at","token_type":"mac"}`), "not Bearer", false},
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, "redirect of a POST", true},
		{"breaks off", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "token endpoint", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHostile(t)
			h.replace("/token", tc.handler)
			_, err := h.run(h.open(func(c *federation.Config) { c.ClientSecret = secret.New(clientSecret) }), attempt{})
			if tc.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) || errors.Is(err, federation.ErrUnreachable) != tc.down {
				t.Fatalf("error is %v, want %q, unreachable %t", err, tc.want, tc.down)
			}
			for _, word := range []string{clientSecret, leak, "the-code"} {
				if strings.Contains(err.Error(), word) {
					t.Errorf("error shows %q: %v", word, err)
				}
			}
		})
	}
}

func TestAClientSecretGoesWhereTheIdPWantsIt(t *testing.T) {
	h := newHostile(t)
	h.doc["token_endpoint_auth_methods_supported"] = []string{"private_key_jwt", "client_secret_post"}
	withSecret := func(c *federation.Config) { c.ClientSecret = secret.New("s") }
	if _, err := h.run(h.open(withSecret), attempt{}); err != nil {
		t.Fatal(err)
	}
	if h.form.Get("client_secret") != "s" || h.form.Get("code_verifier") == "" || h.form.Get("redirect_uri") != callback {
		t.Errorf("form is %v", h.form)
	}
	if n := h.count("/token"); n != 1 {
		t.Errorf("one code was presented %d times", n)
	}
	h.doc["token_endpoint_auth_methods_supported"] = []string{"private_key_jwt"}
	if _, err := h.run(h.open(withSecret), attempt{}); err == nil || !strings.Contains(err.Error(), "client_secret_post") {
		t.Errorf("no method in common: %v", err)
	}
}
