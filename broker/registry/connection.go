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
	OIDC       *OIDC          `json:"oidc,omitempty"`

	rules *mapping.Rules
}

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
