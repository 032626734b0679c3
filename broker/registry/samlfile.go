package registry

import (
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/patchbay-auth/patchbay/federation/saml"
)

// samlYAML is what only a SAML connection has in the tenant file, beside the keys of every connection.
type samlYAML struct {
	MetadataURL     string          `yaml:"metadata_url"`
	Metadata        string          `yaml:"metadata,file"`
	EntityID        string          `yaml:"entity_id"`
	NameIDFormat    string          `yaml:"name_id_format"`
	Attributes      []attributeYAML `yaml:"attributes"`
	WantSigned      string          `yaml:"want_signed"`
	WantEncrypted   string          `yaml:"want_encrypted"`
	SignRequests    *bool           `yaml:"sign_requests"`
	RequestBinding  string          `yaml:"request_binding"`
	ResponseBinding string          `yaml:"response_binding"`
	IDPInitiated    string          `yaml:"idp_initiated"`
}

type attributeYAML struct {
	Claim string `yaml:"claim"`
	From  string `yaml:"from"`
}

// nameIDFormat is a format of a NameID, and how the tenant file writes it.
type nameIDFormat struct{ short, urn string }

func nameIDFormats() []nameIDFormat {
	return []nameIDFormat{
		{"persistent", saml.FormatPersistent},
		{"email", saml.FormatEmail},
		{"transient", saml.FormatTransient},
		{"unspecified", saml.FormatUnspecified},
	}
}

func (y samlYAML) saml(private bool) *SAML {
	s := &SAML{
		MetadataURL: strings.TrimSpace(y.MetadataURL), Metadata: strings.TrimSpace(y.Metadata), EntityID: y.EntityID,
		NameIDFormat:   y.NameIDFormat,
		WantSigned:     saml.Signed(first(y.WantSigned, string(saml.SignedAssertion))),
		WantEncrypted:  saml.Encryption(first(y.WantEncrypted, string(saml.EncryptionOptional))),
		SignRequests:   or(y.SignRequests, true),
		RequestBinding: saml.Binding(first(y.RequestBinding, string(saml.BindingRedirect))), ResponseBinding: saml.Binding(first(y.ResponseBinding, string(saml.BindingPOST))),
		IDPInitiated: y.IDPInitiated, AllowPrivateNetwork: private,
	}
	for _, f := range nameIDFormats() {
		if f.short == y.NameIDFormat {
			s.NameIDFormat = f.urn
		}
	}
	for _, a := range y.Attributes {
		s.Attributes = append(s.Attributes, SAMLAttribute(a))
	}
	return s
}

// saml makes a connection one of SAML, and refuses what only the other protocol has.
func (y connectionYAML) saml(c *Connection, report report) {
	c.OIDC, c.SAML = nil, y.SAML.saml(y.AllowPrivate)
	c.ExternalIDClaim = first(y.ExternalIDClaim, saml.NameID)
	for key, given := range map[string]bool{
		"issuer": y.Issuer != "", "client_id": y.ClientID != "", "scopes": len(y.Scopes) > 0,
		"client_secret": !y.ClientSecret.Empty() || y.ClientSecretSealed != "",
		"preset":        y.Preset != "", "auth0_connection": y.Auth0Connection != "", "organization": y.Organization != "",
		"access_tokens": len(y.AccessTokens.Audiences) > 0 || y.AccessTokens.Type != "",
		"hosted_domain": y.HostedDomain != "", "tenants": len(y.Tenants) > 0, "client_auth": y.ClientAuth != "",
	} {
		if given {
			report(key, "belongs to a connection of type %s", TypeOIDC)
		}
	}
}

// checkNoSAML refuses the keys of SAML in a connection of another type.
func (y samlYAML) checkNoSAML(report report) {
	v := reflect.ValueOf(y)
	for i := range v.NumField() {
		if !v.Field(i).IsZero() {
			key, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
			report(key, "belongs to a connection of type %s", TypeSAML)
		}
	}
}

// maxMetadata bounds a metadata document in a tenant file, in bytes: it is loaded with the registry.
const maxMetadata = 256 << 10

func checkSAML(c *Connection, report report) {
	s := c.SAML
	if len(s.Metadata) > maxMetadata {
		report("metadata", "has %d bytes, more than %d: leave out the other identity providers", len(s.Metadata), maxMetadata)
		return
	}
	if s.NameIDFormat != "" && !strings.HasPrefix(s.NameIDFormat, "urn:") {
		report("name_id_format", "%q is neither a URN nor one of [persistent email transient unspecified]", s.NameIDFormat)
	}
	claims := map[string]bool{}
	for _, a := range s.Attributes {
		if claims[a.Claim] {
			report("attributes", "claim %q is there twice", a.Claim)
		}
		claims[a.Claim] = true
	}
	var fault *saml.Fault
	for _, err := range unjoin(saml.Check(s.Config(c))) {
		if errors.As(err, &fault) {
			report(fault.Key, "%w", fault.Err)
		}
	}
}

func outlineSAML(o *outline, s *SAML) {
	o.text("metadata_url", s.MetadataURL)
	o.text("metadata", s.Metadata)
	o.text("entity_id", s.EntityID)
	format := s.NameIDFormat
	if i := slices.IndexFunc(nameIDFormats(), func(f nameIDFormat) bool { return f.urn == format }); i >= 0 {
		format = nameIDFormats()[i].short
	}
	o.text("name_id_format", format)
	var attributes []yaml.MapSlice
	for _, a := range s.Attributes {
		var one outline
		one.text("claim", a.Claim)
		one.text("from", a.From)
		attributes = append(attributes, yaml.MapSlice(one))
	}
	if len(attributes) > 0 {
		o.add("attributes", attributes)
	}
	o.text("want_signed", string(s.WantSigned))
	o.text("want_encrypted", string(s.WantEncrypted))
	o.add("sign_requests", s.SignRequests)
	o.text("request_binding", string(s.RequestBinding))
	o.text("response_binding", string(s.ResponseBinding))
	o.text("idp_initiated", s.IDPInitiated)
	o.flag("allow_private_network", s.AllowPrivateNetwork)
}
