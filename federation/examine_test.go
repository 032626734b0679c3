package federation_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/internal/secret"
)

// found returns the findings about one code.
func found(all federation.Findings, code string) federation.Findings {
	var some federation.Findings
	for _, f := range all {
		if f.Code == code {
			some = append(some, f)
		}
	}
	return some
}

// TestExamine: what an administrator can get wrong at either side is named, with what to do about it.
func TestExamine(t *testing.T) {
	idp := startIdP(t)
	good := federation.Config{Issuer: idp.Issuer(), ClientID: "patchbay", ClientSecret: secret.New("a secret: with/odd+chars")}

	control := open(t, good).Examine(t.Context(), federation.Addresses{RedirectURI: callback})
	if control.Failed() {
		t.Fatalf("control: %+v", control)
	}
	for _, code := range []string{"discovery", "metadata", "clock", "jwks", "redirect_uri"} {
		if some := found(control, code); len(some) != 1 || some[0].Grade != federation.Good {
			t.Errorf("control: %s: %+v", code, some)
		}
	}

	for name, test := range map[string]struct {
		change   func(*federation.Config)
		callback string
		code     string
		message  string
		fix      string
	}{
		"client id":       {func(c *federation.Config) { c.ClientID = "nobody" }, callback, "redirect_uri", "does not know the client", callback},
		"redirect URI":    {func(*federation.Config) {}, callback + "/", "redirect_uri", "answers 4", callback + "/"},
		"path of issuer":  {func(c *federation.Config) { c.Issuer += "/tenant" }, callback, "discovery", "does not exist", "issuer"},
		"trailing slash":  {func(c *federation.Config) { c.Issuer += "/" }, callback, "metadata", "names the issuer", "issuer"},
		"host":            {func(c *federation.Config) { c.Issuer = "https://idp.invalid" }, callback, "discovery", "does not resolve", "spelling"},
		"port":            {func(c *federation.Config) { c.Issuer = "http://127.0.0.1:1" }, callback, "discovery", "refused", "firewalls"},
		"scheme":          {func(c *federation.Config) { c.Issuer = "https" + strings.TrimPrefix(c.Issuer, "http") }, callback, "discovery", "does not speak TLS", "scheme"},
		"external id":     {func(c *federation.Config) { c.ExternalIDClaim = "employeeNumber" }, callback, "external_id_claim", "not among", "ID token"},
		"one of two ids":  {func(c *federation.Config) { c.ExternalIDClaim = "sub+tid" }, callback, "external_id_claim", `taken from "tid"`, "ID token"},
		"scope":           {func(c *federation.Config) { c.Scopes = []string{"openid", "tea"} }, callback, "scopes", `"tea"`, "scopes"},
		"clock":           {func(c *federation.Config) { c.Now = func() time.Time { return time.Now().Add(-time.Hour) } }, callback, "clock", "ahead of ours, and only 1m0s are allowed", "NTP"},
		"clock, slightly": {func(c *federation.Config) { c.Now = func() time.Time { return time.Now().Add(30 * time.Second) } }, callback, "clock", "s behind ours; up to", "NTP"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := good
			test.change(&cfg)
			all := open(t, cfg).Examine(t.Context(), federation.Addresses{RedirectURI: test.callback})
			some := found(all, test.code)
			if len(some) != 1 || some[0].Grade == federation.Good || !strings.Contains(some[0].Message, test.message) || !strings.Contains(some[0].Fix, test.fix) {
				t.Errorf("%s: %+v\nin %+v", test.code, some, all)
			}
		})
	}
}

// TestExamineClient: only an endpoint that tells a wrong secret from a wrong code is believed about the right
// one.
func TestExamineClient(t *testing.T) {
	for name, test := range map[string]struct {
		right, wrong string // what is answered to a code that does not exist, with the right and a wrong secret
		message      string
		grade        federation.Grade
	}{
		"control":              {"400 invalid_grant", "401 invalid_client", "knows client", federation.Good},
		"looks at codes first": {"400 invalid_grant", "400 invalid_grant", "leaves open", federation.Warning},
		"another secret":       {"401 invalid_client", "401 invalid_client", "refuses client", federation.Fault},
		"without a word":       {"401 ", "401 ", "refuses client", federation.Fault},
		"not this grant":       {"400 unauthorized_client", "401 invalid_client", "may not redeem codes", federation.Fault},
		"in its own words":     {"400 AADSTS9002313", "400 AADSTS9002313", "leaves open", federation.Warning},
		"out of order":         {"503 ", "503 ", "answered status 503", federation.Fault},
	} {
		t.Run(name, func(t *testing.T) {
			mux := http.NewServeMux()
			server := httptest.NewServer(mux)
			defer server.Close()
			mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
				_, _ = fmt.Fprintf(w, `{"issuer":%[1]q,"authorization_endpoint":"%[2]s/a","token_endpoint":"%[2]s/t","jwks_uri":"%[2]s/k"}`, server.URL, server.URL)
			})
			mux.HandleFunc("/t", func(w http.ResponseWriter, r *http.Request) {
				answer := test.wrong
				if _, password, _ := r.BasicAuth(); password == "right" {
					answer = test.right
				}
				status, code, _ := strings.Cut(answer, " ")
				number, _ := strconv.Atoi(status)
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(number)
				_, _ = fmt.Fprintf(w, `{"error":%q}`, code)
			})
			o := open(t, federation.Config{Issuer: server.URL, ClientID: "patchbay", ClientSecret: secret.New("right")})
			some := found(o.Examine(t.Context(), federation.Addresses{RedirectURI: callback}), "client")
			if len(some) != 1 || some[0].Grade != test.grade || !strings.Contains(some[0].Message, test.message) {
				t.Errorf("found %+v", some)
			}
		})
	}
}

// TestExamineKey: the same by a key instead of a secret.
func TestExamineKey(t *testing.T) {
	const keys = "http://127.0.0.1:9/login/acme/corp/jwks"
	for name, test := range map[string]struct {
		right, wrong string // what is answered to a good and to a wrong assertion
		message, fix string
		grade        federation.Grade
	}{
		"control":              {"invalid_grant", "invalid_client", `knows client "patchbay" and its key`, "", federation.Good},
		"looks at codes first": {"invalid_grant", "invalid_grant", "leaves open", "client_id and key", federation.Warning},
		"another key":          {"invalid_client", "invalid_client", "with its key", keys, federation.Fault},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHostile(t)
			h.doc["token_endpoint_auth_methods_supported"] = []string{"private_key_jwt"}
			h.override["/token"] = func(w http.ResponseWriter, r *http.Request) {
				said := test.right
				if _, err := h.assertionClaims(r.PostFormValue("client_assertion")); err != nil {
					said = test.wrong
				}
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusBadRequest)
				_, _ = fmt.Fprintf(w, `{"error":%q}`, said)
			}
			some := found(h.open(h.signing).Examine(t.Context(), federation.Addresses{RedirectURI: callback, Keys: keys}), "client")
			if len(some) != 1 || some[0].Grade != test.grade || !strings.Contains(some[0].Message, test.message) || !strings.Contains(some[0].Fix, test.fix) {
				t.Errorf("found %+v", some)
			}
		})
	}
}

// TestExamineAPage: a web site is called one.
func TestExamineAPage(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("\n<!DOCTYPE html><p>Welcome")) }))
	defer server.Close()
	all := open(t, federation.Config{Issuer: server.URL, ClientID: "patchbay"}).Examine(t.Context(), federation.Addresses{RedirectURI: callback})
	if some := found(all, "discovery"); len(some) != 1 || some[0].Grade != federation.Fault || !strings.Contains(some[0].Message, "is a web page") {
		t.Errorf("found %+v", some)
	}
}

// TestExamineStrangers: whatever answers, the examination ends, and with a fault.
func TestExamineStrangers(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"a web site": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>welcome")) },
		"an error":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"nothing":    func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) },
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://elsewhere.example/", http.StatusFound)
		},
		"in a circle": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) },
		"too much": func(w http.ResponseWriter, _ *http.Request) {
			for range 64 {
				_, _ = w.Write(make([]byte, 64<<10))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(answer)
			defer server.Close()
			all := open(t, federation.Config{Issuer: server.URL, ClientID: "patchbay"}).Examine(t.Context(), federation.Addresses{RedirectURI: callback})
			if !all.Failed() {
				t.Errorf("found %+v", all)
			}
		})
	}
}

// TestExamineSaysNothingSecret: the findings are shown to people and pasted into tickets.
func TestExamineSaysNothingSecret(t *testing.T) {
	idp := startIdP(t)
	const sesame = "open-sesame-4711"
	all := open(t, federation.Config{Issuer: idp.Issuer(), ClientID: "patchbay", ClientSecret: secret.New(sesame)}).Examine(t.Context(), federation.Addresses{RedirectURI: callback})
	for _, f := range all {
		if strings.Contains(f.Message+f.Fix, sesame) {
			t.Errorf("%+v", f)
		}
	}
}

// TestExamineCertificates: certificates are looked at before they end.
func TestExamineCertificates(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name  string
		until time.Duration
		from  time.Duration
		want  federation.Grade
	}{
		{"control", 365 * 24 * time.Hour, -time.Hour, federation.Good},
		{"ends soon", 29 * 24 * time.Hour, -time.Hour, federation.Warning},
		{"has ended", -time.Second, -time.Hour, federation.Fault},
		{"ends now", 0, -time.Hour, federation.Fault},
		{"is of tomorrow", 365 * 24 * time.Hour, 24 * time.Hour, federation.Fault},
	} {
		var f federation.Findings
		f.Certificate("tls", "the certificate", now.Add(test.from), now.Add(test.until), now)
		if len(f) != 1 || f[0].Grade != test.want {
			t.Errorf("%s: %+v", test.name, f)
		}
	}
}
