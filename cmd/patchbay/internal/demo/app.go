package demo

import (
	"context"
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/patchbay-auth/patchbay/internal/id"
)

//go:embed app.html
var appHTML string

const appCookie = "demo_agent_app"

// An agentApp is the example application that agents use: a relying party with a page. It keeps
// tokens in its own memory and gives the browser a cookie, as a server-side web application should.
type agentApp struct {
	facts    func() Facts
	template *template.Template
	spa      http.Handler

	mu       sync.Mutex
	visitors map[string]*visitor
	heard    map[string]bool // sids of sessions that patchbay said have ended
}

// A visitor is one browser.
type visitor struct {
	mu      sync.Mutex
	pending *pending
	tokens  *tokens
	// Heard is what the last question to patchbay was, and its answer.
	asked  string
	answer any
	fault  string
}

func newAgentApp(facts func() Facts) (*agentApp, error) {
	t, err := template.New("app").Parse(appHTML)
	if err != nil {
		return nil, err
	}
	spa, err := spaHandler(facts)
	if err != nil {
		return nil, err
	}
	return &agentApp{facts: facts, template: t, spa: spa, visitors: map[string]*visitor{}, heard: map[string]bool{}}, nil
}

func (a *agentApp) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.home)
	mux.HandleFunc("POST /login", a.login)
	mux.HandleFunc("GET /callback", a.callback)
	mux.HandleFunc("POST /ask/{question}", a.ask)
	mux.HandleFunc("POST /logout", a.logout)
	mux.HandleFunc("POST /backchannel-logout", a.backchannelLogout)
	mux.HandleFunc("GET /heard/{sid}", a.hasHeard)
	mux.Handle("GET /spa", a.spa)
	mux.Handle("GET /spa.js", a.spa)
	return http.NewCrossOriginProtection().Handler(mux)
}

// visitor returns the browser behind a request, and remembers a new one.
func (a *agentApp) visitor(w http.ResponseWriter, r *http.Request) *visitor {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c, err := r.Cookie(appCookie); err == nil {
		if v, ok := a.visitors[c.Value]; ok {
			return v
		}
	}
	if len(a.visitors) > 1000 { // a demo forgets rather than grows
		clear(a.visitors)
	}
	key, v := id.New().String(), &visitor{}
	a.visitors[key] = v
	http.SetCookie(w, &http.Cookie{Name: appCookie, Value: key, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}) //nolint:gosec // plain http on loopback
	return v
}

func (a *agentApp) rp(ctx context.Context, client, issuer string) (*relyingParty, error) {
	f := a.facts()
	redirect := ""
	if uris := f.Clients[client].RedirectURIs; len(uris) > 0 {
		redirect = uris[0]
	}
	return discover(ctx, issuer, client, f.Clients[client].Secret, redirect, strings.Fields(tourScopes)...)
}

func (a *agentApp) login(w http.ResponseWriter, r *http.Request) {
	v := a.visitor(w, r)
	v.mu.Lock()
	defer v.mu.Unlock()
	rp, err := a.rp(r.Context(), "agent-app", a.facts().Issuer)
	if err != nil {
		v.fault = err.Error()
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	p := rp.begin()
	v.pending, v.fault = &p, ""
	http.Redirect(w, r, p.url, http.StatusSeeOther)
}

func (a *agentApp) callback(w http.ResponseWriter, r *http.Request) {
	v := a.visitor(w, r)
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.pending == nil {
		v.asked, v.answer = "This came back, but no login was begun here in this browser", r.URL.Query()
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	p := *v.pending
	v.pending = nil
	rp, err := a.rp(r.Context(), "agent-app", a.facts().Issuer)
	if err == nil {
		var t tokens
		if t, err = rp.finish(r.Context(), p, r.URL.Query()); err == nil {
			v.tokens, v.fault = &t, ""
			v.asked, v.answer = "", nil
		}
	}
	if err != nil {
		v.fault = err.Error()
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// ask puts one question about the visitor's tokens to patchbay.
func (a *agentApp) ask(w http.ResponseWriter, r *http.Request) {
	v := a.visitor(w, r)
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.tokens != nil {
		v.fault = ""
		if err := a.question(r.Context(), v, r.PathValue("question")); err != nil {
			v.fault, v.answer = err.Error(), nil
		}
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (a *agentApp) question(ctx context.Context, v *visitor, name string) (err error) {
	f := a.facts()
	app, err := a.rp(ctx, "agent-app", f.Issuer)
	if err != nil {
		return err
	}
	switch name {
	case "switch":
		v.asked = "What the phone switch learns when it introspects the access token"
		sbc, err := a.rp(ctx, "sbc", f.RealmIssuer)
		if err != nil {
			return err
		}
		v.answer, err = sbc.introspect(ctx, v.tokens.AccessToken)
		return err
	case "userinfo":
		v.asked = "What the application learns at the userinfo endpoint"
		v.answer, err = app.userinfo(ctx, v.tokens.AccessToken)
	case "refresh":
		v.asked = "The ID token after a refresh"
		var t tokens
		if t, err = app.refresh(ctx, v.tokens.RefreshToken); err == nil {
			v.tokens, v.answer = &t, t.claims
		}
	case "revoke":
		v.asked = "Revoked: ask the switch again"
		v.answer, err = nil, app.revoke(ctx, v.tokens.RefreshToken)
	}
	return err
}

// logout forgets the tokens and ends the session at patchbay (RP-initiated logout).
func (a *agentApp) logout(w http.ResponseWriter, r *http.Request) {
	v := a.visitor(w, r)
	v.mu.Lock()
	defer v.mu.Unlock()
	t := v.tokens
	v.tokens, v.asked, v.answer, v.fault = nil, "", nil, ""
	rp, err := a.rp(r.Context(), "agent-app", a.facts().Issuer)
	if err != nil || t == nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	http.Redirect(w, r, rp.metadata.EndSessionEndpoint+"?"+url.Values{
		"id_token_hint": {t.idToken}, "post_logout_redirect_uri": {a.facts().App + "/"},
	}.Encode(), http.StatusSeeOther)
}
