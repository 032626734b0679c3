package registry

import (
	"github.com/patchbay-auth/patchbay/federation/saml"
)

// TypeSAML is the protocol of SAML 2.0 connections.
const TypeSAML = "saml"

// SAML is the configuration of a SAML upstream. See saml.Config for what the fields mean.
type SAML struct {
	// MetadataURL is where the IdP publishes its metadata; Metadata is that document, if it is given
	// instead.
	MetadataURL string `json:"metadata_url,omitempty"`
	Metadata    string `json:"metadata,omitempty"`
	EntityID    string `json:"entity_id,omitempty"`
	// NameIDFormat is a URN, or empty.
	NameIDFormat    string          `json:"name_id_format,omitempty"`
	Attributes      []SAMLAttribute `json:"attributes,omitempty"`
	WantSigned      saml.Signed     `json:"want_signed"`
	WantEncrypted   saml.Encryption `json:"want_encrypted"`
	SignRequests    bool            `json:"sign_requests"`
	RequestBinding  saml.Binding    `json:"request_binding"`
	ResponseBinding saml.Binding    `json:"response_binding"`
	// IDPInitiated is the client to which a login leads that began at the IdP; empty allows none.
	IDPInitiated        string `json:"idp_initiated,omitempty"`
	AllowPrivateNetwork bool   `json:"allow_private_network,omitempty"`
}

// A SAMLAttribute gives an attribute another name among the claims.
type SAMLAttribute struct {
	Claim string `json:"claim"`
	From  string `json:"from"`
}

// Private reports whether the IdP may be at loopback or private addresses.
func (c *Connection) Private() bool {
	return c.OIDC != nil && c.OIDC.AllowPrivateNetwork || c.SAML != nil && c.SAML.AllowPrivateNetwork
}

// place is where the connection leads.
func (c *Connection) place() string {
	if c.SAML != nil {
		return c.SAML.MetadataURL + c.SAML.Metadata
	}
	return c.OIDC.Issuer
}

// Config returns what opens the connection, but for what a process adds: Base, Store and Now.
func (s *SAML) Config(c *Connection) saml.Config {
	config := saml.Config{
		Connection: c.ID, MetadataURL: s.MetadataURL, Metadata: []byte(s.Metadata), EntityID: s.EntityID,
		ExternalIDClaim: c.ExternalIDClaim, NameIDFormat: s.NameIDFormat, Attributes: map[string]string{},
		WantSigned: s.WantSigned, WantEncrypted: s.WantEncrypted, SignRequests: s.SignRequests,
		RequestBinding: s.RequestBinding, ResponseBinding: s.ResponseBinding,
		AuthnContexts: c.Policy.ACRValues, MaxAge: c.Policy.MaxAge, ClockSkew: c.Policy.ClockSkew, IDPInitiated: s.IDPInitiated != "",
		AllowPrivateNetwork: s.AllowPrivateNetwork,
	}
	for _, a := range s.Attributes {
		config.Attributes[a.Claim] = a.From
	}
	return config
}
