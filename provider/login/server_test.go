package login

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/internal/web"
)

func TestEveryStepLeadsOn(t *testing.T) {
	toIDP := broker.Next{Step: broker.StepRedirect, URL: "https://idp.acme.example/authorize?state=s%2F1"}
	toClient := broker.Next{Step: broker.StepAnswer, Answer: &broker.Answer{
		Request: broker.AuthRequest{RedirectURI: "https://agent.test/cb"}, Code: "c1",
	}}
	toLogin := broker.Next{Step: broker.StepLogin, AttemptID: id.ID{1, 2, 3}}
	for _, test := range []struct {
		name string
		do   func(*rig) *http.Response
		next broker.Next
		want string
	}{
		{"a password", func(g *rig) *http.Response {
			r, _ := g.post(g.path(), credentialsForm("anna", rightPassword), nil)
			return r
		}, toClient, "https://agent.test/cb?error=&code=c1"},
		{"an identity provider", func(g *rig) *http.Response {
			r, _ := g.post(g.path()+"/with/entra", nil, nil)
			return r
		}, toIDP, "https://idp.acme.example/authorize?state=s%2F1"},
		{"cancel", func(g *rig) *http.Response {
			r, _ := g.post(g.path()+"/cancel", nil, nil)
			return r
		}, toClient, "https://agent.test/cb?error=&code=c1"},
		{"a callback", func(g *rig) *http.Response {
			r, _ := g.do(http.MethodGet, "/login/acme/entra/callback?code=1&state=2", nil, nil)
			return r
		}, toClient, "https://agent.test/cb?error=&code=c1"},
		{"a callback that needs the person again", func(g *rig) *http.Response {
			r, _ := g.do(http.MethodGet, "/login/acme/entra/callback?code=1&state=2", nil, nil)
			return r
		}, toLogin, "/login/attempt/01020300000000000000000000000000"},
	} {
		g := newRig(t, "Entra")
		g.begin()
		g.engine.next = test.next
		r := test.do(g)
		if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != test.want {
			t.Errorf("%s: %d to %q, want 303 to %q", test.name, r.StatusCode, r.Header.Get("Location"), test.want)
		}
		if r.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: Cache-Control is %q", test.name, r.Header.Get("Cache-Control"))
		}
		if g.engine.address != "127.0.0.1" {
			t.Errorf("%s: the engine was told address %q", test.name, g.engine.address)
		}
	}
}

func TestRoutesDoNotCollide(t *testing.T) {
	g := newRig(t)
	g.begin()
	g.engine.next = broker.Next{Step: broker.StepRedirect, URL: "https://agent.test/"}
	for _, test := range []struct {
		path       string
		account    registry.Account
		connection string
	}{
		{"/login/acme/entra/callback?state=1", "acme", "entra"},
		{"/login/attempts/entra/callback?state=1", "attempts", "entra"},
		{"/login/at/attempt/callback?state=1", "at", "attempt"},
		{"/login/acme/with/callback?state=1", "acme", "with"},
		{"/login/acme/callback/callback?state=1", "acme", "callback"},
	} {
		r, _ := g.do(http.MethodGet, test.path, nil, nil)
		if r.StatusCode != http.StatusSeeOther || g.engine.account != test.account ||
			g.engine.connection != test.connection || g.engine.params.Get("state") != "1" {
			t.Errorf("%s: %d, account %q, connection %q, parameters %v", test.path, r.StatusCode,
				g.engine.account, g.engine.connection, g.engine.params)
		}
	}
}

func TestWrongRequests(t *testing.T) {
	g := newRig(t, "Entra")
	g.begin()
	g.engine.next = broker.Next{Step: broker.StepRedirect, URL: "https://agent.test/"}
	if r, _ := g.post(g.path(), credentialsForm("anna", rightPassword), nil); r.StatusCode != http.StatusSeeOther {
		t.Fatalf("control: %d", r.StatusCode)
	}
	foreign := func(path string, form url.Values, headers map[string]string) int {
		r, _ := g.post(path, form, headers)
		return r.StatusCode
	}
	bare := func(method, path string, form url.Values) int {
		r, _ := g.do(method, path, form, nil)
		return r.StatusCode
	}
	twice := credentialsForm("anna", rightPassword)
	twice.Add("username", "bo")
	huge := credentialsForm(strings.Repeat("a", maxForm), rightPassword)
	stale := credentialsForm("anna", rightPassword)
	stale.Set(web.FormTokenField, g.site.FormToken(g.engine.binding, g.path()+"/cancel"))
	for _, test := range []struct {
		name string
		got  int
		want int
	}{
		{"form without a token", bare(http.MethodPost, g.path(), credentialsForm("anna", rightPassword)), 403},
		{"token of another form", bare(http.MethodPost, g.path(), stale), 403},
		{"form from another site", foreign(g.path(), credentialsForm("anna", rightPassword),
			map[string]string{"Origin": "https://evil.example"}), 403},
		{"cancel from another site", foreign(g.path()+"/cancel", nil, map[string]string{"Sec-Fetch-Site": "cross-site"}), 403},
		{"button from another site", foreign(g.path()+"/with/entra", nil, map[string]string{"Sec-Fetch-Site": "cross-site"}), 403},
		{"two login names", foreign(g.path(), twice, nil), 400},
		{"no password field", foreign(g.path(), url.Values{"username": {"anna"}}, nil), 400},
		{"empty password", foreign(g.path(), credentialsForm("anna", ""), nil), 400},
		{"a book", foreign(g.path(), huge, nil), 400},
		{"GET where POST belongs", bare(http.MethodGet, g.path()+"/cancel", nil), 405},
		{"PUT", bare(http.MethodPut, g.path(), nil), 405},
		{"no such page", bare(http.MethodGet, "/login/", nil), 404},
		{"half a callback", bare(http.MethodGet, "/login/acme/entra", nil), 404},
		{"an attempt that is no id", bare(http.MethodGet, "/login/attempt/x", nil), 400},
	} {
		if test.got != test.want {
			t.Errorf("%s: %d, want %d", test.name, test.got, test.want)
		}
	}
}

func TestRefusedFormsNeverReachTheEngine(t *testing.T) {
	g := newRig(t)
	g.begin()
	g.do(http.MethodPost, g.path(), credentialsForm("anna", rightPassword), nil)
	if g.engine.calls != 0 {
		t.Errorf("a forged form reached the engine %d times", g.engine.calls)
	}
	g.post(g.path(), credentialsForm("anna", rightPassword), nil)
	if g.engine.calls != 1 {
		t.Errorf("control: a form of ours reached the engine %d times, want once", g.engine.calls)
	}
}

func TestOurTroubleIsNotTheirs(t *testing.T) {
	g := newRig(t)
	g.begin()
	g.engine.pageErr = errors.New("database is on fire")
	r, body := g.do(http.MethodGet, g.path(), nil, nil)
	if r.StatusCode != http.StatusServiceUnavailable || r.Header.Get("Retry-After") == "" {
		t.Errorf("%d, Retry-After %q; want 503 with one", r.StatusCode, r.Header.Get("Retry-After"))
	}
	if strings.Contains(body, "on fire") || !strings.Contains(g.logs.String(), "on fire") {
		t.Errorf("the cause belongs in the log and not on the page; log: %s", g.logs)
	}
}

func TestNewRefusesHoles(t *testing.T) {
	g := newRig(t)
	whole := Config{Engine: g.engine, Site: g.site, Pages: g.pages, Answer: g.answer, Issuer: "https://sso.test/id", Ended: func() {}}
	if _, err := New(whole); err != nil {
		t.Fatalf("control: %v", err)
	}
	for name, hole := range map[string]func(*Config){
		"engine": func(c *Config) { c.Engine = nil }, "site": func(c *Config) { c.Site = nil },
		"pages": func(c *Config) { c.Pages = nil }, "answer": func(c *Config) { c.Answer = nil },
		"issuer": func(c *Config) { c.Issuer = "" }, "ended": func(c *Config) { c.Ended = nil },
	} {
		c := whole
		hole(&c)
		if _, err := New(c); err == nil {
			t.Errorf("without %s: no error", name)
		}
	}
}
