package broker

import (
	"slices"
	"strings"
	"time"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

// An Attempt is one login from the first redirect to the code: see the state table in doc.go.
type Attempt struct {
	ID      id.ID
	Purpose Purpose
	State   State
	// Account is empty while nobody knows whose person it is; a new visit to the login page forgets what
	// Request does not say.
	Account registry.Account
	Request AuthRequest
	// Browser is the hash of the binding cookie of the browser that began the attempt.
	Browser grant.Hash
	// Connection is where the browser was last sent; empty before that.
	Connection string
	// UpstreamState is the hash of the state parameter given to the IdP; zero before that.
	UpstreamState grant.Hash
	// SealedMemo is federation's memo, encrypted with the attempt's id as additional data.
	SealedMemo []byte
	// Device is the device authorization that the login is for; zero for other purposes.
	Device id.ID
	// SessionID is the session that the person is asked about in StateKnown; zero before.
	SessionID id.ID
	CreatedAt time.Time
	ExpiresAt time.Time
}

// away is the request of an attempt whose browser is at an IdP: which settles whose person it is, also
// at a platform client that did not say.
func (a Attempt) away() AuthRequest {
	req := a.Request
	req.Account = a.Account
	return req
}

// Purpose is what a login is for.
type Purpose string

// The purposes of a login.
const (
	PurposeAuthorize Purpose = "authorize" // a client gets a code
	PurposeDevice    Purpose = "device"    // a device gets tokens, once the person has confirmed it
	PurposeVisit     Purpose = "visit"     // it began at the IdP, and leads to where a client begins logins
)

// State is how far an attempt has come.
type State string

// The states of an attempt.
const (
	StateNew      State = "new"      // waits for the person
	StateSent     State = "sent"     // the browser is at an IdP
	StateReturned State = "returned" // a callback is being verified
	StateKnown    State = "known"    // the person is known and is asked whether to go on
	StateDone     State = "done"     // the client was answered
)

// AuthRequest is a validated authorization request (OpenID Connect Core §3.1.2.1).
type AuthRequest struct {
	// Issuer is the issuer the request came to.
	Issuer   string `json:"issuer"`
	ClientID string `json:"client_id"`
	// RequestedClientID is the client id in the spelling of the request.
	RequestedClientID string `json:"requested_client_id"`
	RedirectURI       string `json:"redirect_uri"`
	// ResponseType is in its registered spelling.
	ResponseType string   `json:"response_type"`
	ResponseMode string   `json:"response_mode"`
	State        string   `json:"state,omitempty"`
	Nonce        string   `json:"nonce,omitempty"`
	Scope        []string `json:"scope"`
	Challenge    string   `json:"challenge,omitempty"`
	Prompt       []string `json:"prompt,omitempty"`
	// MaxAge is the oldest acceptable authentication; negative means any.
	MaxAge    time.Duration `json:"max_age"`
	LoginHint string        `json:"login_hint,omitempty"`
	UILocales []string      `json:"ui_locales,omitempty"`
	// ACRValues are the authentication contexts that the client would like, the best first.
	ACRValues []string `json:"acr_values,omitempty"`
	// Account is the tenant that the request of a platform client pins, by its realm or by acr_values;
	// empty leaves it to the person. A tenant's client has its own.
	Account registry.Account `json:"account,omitempty"`
	// Subject is the user the id_token_hint names; empty when there was none.
	Subject mapping.UserID `json:"subject,omitempty"`
	// IDPHint is the connection to go to without asking, or empty.
	IDPHint string `json:"idp_hint,omitempty"`
	// DomainHint is the domain whose people are meant, as the client wrote it, or empty.
	DomainHint string `json:"domain_hint,omitempty"`
}

// Wants reports whether the response type asks for "code", "token" or "id_token" (OAuth 2.0 Multiple
// Response Type Encoding Practices §5).
func (r AuthRequest) Wants(what string) bool {
	return slices.Contains(strings.Fields(r.ResponseType), what)
}
