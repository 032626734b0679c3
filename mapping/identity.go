package mapping

import "time"

// An Identity is a person as an upstream IdP asserted them, verified by the federation adapter.
type Identity struct {
	// Connection is the connection id within its tenant.
	Connection string
	// Issuer is the verified iss, or the SAML entity ID.
	Issuer string
	// Subject is the verified sub, or the SAML NameID.
	Subject string
	// ExternalID is the value of the connection's external id claim, the key of a link. It is
	// compared byte by byte. Empty when the IdP did not send that claim.
	ExternalID string
	Email      string
	// EmailVerified is what the IdP claimed (email_verified), not what the rules conclude.
	EmailVerified bool
	// Claims holds everything that was asserted, by claim name.
	Claims map[string]any
	// SessionID is the IdP's session (sid, or SAML SessionIndex), or empty.
	SessionID string
	// AuthTime is when the person last authenticated at the IdP; zero when it did not say.
	AuthTime time.Time
	// SessionEnds is when the IdP's session does; zero when it did not say. What is opened by it ends with it.
	SessionEnds time.Time
	AMR         []string
	ACR         string
	// LogoutHint is what the IdP must be shown to end its session: the raw ID token, or what the SAML
	// adapter needs to name the session. It is secret, and means nothing to anybody but the adapter.
	LogoutHint []byte
}

// A LinkKey identifies a person at an IdP: the key under which a link to a legacy user is stored.
type LinkKey struct {
	Connection string
	ExternalID string
}
