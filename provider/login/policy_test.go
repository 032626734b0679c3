package login

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/broker"
)

// everyPage calls check with each kind of page, as the browser gets it.
func everyPage(t *testing.T, spoil func(*rig), check func(name string, r *http.Response, body string)) {
	t.Helper()
	g := newRig(t, "Entra")
	g.begin()
	if spoil != nil {
		spoil(g)
	}
	g.extra = func(w http.ResponseWriter, r *http.Request) {
		locales := strings.Fields(r.URL.Query().Get("ui_locales"))
		g.pages.Serve(w, r, func(w http.ResponseWriter, r *http.Request) error {
			switch r.URL.Path {
			case "/form-post":
				return g.pages.FormPost(w, r, "https://agent.test/cb", url.Values{"state": {g.engine.page.LoginHint}, "code": {"c1"}})
			case "/logout":
				return g.pages.AskLogout(w, r, LogoutQuestion{
					Path: "/logout", Tenant: g.engine.page.Tenant.Name, UILocales: locales, ReturnURI: "https://agent.test/out",
					Values: url.Values{"state": {g.engine.page.LoginHint}},
				})
			case "/logged-out":
				return g.pages.LoggedOut(w, r, Farewell{Tenant: g.engine.page.Tenant.Name, ReturnURI: "https://agent.test/out", UILocales: locales})
			}
			return UnknownClient
		})
	}
	query := "?" + url.Values{"ui_locales": {g.engine.page.LoginHint}}.Encode()
	for _, path := range []string{g.path(), "/form-post", "/logout", "/logged-out", "/authorize"} {
		r, body := g.do(http.MethodGet, path+query, nil, nil)
		check(path, r, body)
	}
	r, body := g.post(g.path(), credentialsForm(g.engine.page.LoginHint, "wrong"), nil)
	check("wrong password", r, body)
	g.engine.next = broker.Next{Step: broker.StepRedirect, URL: "https://idp.acme.example/a?hint=" + url.QueryEscape(g.engine.page.LoginHint)}
	r, body = g.post(g.path()+"/with/entra", nil, map[string]string{"Sec-Fetch-Dest": "document"})
	check("leaving", r, body)
	g.engine.err = &broker.Refusal{Reason: broker.ReasonUpstream, AttemptID: g.engine.page.AttemptID}
	r, body = g.do(http.MethodGet, "/login/acme/entra/callback"+query, nil, nil)
	check("refused", r, body)
}

func TestEveryPageIsProtected(t *testing.T) {
	style := regexp.MustCompile(`(?s)<style>(.*?)</style>`)
	script := regexp.MustCompile(`(?s)<script>(.*?)</script>`)
	outside := regexp.MustCompile(`(?i)(src|srcset|background|poster)=|<link|<iframe|<img|@import|url\(|style=|\son[a-z]+=`)
	everyPage(t, nil, func(name string, r *http.Response, body string) {
		policy := r.Header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action "} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: the policy lacks %q: %s", name, part, policy)
			}
		}
		if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
			t.Errorf("%s: the policy is loose: %s", name, policy)
		}
		if got := style.FindStringSubmatch(body); got == nil || !strings.Contains(policy, "style-src '"+hash(got[1])+"'") {
			t.Errorf("%s: the style sheet is not the one the policy allows: %s", name, policy)
		}
		switch got := script.FindStringSubmatch(body); {
		case name == "/form-post" && (got == nil || !strings.Contains(policy, "script-src '"+hash(got[1])+"'")):
			t.Errorf("%s: the script is not the one the policy allows: %s", name, policy)
		case name != "/form-post" && (strings.Contains(body, "<script") || strings.Contains(policy, "script-src")):
			t.Errorf("%s: there is a script", name)
		}
		if got := outside.FindString(body); got != "" {
			t.Errorf("%s: the page contains %q", name, got)
		}
		for header, want := range map[string]string{
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
			"Content-Type": "text/html; charset=utf-8",
		} {
			if got := r.Header.Get(header); got != want {
				t.Errorf("%s: %s is %q, want %q", name, header, got, want)
			}
		}
	})
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func TestFormsLeadOnlyWhereTheyMust(t *testing.T) {
	want := map[string]string{
		"/form-post": "form-action https://agent.test;", "/logout": "form-action 'self' https://agent.test;",
		"/logged-out": "form-action 'none';", "/authorize": "form-action 'none';", "leaving": "form-action 'none';",
		"wrong password": "form-action 'self' https://agent.test;", "refused": "form-action 'self' https://agent.test;",
	}
	everyPage(t, nil, func(name string, r *http.Response, _ string) {
		expected, ok := want[name]
		if !ok { // the login page, whose path is the attempt's
			expected = "form-action 'self' https://agent.test;"
		}
		if policy := r.Header.Get("Content-Security-Policy"); !strings.Contains(policy, expected) {
			t.Errorf("%s: %s, want %s", name, policy, expected)
		}
	})
}

func TestMarkupIsInert(t *testing.T) {
	const tag = `"'><img src=x onerror=alert(1)><script>alert(2)</script>{{.}}`
	seen := 0
	everyPage(t, func(g *rig) {
		g.engine.page.LoginHint = tag
		g.engine.page.UILocales = []string{tag}
		g.engine.page.Tenant.Name = tag
		g.engine.page.Client.Name = tag
		g.engine.page.Connections[0].Name = tag
	}, func(name string, _ *http.Response, body string) {
		if strings.Contains(body, "<img") || strings.Contains(body, "<script>alert") || strings.Contains(body, `"'>`) {
			t.Errorf("%s: markup came through", name)
		}
		if strings.Contains(body, "&lt;img src=x onerror=alert(1)&gt;") {
			seen++
		}
	})
	// Control: it was there to be escaped, on all pages but those that show no input: the problem's, the
	// last one, and the one for leaving, where it is part of an address.
	if seen != 6 {
		t.Errorf("the markup was seen, escaped, on %d pages; want 6", seen)
	}
}

func TestAddressesThatRunAreRefused(t *testing.T) {
	g := newRig(t)
	g.begin()
	for _, test := range []struct {
		address string
		want    int
	}{
		{"https://agent.test/cb", http.StatusSeeOther},
		{"com.example.app:/cb", http.StatusSeeOther},
		{"javascript:alert(1)", http.StatusServiceUnavailable},
		{"data:text/html,<script>", http.StatusServiceUnavailable},
		{"/elsewhere", http.StatusServiceUnavailable},
		{"", http.StatusServiceUnavailable},
	} {
		g.engine.next = broker.Next{Step: broker.StepRedirect, URL: test.address}
		r, _ := g.do(http.MethodGet, "/login/acme/entra/callback", nil, nil)
		if r.StatusCode != test.want {
			t.Fatalf("%q: %d, want %d", test.address, r.StatusCode, test.want)
		}
	}
}

func TestNativeAppsAreReached(t *testing.T) {
	const app = "com.example.app:/cb?code=c1"
	g := newRig(t, "Entra")
	g.begin()
	g.engine.next = broker.Next{Step: broker.StepRedirect, URL: app}
	r, body := g.post(g.path()+"/with/entra", nil, map[string]string{"Sec-Fetch-Dest": "document"})
	if r.StatusCode != http.StatusOK || r.Header.Get("Refresh") != "0;url="+app || !strings.Contains(body, `href="`+app+`"`) {
		t.Errorf("%d, Refresh %q: want a page that leads to %s", r.StatusCode, r.Header.Get("Refresh"), app)
	}
	g.extra = func(w http.ResponseWriter, r *http.Request) {
		g.pages.Serve(w, r, func(w http.ResponseWriter, r *http.Request) error {
			if r.URL.Path == "/form-post" {
				return g.pages.FormPost(w, r, r.URL.Query().Get("to"), url.Values{})
			}
			return g.pages.LoggedOut(w, r, Farewell{ReturnURI: r.URL.Query().Get("to")})
		})
	}
	for _, test := range []struct {
		path, to string
		want     int
		link     string
	}{
		{"/logged-out", "com.example.app:/out", http.StatusOK, `href="com.example.app:/out"`},
		{"/logged-out", "javascript:alert(1)", http.StatusServiceUnavailable, ""},
		{"/form-post", "https://agent.test/cb", http.StatusOK, `action="https://agent.test/cb"`},
		{"/form-post", "com.example.app:/cb", http.StatusServiceUnavailable, ""},
		{"/form-post", "javascript:alert(1)", http.StatusServiceUnavailable, ""},
	} {
		r, body := g.do(http.MethodGet, test.path+"?to="+url.QueryEscape(test.to), nil, nil)
		if r.StatusCode != test.want || !strings.Contains(body, test.link) {
			t.Errorf("%s to %s: %d, want %d and %s", test.path, test.to, r.StatusCode, test.want, test.link)
		}
	}
}
