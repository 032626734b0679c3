package broker

import (
	"time"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

// LocalIDP is the idp of a login with a password of the legacy database.
const LocalIDP = "local"

// A Session is a logged-in browser at one issuer. Its cookie carries a random token of which only
// the hash is stored, and which every login changes.
type Session struct {
	// ID is the sid in tokens.
	ID      id.ID
	Token   grant.Hash
	Issuer  string
	Account registry.Account
	// Browser is the hash of the binding cookie the session belongs to.
	Browser grant.Hash
	UserID  mapping.UserID
	// IDP is the connection id, or LocalIDP.
	IDP        string
	ExternalID string
	// UpstreamSubject is whom the IdP says it is, and UpstreamSession the IdP's own session id: by them it
	// tells us later that it has ended. Both may be empty.
	UpstreamSubject, UpstreamSession string
	// SealedHint is the identity's LogoutHint, encrypted with the session's id as additional data; empty
	// where logging out does not lead to the IdP.
	SealedHint []byte
	// Given are roles and groups that the login gave, beside those of the directory.
	Given    mapping.Given
	AuthTime time.Time
	AMR      []string
	ACR      string
	// LoginID is the last login of the session, CreatedAt the time of the first.
	LoginID   id.ID
	CreatedAt time.Time
	SeenAt    time.Time
	// ExpiresAt moves with use and never passes AbsoluteAt.
	ExpiresAt  time.Time
	AbsoluteAt time.Time
	EndedAt    time.Time
}

// A Login is the record of one decision about a person: who came, who that is, and why. Support
// finds it by its id, which every page of a refused login shows.
type Login struct {
	ID         id.ID
	AttemptID  id.ID
	At         time.Time
	Account    registry.Account
	ClientID   string
	Connection string // or LocalIDP
	// Subject is the external id asserted, or the login name typed; one that is nobody's is stored as
	// NobodysName.
	Subject string
	// UserID is empty when no user was found.
	UserID mapping.UserID
	// Reason is empty for a login that succeeded.
	Reason Reason
	// Detail is for support: the text of the error behind a refusal.
	Detail string
	// Trace is how the mapping decided; nil for local logins.
	Trace *mapping.Trace
	// Address is the client's IP address.
	Address string
	// BreakGlass is the connection whose enforced single sign-on the user was spared; the event says so,
	// and the stored login does not.
	BreakGlass string
}
