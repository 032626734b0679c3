package federation

import (
	"errors"
	"fmt"
	"net/url"
	"time"
)

// A StartRequest asks an upstream where to send the browser.
type StartRequest struct {
	// State is the opaque value that the IdP must return.
	State string
	// RedirectURI is patchbay's callback for this connection.
	RedirectURI string
	LoginHint   string
	// Prompt is passed on as it is: "login", "select_account", or empty.
	Prompt string
	// MaxAge is the oldest acceptable authentication; negative means any.
	MaxAge time.Duration
	// ACRValues are the authentication contexts to ask for, the best first.
	ACRValues []string
	// UILocales are BCP 47 tags in order of preference.
	UILocales []string
}

// Started is a redirect to an IdP, and what Finish needs to verify the answer.
type Started struct {
	// URL is the absolute address to send the browser to: by a redirect, or with Form if that is not nil.
	URL  string
	Form url.Values
	// Memo is secret (it holds the nonce and the PKCE verifier): the caller stores it encrypted
	// and returns it to Finish unchanged.
	Memo []byte
}

// A Response is what the browser brought back from the IdP.
type Response struct {
	Memo        []byte
	RedirectURI string
	// Params is the callback's query, or its form for response_mode form_post.
	Params url.Values
}

// ErrUnreachable means that the IdP did not answer, or not usably; trying again later may work.
var ErrUnreachable = errors.New("no usable answer from the identity provider")

// ErrOurs means that something of ours failed, such as the state database: it says nothing about the person,
// and nothing about the IdP.
var ErrOurs = errors.New("trouble of our own")

// A ResponseError is an error that the IdP returned to the callback (RFC 6749 §4.1.2.1), or a SAML status
// (SAML Core §3.2.2.2). Its text is the IdP's: it belongs in the log, never on a page.
type ResponseError struct {
	// Code is an OAuth error, or the innermost URN of a status.
	Code        string
	Description string
}

func (e *ResponseError) Error() string {
	return fmt.Sprintf("identity provider answered %q: %q", e.Code, e.Description)
}

// Cancelled reports whether the person has not gone on at the IdP. SAML has no word for that: IdPs say that the
// request was denied, or that nobody could be authenticated, and keep people who mistype their password on their page.
func (e *ResponseError) Cancelled() bool {
	switch e.Code {
	case "access_denied", "urn:oasis:names:tc:SAML:2.0:status:RequestDenied", "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed":
		return true
	}
	return false
}
