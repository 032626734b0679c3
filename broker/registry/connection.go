package registry

import "github.com/patchbay-auth/patchbay/mapping"

// A Connection is a tenant's link to one upstream identity provider.
type Connection struct {
	ID      string  `json:"id"`
	Account Account `json:"account"`
	Name    string  `json:"name"`
	Enabled bool    `json:"enabled"`
	// Type is the protocol: "oidc".
	Type string `json:"type"`
	// ExternalIDClaim names the claim whose value is the link key. Empty means sub.
	ExternalIDClaim string `json:"external_id_claim,omitempty"`
	// EmailTrust says when an e-mail counts as verified: "claim" (the IdP said email_verified) or
	// "domain" (the address is in one of the tenant's verified domains).
	EmailTrust string         `json:"email_trust,omitempty"`
	Mapping    []mapping.Rule `json:"mapping,omitempty"`
	// Domains are those of the tenant's domains whose people log in here.
	Domains []string `json:"domains,omitempty"`
	// Enforce refuses local passwords to the people of Domains, and to whoever is linked to the
	// connection, also while it is disabled.
	Enforce bool `json:"enforce,omitempty"`
	// BreakGlass lists the users whom Enforce leaves their password.
	BreakGlass []mapping.UserID `json:"break_glass,omitempty"`
	// Default sends here whoever types a user name that tells nothing about where they belong.
	Default bool `json:"default,omitempty"`
	// Logout says where logging out leads: LogoutLocal (also if empty) or LogoutUpstream.
	Logout string `json:"logout,omitempty"`
	OIDC   *OIDC  `json:"oidc,omitempty"`

	rules *mapping.Rules
}

// What logging out of patchbay does about the session at the identity provider.
const (
	LogoutLocal    = "local"    // nothing
	LogoutUpstream = "upstream" // the browser is sent there, to end that one too
)

// Rules returns the compiled Mapping of a connection that comes from a Snapshot; nil otherwise.
func (c *Connection) Rules() *mapping.Rules { return c.rules }

// SecretContext is the additional data under which a connection's client secret is sealed: a sealed
// secret that is moved to another row does not open.
func SecretContext(account Account, connection string) []byte {
	return []byte("connection:" + string(account) + "/" + connection)
}

// OIDC is the configuration of an OpenID Connect upstream.
type OIDC struct {
	Issuer   string `json:"issuer"`
	ClientID string `json:"client_id"`
	// SealedSecret is the client secret, encrypted under a data key with SecretContext; empty for a
	// public client.
	SealedSecret []byte   `json:"sealed_secret,omitempty"`
	Scopes       []string `json:"scopes,omitempty"`
	// AllowPrivateNetwork lets the issuer's addresses be loopback or private ones.
	AllowPrivateNetwork bool `json:"allow_private_network,omitempty"`
}
