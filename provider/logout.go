package provider

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/web"
	"github.com/patchbay-auth/patchbay/provider/login"
	"github.com/patchbay-auth/patchbay/provider/token"
)

// A logout is a judged request to end a session (OpenID Connect RP-Initiated Logout §2).
type logout struct {
	// client is who asks; nil when the request does not say.
	client *registry.Client
	// redirect is where to go afterwards, with state in it; empty for our own page.
	redirect string
	// hint is the ID token of the login to end; nil without id_token_hint.
	hint *token.ID
}

// logoutFields are the parameters that survive from the question to its answer.
func logoutFields() []string {
	return []string{"client_id", "post_logout_redirect_uri", "state", "ui_locales"}
}

// endSession ends the browser's session at the issuer. A client that shows the ID token of that very
// session has a right to end it; anybody else gets the person asked.
func (p *provider) endSession(w http.ResponseWriter, r *http.Request, is issuer) error {
	q, err := p.parameters(r)
	if err != nil {
		return err
	}
	if r.Method == http.MethodPost && !q.Has(web.FormTokenField) {
		// As at authorize: the session cookie does not come along with another site's form.
		http.Redirect(w, r, is.address(endSession)+"?"+q.Encode(), http.StatusSeeOther) //nolint:gosec // an address of ours
		return nil
	}
	asked, err := p.judgeLogout(r, is, q)
	if err != nil {
		return err
	}
	b := p.browser(w, r)
	session, err := p.engine.Session(r.Context(), is.url, b)
	switch {
	case errors.Is(err, broker.ErrNotFound):
		return p.afterLogout(w, r, asked, login.Farewell{UILocales: strings.Fields(q.Get("ui_locales"))})
	case err != nil:
		return err
	}
	switch {
	case r.Method == http.MethodPost:
		r.Form, r.PostForm = q, q // the body has been read
		if err := p.site.CheckForm(r, r.URL.Path); err != nil {
			return err
		}
	case !p.names(asked, session):
		return p.pages.AskLogout(w, r, login.LogoutQuestion{
			Path: r.URL.Path, Values: only(q, logoutFields()), Tenant: p.tenantName(session.Account),
			UILocales: strings.Fields(q.Get("ui_locales")), ReturnURI: asked.redirect,
		})
	}
	frames, err := p.frames(r, session)
	if err != nil {
		return err
	}
	locales := strings.Fields(q.Get("ui_locales"))
	next := p.engine.Depart(r.Context(), session, b, asked.redirect, locales)
	if err := p.engine.EndSession(r.Context(), session, b); err != nil {
		return err
	}
	p.logouts.Wake()
	p.site.ClearSession(w, is.url)
	f := login.Farewell{Tenant: p.tenantName(session.Account), UILocales: locales, Frames: frames}
	if next.URL != "" { // from where the browser comes back to be sent to asked.redirect
		asked.redirect, f.Form = next.URL, next.Form
	}
	return p.afterLogout(w, r, asked, f)
}

// names reports whether the request shows an ID token of the session.
func (p *provider) names(l logout, s broker.Session) bool {
	if l.hint == nil || l.hint.SessionID != s.ID.String() {
		return false
	}
	user, ok := p.userOf(s.Account, l.hint.Subject)
	return ok && user == s.UserID
}

// judgeLogout finds out who asks and where to go afterwards. What it refuses, it refuses before
// anything has ended.
func (p *provider) judgeLogout(r *http.Request, is issuer, q url.Values) (logout, error) {
	var out logout
	if repeated(q) != "" {
		return out, problem(login.InvalidLogout, "a parameter occurs more than once")
	}
	clientID := q.Get("client_id")
	if raw := q.Get("id_token_hint"); raw != "" {
		hint, err := p.tokens.VerifyHint(r.Context(), raw)
		switch {
		case errors.Is(err, token.ErrInvalid) || err == nil && hint.Issuer != is.url:
			return out, problem(login.InvalidLogout, "id_token_hint is not an ID token of this issuer")
		case err != nil:
			return out, err
		}
		out.hint = &hint
		if clientID == "" {
			clientID = hint.ClientID
		}
	}
	if clientID != "" {
		client, ok := p.registry.Snapshot().Client(clientID)
		if !ok || is.layout.realm && !client.At(is.account) {
			return out, problem(login.InvalidLogout, "client_id is unknown")
		}
		out.client = client
	}
	if out.hint != nil {
		if aud, ok := p.registry.Snapshot().Client(out.hint.ClientID); !ok || aud.ID != out.client.ID {
			return out, problem(login.InvalidLogout, "id_token_hint was issued to another client")
		}
	}
	uri := q.Get("post_logout_redirect_uri")
	if uri == "" {
		return out, nil
	}
	if out.client == nil || !slices.Contains(out.client.PostLogoutRedirectURIs, uri) {
		return out, problem(login.InvalidLogout, "post_logout_redirect_uri is not registered")
	}
	out.redirect = uri
	if state := q.Get("state"); state != "" {
		out.redirect = withParameters(uri, modeQuery, url.Values{"state": {state}})
	}
	return out, nil
}

// frames returns the addresses to open in the browser, so that clients end their own sessions there
// (OpenID Connect Front-Channel Logout 1.0 §2).
func (p *provider) frames(r *http.Request, s broker.Session) ([]string, error) {
	reached, err := p.engine.Reached(r.Context(), s)
	if err != nil {
		return nil, err
	}
	var frames []string
	for _, one := range reached {
		client, ok := p.registry.Snapshot().Client(one.ClientID)
		if ok && client.FrontchannelLogoutURI != "" {
			frames = append(frames, withParameters(client.FrontchannelLogoutURI, modeQuery, url.Values{
				"iss": {s.Issuer}, "sid": {s.ID.String()},
			}))
		}
	}
	return frames, nil
}

// afterLogout sends the browser where it was to go afterwards; it shows our page when that is nowhere,
// or when clients must be told in frames first.
func (p *provider) afterLogout(w http.ResponseWriter, r *http.Request, asked logout, f login.Farewell) error {
	if asked.redirect != "" && len(f.Frames) == 0 {
		return p.pages.Leave(w, r, broker.Next{URL: asked.redirect, Form: f.Form})
	}
	f.ReturnURI = asked.redirect
	return p.pages.LoggedOut(w, r, f)
}

func (p *provider) tenantName(account registry.Account) string {
	if t, ok := p.registry.Snapshot().Tenant(account); ok {
		return t.Name
	}
	return ""
}

func only(q url.Values, names []string) url.Values {
	kept := url.Values{}
	for _, name := range names {
		if q.Get(name) != "" {
			kept.Set(name, q.Get(name))
		}
	}
	return kept
}
