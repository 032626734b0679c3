package login

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/internal/web"
	"github.com/patchbay-auth/patchbay/mapping"
)

// rightPassword is the one that the fake engine takes.
const rightPassword = "correct-horse-9"

// fakeEngine has one attempt and answers as it is told.
type fakeEngine struct {
	page    broker.LoginPage
	pageErr error
	err     error // of every step
	next    broker.Next

	binding    string // what the browser must present
	connection string // what the last call named
	account    registry.Account
	params     url.Values
	address    string
	calls      int

	device      broker.DevicePage
	deviceSteps []string
	consented   []bool
	userCode    string // as the last call had it

	kept url.Values // what the last post had

	logoutRequest broker.LogoutRequest
	notice        broker.Notice
	departure     broker.Departure
	homecoming    broker.Homecoming
	openElsewhere bool
}

func (e *fakeEngine) check(attempt id.ID, b broker.Browser) error {
	e.calls++
	e.address = b.Address
	switch {
	case e.binding != "" && b.Binding != e.binding:
		return &broker.Refusal{Reason: broker.ReasonBrowser}
	case attempt != e.page.AttemptID:
		return &broker.Refusal{Reason: broker.ReasonUnknownAttempt}
	}
	return nil
}

func (e *fakeEngine) Page(_ context.Context, attempt id.ID, b broker.Browser) (broker.LoginPage, error) {
	if err := e.check(attempt, b); err != nil {
		return broker.LoginPage{}, err
	}
	return e.page, e.pageErr
}

func (e *fakeEngine) step(attempt id.ID, b broker.Browser) (broker.Next, error) {
	if err := e.check(attempt, b); err != nil {
		return broker.Next{}, err
	}
	return e.next, e.err
}

func (e *fakeEngine) Identify(_ context.Context, attempt id.ID, b broker.Browser, login string) (broker.Next, error) {
	if strings.HasSuffix(login, "@sso.example") {
		return e.step(attempt, b)
	}
	return broker.Next{Step: broker.StepLogin, AttemptID: attempt}, e.check(attempt, b)
}

func (e *fakeEngine) Password(_ context.Context, attempt id.ID, b broker.Browser, c broker.Credentials) (broker.Next, error) {
	next, err := e.step(attempt, b)
	if err == nil && c.Password.Reveal() != rightPassword {
		err = &broker.Refusal{
			Reason: broker.ReasonCredentials, AttemptID: attempt, LoginID: id.ID{7},
			Err: fmt.Errorf("password %v does not match", c.Password),
		}
	}
	return next, err
}

func (e *fakeEngine) Send(_ context.Context, attempt id.ID, b broker.Browser, connection string) (broker.Next, error) {
	e.connection = connection
	return e.step(attempt, b)
}

func (e *fakeEngine) Cancel(_ context.Context, attempt id.ID, b broker.Browser) (broker.Next, error) {
	return e.step(attempt, b)
}

func (e *fakeEngine) Complete(_ context.Context, account registry.Account, connection string,
	params url.Values, b broker.Browser,
) (broker.Next, error) {
	e.account, e.connection, e.params = account, connection, params
	return e.step(e.page.AttemptID, b)
}

func (e *fakeEngine) Notified(_ context.Context, n broker.Notice) (int, error) {
	e.calls++
	e.notice = n
	return 1, e.err
}

func (e *fakeEngine) Return(_ context.Context, h broker.Homecoming) (broker.Departure, bool, error) {
	e.account, e.connection, e.homecoming = h.Account, h.Connection, h
	e.calls++
	if h.State != "the-state" {
		return broker.Departure{}, false, broker.ErrNotFound
	}
	return e.departure, !e.openElsewhere, e.err
}

// A rig is the pages of one engine behind a real server.
type rig struct {
	t      *testing.T
	engine *fakeEngine
	site   *web.Site
	pages  *Pages
	server *httptest.Server
	logs   *bytes.Buffer
	client *http.Client
	// ended counts the calls of Config.Ended.
	ended int
	// extra serves everything outside /login/.
	extra http.HandlerFunc
}

func newRig(t *testing.T, connections ...string) *rig {
	t.Helper()
	g := &rig{t: t, logs: new(bytes.Buffer), client: &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	mux := http.NewServeMux()
	g.server = httptest.NewServer(mux)
	t.Cleanup(g.server.Close)

	var err error
	if g.site, err = web.NewSite(web.SiteConfig{PublicURL: g.server.URL}); err != nil {
		t.Fatal(err)
	}
	g.pages, err = NewPages(PagesConfig{
		Site: g.site, Log: slog.New(slog.NewTextHandler(g.logs, nil)),
		Now: func() time.Time { return time.Date(2026, 3, 4, 15, 6, 7, 0, time.UTC) },
	})
	if err != nil {
		t.Fatal(err)
	}
	g.engine = &fakeEngine{page: broker.LoginPage{
		AttemptID:   id.ID{1, 2, 3},
		Tenant:      &registry.Tenant{Account: "acme", Name: "Acme Support"},
		Client:      &registry.Client{ID: "agent", Name: "Agent application"},
		RedirectURI: "https://agent.test/cb",
	}}
	for _, name := range connections {
		g.engine.page.Connections = append(g.engine.page.Connections, &registry.Connection{
			ID: strings.ToLower(strings.ReplaceAll(name, " ", "-")), Name: name, Enabled: true,
		})
	}
	handler, err := New(Config{Engine: g.engine, Site: g.site, Pages: g.pages, Answer: g.answer, Issuer: "https://sso.test/id", Ended: func() { g.ended++ }})
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{"/login/", "/device", "/device/"} {
		mux.Handle(at, handler)
	}
	mux.HandleFunc("/begin", func(w http.ResponseWriter, r *http.Request) { // as authorize does
		g.engine.binding = g.site.EnsureBinding(w, r)
		http.Redirect(w, r, g.path(), http.StatusSeeOther)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { g.extra(w, r) })
	return g
}

func (g *rig) path() string { return g.pages.AttemptURL(g.engine.page.AttemptID) }

// answer stands in for package provider.
func (g *rig) answer(w http.ResponseWriter, r *http.Request, a broker.Answer) error {
	return g.pages.Redirect(w, r, a.Request.RedirectURI+"?error="+a.Error+"&code="+a.Code)
}

// begin gives the rig's client a binding cookie.
func (g *rig) begin() {
	g.t.Helper()
	g.engine.binding = strings.Repeat("b", 52)
}

// do sends a request from the browser of begin.
func (g *rig) do(method, path string, form url.Values, headers map[string]string) (*http.Response, string) {
	g.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(g.t.Context(), method, g.server.URL+path, body)
	if err != nil {
		g.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if g.engine.binding != "" {
		w := httptest.NewRecorder()
		g.site.EnsureBinding(w, httptest.NewRequestWithContext(g.t.Context(), http.MethodGet, "/", nil))
		result := w.Result()
		_ = result.Body.Close()
		r.AddCookie(&http.Cookie{Name: result.Cookies()[0].Name, Value: g.engine.binding})
	}
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	response, err := g.client.Do(r)
	if err != nil {
		g.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return response, string(text)
}

// post sends a form of ours to path.
func (g *rig) post(path string, form url.Values, headers map[string]string) (*http.Response, string) {
	g.t.Helper()
	if form == nil {
		form = url.Values{}
	}
	form.Set(web.FormTokenField, g.site.FormToken(g.engine.binding, path))
	return g.do(http.MethodPost, path, form, headers)
}

func credentialsForm(login, password string) url.Values {
	return url.Values{"username": {login}, "password": {password}}
}

func (e *fakeEngine) ConsentPage(_ context.Context, attempt id.ID, b broker.Browser) (broker.ConsentPage, error) {
	if err := e.check(attempt, b); err != nil {
		return broker.ConsentPage{}, err
	}
	return broker.ConsentPage{
		AttemptID: attempt, Tenant: e.page.Tenant, Client: e.page.Client, RedirectURI: e.page.RedirectURI,
		User:  mapping.User{Username: "anna", GivenName: "Anna", FamilyName: "Berg"},
		Scope: []string{"openid", "email", "contact-centre", "reports"}, UILocales: e.page.UILocales,
	}, e.pageErr
}

func (e *fakeEngine) Consent(_ context.Context, attempt id.ID, b broker.Browser, yes bool) (broker.Next, error) {
	e.consented = append(e.consented, yes)
	return e.step(attempt, b)
}
