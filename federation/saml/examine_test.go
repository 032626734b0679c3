package saml

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/federation"
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
	good := Config{MetadataURL: idp.MetadataURL(), SignRequests: true}
	introduce(t, idp, open(t, good))

	for _, binding := range []Binding{BindingRedirect, BindingPOST} {
		cfg := good
		cfg.RequestBinding = binding
		control := open(t, cfg).Examine(t.Context())
		if control.Failed() {
			t.Fatalf("control, %s: %+v", binding, control)
		}
		for _, code := range []string{"metadata_url", "metadata", "clock", "certificate", "single_sign_on", "own_key", "login_request"} {
			if some := found(control, code); len(some) != 1 || some[0].Grade != federation.Good {
				t.Errorf("control, %s: %s: %+v", binding, code, some)
			}
		}
	}

	const year = 365 * 24 * time.Hour
	for name, test := range map[string]struct {
		change  func(*Config)
		code    string
		message string
		fix     string
	}{
		"address":             {func(c *Config) { c.MetadataURL += "x" }, "metadata_url", "answered status 404", "address"},
		"host":                {func(c *Config) { c.MetadataURL = "https://idp.invalid/" }, "metadata_url", "does not resolve", "spelling"},
		"entity ID":           {func(c *Config) { c.EntityID = "urn:another" }, "metadata", "lacks the identity provider", "entity_id"},
		"not metadata":        {func(c *Config) { c.MetadataURL = strings.ReplaceAll(idp.MetadataURL(), "metadata", "login") }, "metadata_url", "status", "address"},
		"registration":        {func(c *Config) { c.Base += "/elsewhere" }, "login_request", "somebody whom it does not know", "/elsewhere/acs"},
		"artifacts":           {func(c *Config) { c.ResponseBinding = BindingArtifact }, "artifact_resolution", "no artifact", "response_binding"},
		"clock":               {func(c *Config) { c.Now = func() time.Time { return time.Now().Add(time.Hour) } }, "clock", "behind ours, and only 1m0s are allowed", "NTP"},
		"certificate":         {func(c *Config) { c.Now = func() time.Time { return time.Now().Add(50 * year) } }, "certificate", "expired on", "Replace"},
		"no certificate":      {func(c *Config) { c.Store = newMemory() }, "own_key", "has no key", "key file"},
		"our own certificate": {func(c *Config) { c.Now = func() time.Time { return time.Now().Add(10*year - 50*24*time.Hour) } }, "own_key", "our own certificate ends on", "rotate-key"},
		"announced key": {func(c *Config) {
			next := testKey(t)
			next.UseFrom = time.Now().Add(time.Hour)
			c.Store = newMemory(testKey(t), next)
		}, "own_key", "our next key signs from", base + "/metadata"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := good
			test.change(&cfg)
			s := open(t, cfg)
			s.cfg.Base = base
			if cfg.Base != "" { // open has set it
				s.cfg.Base = base + cfg.Base
			}
			all := s.Examine(t.Context())
			for _, f := range found(all, test.code) {
				if f.Grade != federation.Good && strings.Contains(f.Message, test.message) && strings.Contains(f.Fix, test.fix) {
					return
				}
			}
			t.Errorf("no such finding in %+v", all)
		})
	}
}

// TestExamineStrangers: whatever answers, the examination ends, and with a fault.
func TestExamineStrangers(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"a web site":  func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>welcome")) },
		"an error":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"nothing":     func(http.ResponseWriter, *http.Request) {},
		"in a circle": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) },
		"too much": func(w http.ResponseWriter, _ *http.Request) {
			for range 128 {
				_, _ = w.Write(make([]byte, 64<<10))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(answer)
			defer server.Close()
			if all := open(t, Config{MetadataURL: server.URL}).Examine(t.Context()); !all.Failed() {
				t.Errorf("found %+v", all)
			}
		})
	}
}

// TestFormParams: a page is read for an answer only where it is one.
func TestFormParams(t *testing.T) {
	for page, want := range map[string]string{
		`<input type="hidden" name="SAMLResponse" value="PGE+">`: "SAMLResponse=PGE%2B",
		`<input type='hidden' name='SAMLResponse' value='PGE+'>`: "SAMLResponse=PGE%2B",
		`<input value="PGE+" type=hidden name="SAMLResponse">`:   "SAMLResponse=PGE%2B",
		`<input name="SAMLResponse" value="PGE&#43;"/>`:          "SAMLResponse=PGE%2B",
		`<input name="SAMLart" value="AAQ=">`:                    "SAMLart=AAQ%3D",
		`<input name="password" value=""><p>SAMLResponse</p>`:    "",
		`<p>name="SAMLResponse"</p>`:                             "",
	} {
		if got := formParams([]byte(page)).Encode(); got != want {
			t.Errorf("%s: %q, want %q", page, got, want)
		}
	}
}
