package federation_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/federation"
)

const discovery = "/.well-known/openid-configuration"

var startRequest = federation.StartRequest{State: "s", RedirectURI: callback, MaxAge: -1}

func TestOnlySoundMetadataIsUsed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a redirect was followed to another host")
	}))
	defer elsewhere.Close()
	set := func(name string, value any) func(*hostile) {
		return func(h *hostile) { h.doc[name] = value }
	}
	body := func(text string) func(*hostile) {
		return func(h *hostile) {
			h.replace(discovery, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) })
		}
	}
	for _, tc := range []struct {
		name   string
		change func(*hostile)
		want   string
	}{
		{"positive control", func(*hostile) {}, ""},
		{"another issuer", set("issuer", "https://attacker.example"), "issuer:"},
		{"issuer with a slash", func(h *hostile) { h.doc["issuer"] = h.URL + "/" }, "issuer:"},
		{"issuer missing", func(h *hostile) { delete(h.doc, "issuer") }, "issuer:"},
		{"javascript authorization endpoint", set("authorization_endpoint", "javascript:alert(1)//"), "authorization_endpoint:"},
		{"data authorization endpoint", set("authorization_endpoint", "data:text/html,x"), "authorization_endpoint:"},
		{"relative token endpoint", set("token_endpoint", "/token"), "token_endpoint:"},
		{"token endpoint without TLS", set("token_endpoint", "http://idp.example/token"), "is not https"},
		{"link-local token endpoint", set("token_endpoint", "https://169.254.169.254/token"), "not a public one"},
		{"link-local keys, IPv4-mapped", set("jwks_uri", "https://[::ffff:169.254.169.254]/"), "not a public one"},
		{"link-local userinfo, IPv6", set("userinfo_endpoint", "https://[fe80::1%25eth0]/"), "not a public one"},
		{"userinfo endpoint is a number", set("userinfo_endpoint", 7), "userinfo_endpoint:"},
		{"keys missing", func(h *hostile) { delete(h.doc, "jwks_uri") }, "jwks_uri:"},
		{"credentials in an address", set("token_endpoint", "https://u:secretword@idp.example/"), "carries credentials"},
		{"fragment in an address", set("token_endpoint", "https://idp.example/#x"), "has a fragment"},
		{"symmetric algorithms only", set("id_token_signing_alg_values_supported", []string{"HS256", "none"}), "no asymmetric"},
		{"issuer twice", body(`{"issuer":"a","issuer":"b"}`), "duplicate member"},
		{"not an object", body(`[]`), "not an object"},
		{"text after the object", body(`{} {}`), "text after"},
		{"not JSON", body(`<html>`), "json"},
		{"not found", func(h *hostile) { h.replace(discovery, http.NotFound) }, "status 404"},
		{"redirect to another host", func(h *hostile) {
			h.replace(discovery, http.RedirectHandler(elsewhere.URL, http.StatusFound).ServeHTTP)
		}, "redirect from host"},
		{"redirect to a file", func(h *hostile) {
			h.replace(discovery, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "file:///etc/passwd")
				w.WriteHeader(http.StatusFound)
			})
		}, "redirect from host"},
		{"redirects in circles", func(h *hostile) {
			h.replace(discovery, http.RedirectHandler(discovery, http.StatusFound).ServeHTTP)
		}, "more than three redirects"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHostile(t)
			tc.change(h)
			_, err := h.open(nil).Start(t.Context(), startRequest)
			switch {
			case tc.want == "" && err != nil:
				t.Fatal(err)
			case tc.want == "":
			case err == nil || !strings.Contains(err.Error(), tc.want) || !errors.Is(err, federation.ErrUnreachable):
				t.Errorf("error is %v, want an unreachable IdP and %q", err, tc.want)
			case strings.Contains(err.Error(), "secretword"):
				t.Errorf("error shows a password: %v", err)
			}
		})
	}
}

func TestAHugeAnswerIsCutOff(t *testing.T) {
	h := newHostile(t)
	var sent atomic.Int64
	h.replace(discovery, func(w http.ResponseWriter, _ *http.Request) {
		chunk := []byte(strings.Repeat(" ", 1<<20))
		for range 200 {
			n, err := w.Write(chunk)
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	})
	_, err := h.open(nil).Start(t.Context(), startRequest)
	if err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("error is %v", err)
	}
	h.Close() // waits for the handler
	if n := sent.Load(); n > 20<<20 {
		t.Errorf("read on through %d bytes", n)
	}
}

func TestAHungIdPHangsNobody(t *testing.T) {
	h := newHostile(t)
	release := make(chan struct{})
	defer close(release)
	h.replace(discovery, func(http.ResponseWriter, *http.Request) { <-release })
	o := h.open(func(c *federation.Config) { c.Timeout = 300 * time.Millisecond })

	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := o.Start(impatient, startRequest); !errors.Is(err, context.Canceled) || !errors.Is(err, federation.ErrUnreachable) {
		t.Errorf("a caller that gave up: %v", err)
	}
	if _, err := o.Start(t.Context(), startRequest); !errors.Is(err, federation.ErrUnreachable) {
		t.Errorf("a patient caller: %v", err)
	}
	for range 20 {
		if _, err := o.Start(t.Context(), startRequest); !errors.Is(err, federation.ErrUnreachable) {
			t.Errorf("a later caller: %v", err)
		}
	}
	if n := h.count(discovery); n > 3 {
		t.Errorf("22 logins asked a hung IdP %d times", n)
	}
	if _, err := newHostile(t).open(nil).Start(t.Context(), startRequest); err != nil {
		t.Errorf("another upstream meanwhile: %v", err)
	}
}

func TestMetadataOutlivesAnOutageButNotForever(t *testing.T) {
	h := newHostile(t)
	o := h.open(nil)
	if _, err := o.Start(t.Context(), startRequest); err != nil {
		t.Fatal("positive control:", err)
	}
	h.replace(discovery, http.NotFound)
	h.now = h.now.Add(23 * time.Hour)
	if _, err := o.Start(t.Context(), startRequest); err != nil {
		t.Errorf("after 23 hours: %v", err)
	}
	h.now = h.now.Add(2 * time.Hour)
	if _, err := o.Start(t.Context(), startRequest); !errors.Is(err, federation.ErrUnreachable) {
		t.Errorf("after 25 hours: %v", err)
	}
	h.replace(discovery, nil)
	h.doc["authorization_endpoint"] = h.URL + "/moved"
	h.now = h.now.Add(time.Minute)
	started, err := o.Start(t.Context(), startRequest)
	if err != nil || !strings.HasPrefix(started.URL, h.URL+"/moved?") {
		t.Errorf("after the outage: %q, %v", started.URL, err)
	}
}

func TestConcurrentLoginsShareOneDiscovery(t *testing.T) {
	h := newHostile(t)
	o := h.open(nil)
	var group sync.WaitGroup
	for range 32 {
		group.Go(func() {
			if _, err := o.Start(t.Context(), startRequest); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := h.count(discovery); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

func TestAPrivateAddressIsNotEvenDialled(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	var dialled atomic.Int32
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			dialled.Add(1)
			_ = conn.Close()
		}
	}()
	cfg := federation.Config{Connection: "c", ClientID: "c", Issuer: "https://localhost:" + port}
	o, err := federation.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Start(t.Context(), startRequest); !errors.Is(err, federation.ErrUnreachable) || !strings.Contains(err.Error(), "is private") {
		t.Errorf("error is %v", err)
	}
	if n := dialled.Load(); n != 0 {
		t.Errorf("dialled %d times", n)
	}
	cfg.AllowPrivateNetwork = true // the control: the same address, allowed
	if o, err = federation.Open(cfg); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Start(t.Context(), startRequest); err == nil || strings.Contains(err.Error(), "is private") {
		t.Errorf("allowed: %v", err)
	}
	if dialled.Load() == 0 {
		t.Error("the control was not dialled either")
	}
}
