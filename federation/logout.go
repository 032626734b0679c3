package federation

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// A LogoutRequest asks an upstream where to send the browser so that the IdP ends its own session too.
type LogoutRequest struct {
	// Hint is the LogoutHint of the identity whose session it is; empty when none was kept.
	Hint []byte
	// ReturnURI is patchbay's address, registered at the IdP, to which the browser is to come back.
	// SAML has a fixed one instead.
	ReturnURI string
	// State is the opaque value that comes back with the browser.
	State string
	// UILocales are BCP 47 tags in order of preference.
	UILocales []string
}

// A LogoutMessage is a SAML LogoutRequest or LogoutResponse as a browser brought it: in a query, of which the signature covers
// the very bytes, or in a form.
type LogoutMessage struct {
	Query string
	// Form is nil for a query.
	Form url.Values
}

// A LogoutAnswer is the verified word of an IdP in answer to a LogoutRequest of ours (SAML Core §3.7.2). It says
// nothing before Upstream has compared it with what was asked.
type LogoutAnswer struct {
	// IdP says whose word it is, and Request which request it answers.
	IdP     string `json:"idp"`
	Request string `json:"request"`
	// Failed is why the IdP has not ended all that it should have; nil means that it has.
	Failed *ResponseError `json:"failed,omitempty"`
}

// A LogoutNotice is the verified word of an IdP that sessions have ended there.
type LogoutNotice struct {
	// Subject is whose sessions they are (sub, or the SAML NameID); empty if Sessions alone say which.
	Subject string
	// Sessions are the IdP's own session ids (sid, or SAML SessionIndex); none means all of Subject's.
	Sessions []string
	// ID is the notice's own (jti, or the SAML message's ID): it counts once. Empty for a notice that may
	// be repeated.
	ID string
	// Expires is when the notice stops to be acceptable by itself, so that its ID can be forgotten.
	Expires time.Time
}

// Logout returns where to send the browser to log out at the IdP (OpenID Connect RP-Initiated Logout 1.0
// §2); the URL is empty if it has no such place. Its error wraps ErrUnreachable.
func (o *OIDC) Logout(ctx context.Context, r LogoutRequest) (Started, error) {
	md, err := o.metadata.get(ctx)
	if err != nil {
		return Started{}, fmt.Errorf("connection %q: %w", o.cfg.Connection, err)
	}
	if md.value.endSession == "" {
		return Started{}, nil
	}
	u, err := url.Parse(md.value.endSession)
	if err != nil { // which discovery has parsed before
		return Started{}, fmt.Errorf("connection %q: end_session_endpoint: %w", o.cfg.Connection, err)
	}
	q := u.Query()
	q.Set("client_id", o.cfg.ClientID)
	q.Set("post_logout_redirect_uri", r.ReturnURI)
	q.Set("state", r.State)
	for name, value := range map[string]string{"id_token_hint": string(r.Hint), "ui_locales": strings.Join(r.UILocales, " ")} {
		if value != "" {
			q.Set(name, value)
		}
	}
	u.RawQuery = q.Encode()
	return Started{URL: u.String()}, nil
}
