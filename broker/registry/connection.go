package registry

import "github.com/patchbay-auth/patchbay/mapping"

// A Connection is a tenant's link to one upstream identity provider.
type Connection struct {
	ID      string  `json:"id"`
	Account Account `json:"account"`
	Name    string  `json:"name"`
	Enabled bool    `json:"enabled"`
	// Type is the protocol: TypeOIDC or TypeSAML.
	Type string `json:"type"`
	// ExternalIDClaim names the claim whose value is the link key.
	ExternalIDClaim string `json:"external_id_claim,omitempty"`
	// EmailTrust says when an e-mail counts as verified: "claim" (the IdP said email_verified) or
	// "domain" (the address is in one of the tenant's verified domains).
	EmailTrust string         `json:"email_trust,omitempty"`
	Mapping    []mapping.Rule `json:"mapping,omitempty"`
	// Claims are those that the identity provider sends, for rules to be checked against; none means that
	// they are not known. TraceClaims are kept with every recorded login, beside those that rules name.
	Claims      []string `json:"claims,omitempty"`
	TraceClaims []string `json:"trace_claims,omitempty"`
	// Enrich gives roles and groups to whoever logs in here.
	Enrich []mapping.Enrichment `json:"enrich,omitempty"`
	// CreateUsers allows rules that make users in the legacy database.
	CreateUsers bool `json:"create_users,omitempty"`
	// Domains are those of the tenant's domains whose people log in here.
	Domains []string `json:"domains,omitempty"`
	// Enforce refuses local passwords to the people of Domains, and to whoever is linked to the
	// connection, also while it is disabled.
	Enforce bool `json:"enforce,omitempty"`
	// BreakGlass lists the users whom Enforce leaves their password.
	BreakGlass []mapping.UserID `json:"break_glass,omitempty"`
	// Default sends here whoever types a user name that tells nothing about where they belong.
	Default bool   `json:"default,omitempty"`
	Policy  Policy `json:"policy,omitzero"`
	// OIDC or SAML is set, as Type says.
	OIDC *OIDC `json:"oidc,omitempty"`
	SAML *SAML `json:"saml,omitempty"`

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
	// Preset is one of the Preset constants; empty means PresetGeneric.
	Preset string `json:"preset,omitempty"`
	// Auth0Connection and Organization are sent to Auth0; the latter, an id or a name, must come back.
	Auth0Connection string `json:"auth0_connection,omitempty"`
	Organization    string `json:"organization,omitempty"`
	// HostedDomain is the Google Workspace domain that people must belong to; empty means any.
	HostedDomain string `json:"hosted_domain,omitempty"`
	// Tenants are the Entra ID tenants that may stand for TenantIDPart in Issuer.
	Tenants []string `json:"tenants,omitempty"`
	// ClientAuth is one of the ClientAuth constants; empty leaves the choice of a secret's to the metadata.
	ClientAuth string `json:"client_auth,omitempty"`
	// SealedSecret is the client secret, encrypted under a data key with SecretContext; empty for a
	// public client.
	SealedSecret []byte   `json:"sealed_secret,omitempty"`
	Scopes       []string `json:"scopes,omitempty"`
	// AccessTokens are those that clients may exchange.
	AccessTokens AccessTokens `json:"access_tokens,omitzero"`
	// AllowPrivateNetwork lets the issuer's addresses be loopback or private ones.
	AllowPrivateNetwork bool `json:"allow_private_network,omitempty"`
}
