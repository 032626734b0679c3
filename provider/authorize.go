package provider

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/provider/login"
	"github.com/patchbay-auth/patchbay/provider/token"
)

// authorize takes an authorization request (OpenID Connect Core §3.1.2) and hands it to the engine.
// Errors it returns are shown to the person; the client hears of its own at its redirect URI.
func (p *provider) authorize(w http.ResponseWriter, r *http.Request, is issuer) error {
	q, err := p.parameters(r)
	if err != nil {
		return err
	}
	// A form on another site brings no SameSite=Lax cookies: without this hop a live session would not
	// be seen, and the binding cookie of other tabs would be replaced.
	hop := func() error {
		http.Redirect(w, r, is.address(authorization)+"?"+q.Encode(), http.StatusSeeOther) //nolint:gosec // an address of ours
		return nil
	}
	if r.Method == http.MethodPost && grant.IsPushed(q.Get("request_uri")) {
		return hop() // a pushed request must not be used up on the way
	}
	q, pushed, err := p.pushed(r, is, q)
	if err != nil {
		return err
	}
	client, err := p.asking(is, q)
	if err != nil {
		return err
	}
	if r.Method == http.MethodPost {
		return hop()
	}
	req, fault := authRequest(is, client, q)
	req.Account = p.pinnedTenant(is, client, q)
	if fault == nil && client.RequirePushed && !pushed {
		fault = invalidRequest("The client must push its authorization requests") // RFC 9126 §6
	}
	if fault == nil {
		fault, err = p.hinted(r, is, client, q.Get("id_token_hint"), &req)
	}
	if err != nil {
		return err
	}
	if fault != nil {
		return p.answerClient(w, r, broker.Answer{Request: req, Error: fault.Code, Description: fault.Description})
	}
	next, err := p.engine.Begin(r.Context(), req, p.browser(w, r))
	if err != nil {
		return err
	}
	return p.proceed(w, r, next)
}

// parameters reads an authorization or logout request from where its method puts it. Duplicates are
// left for the caller to judge, who knows whether there is an address to answer at.
func (p *provider) parameters(r *http.Request) (url.Values, error) {
	if r.Method == http.MethodPost {
		switch {
		case r.URL.RawQuery != "":
			return nil, problem(login.InvalidRequest, "parameters are in the query of a POST")
		case !isForm(r.Header):
			return nil, problem(login.InvalidRequest, "Content-Type is not application/x-www-form-urlencoded")
		}
		form, err := parseBody(r)
		if err != nil {
			return nil, problem(login.InvalidRequest, asFault(err).Description)
		}
		return form, nil
	}
	if len(r.URL.RawQuery) > maxForm {
		return nil, problem(login.InvalidRequest, "the query is too long")
	}
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, problem(login.InvalidRequest, "the query is not well-formed")
	}
	return q, nil
}

// loginRequired is a code of this endpoint alone (OpenID Connect Core §3.1.2.6).
const loginRequired = "login_required"

// hinted adds the user that an id_token_hint names to a request. An ID token that has expired still
// names its user; one that is not ours says nothing and is a fault of the request.
func (p *provider) hinted(r *http.Request, is issuer, client *registry.Client, raw string, req *broker.AuthRequest) (*Fault, error) {
	if raw == "" {
		return nil, nil
	}
	hint, err := p.tokens.VerifyHint(r.Context(), raw)
	switch {
	case errors.Is(err, token.ErrInvalid):
		return invalidRequest("id_token_hint is not an ID token of this issuer"), nil
	case err != nil:
		return nil, unavailable(err)
	case hint.Issuer != is.url:
		return invalidRequest("id_token_hint is not an ID token of this issuer"), nil
	}
	if req.Subject, req.Account = p.namedTo(client, req.Account, hint.Subject); req.Subject == "" {
		return &Fault{Code: loginRequired, Description: "id_token_hint names somebody of another tenant"}, nil
	}
	return nil, nil
}
