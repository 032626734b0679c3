package provider

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/patchbay-auth/patchbay/broker"
)

// proceed does what the engine decided.
func (p *provider) proceed(w http.ResponseWriter, r *http.Request, next broker.Next) error {
	switch next.Step {
	case broker.StepLogin:
		http.Redirect(w, r, p.pages.AttemptURL(next.AttemptID), http.StatusSeeOther)
	case broker.StepConsent:
		http.Redirect(w, r, p.pages.ConsentURL(next.AttemptID), http.StatusSeeOther)
	case broker.StepRedirect:
		return p.pages.Leave(w, r, next)
	case broker.StepAnswer:
		return p.answerClient(w, r, *next.Answer)
	default:
		return fmt.Errorf("login step %d is unknown", next.Step)
	}
	return nil
}

// answerClient sends the browser back to the client with a code or an error, in the response mode
// that the client asked for (OAuth 2.0 Multiple Response Types §2.1, Form Post Response Mode §2).
// state is returned unchanged; iss says whose answer it is (RFC 9207), on errors too.
func (p *provider) answerClient(w http.ResponseWriter, r *http.Request, a broker.Answer) error {
	params, err := p.outcome(r, a)
	if err != nil {
		return err
	}
	params.Set("iss", a.Request.Issuer)
	p.pages.Remember(w, a)
	if a.Request.State != "" {
		params.Set("state", a.Request.State)
	}
	if a.Request.ResponseMode == modeFormPost {
		return p.pages.FormPost(w, r, a.Request.RedirectURI, params)
	}
	return p.pages.Redirect(w, r, withParameters(a.Request.RedirectURI, a.Request.ResponseMode, params))
}

// outcome is what the client is told: what it asked for, or an error.
func (p *provider) outcome(r *http.Request, a broker.Answer) (url.Values, error) {
	if a.Error == "" {
		params, err := p.success(r.Context(), a, p.address(r))
		var fault *Fault
		if !errors.As(err, &fault) || fault.Status >= http.StatusInternalServerError {
			return params, err
		}
		a.Error, a.Description = "access_denied", fault.Description // of the token endpoint's codes none fits
	}
	params := url.Values{"error": {a.Error}}
	if a.Description != "" {
		params.Set("error_description", a.Description)
	}
	return params, nil
}

// withParameters appends to a redirect URI and leaves what the client registered as it is.
func withParameters(uri, mode string, params url.Values) string {
	switch {
	case mode == modeFragment:
		return uri + "#" + params.Encode()
	case !strings.Contains(uri, "?"):
		return uri + "?" + params.Encode()
	case strings.HasSuffix(uri, "?"), strings.HasSuffix(uri, "&"):
		return uri + params.Encode()
	}
	return uri + "&" + params.Encode()
}
