package saml

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/internal/egress"
)

// Config describes a SAML upstream.
type Config struct {
	// Connection is the connection's id within its tenant. Required.
	Connection string
	// Base is the address below which this connection is reached, such as
	// https://sso.example/login/acme/adfs/saml: {base}/metadata is our entity ID. Required.
	Base string
	// MetadataURL is where the IdP publishes its metadata; Metadata is that document. One is required.
	MetadataURL string
	Metadata    []byte
	// EntityID names the IdP. Empty means the only one that the metadata describes.
	EntityID string
	// ExternalIDClaim names the attribute whose value becomes mapping.Identity.ExternalID, by the name
	// it has among the claims. Several names with + between them give a value for all of them together, with /
	// between. Empty means NameID.
	ExternalIDClaim string
	// NameIDFormat is asked for, and required of the answer. Empty asks for none, and takes any but a
	// transient one as the external id.
	NameIDFormat string
	// Attributes are further claim names for attributes, such as department for
	// http://schemas.example/department. Such a claim has no other source.
	Attributes map[string]string
	// WantSigned says what the IdP must sign. Empty means SignedAssertion.
	WantSigned Signed
	// WantEncrypted says whether the assertion must be encrypted. Empty means that it may.
	WantEncrypted Encryption
	// SignRequests signs what is sent to the IdP.
	SignRequests bool
	// RequestBinding is how a login is asked for. Empty means BindingRedirect.
	RequestBinding Binding
	// ResponseBinding is how the answer is asked for. Empty means BindingPOST.
	ResponseBinding Binding
	// AuthnContexts are the authentication contexts of which the IdP must confirm one, the best first.
	// Empty means any.
	AuthnContexts []string
	// MaxAge is the oldest authentication that is accepted; zero means any that the request accepts.
	MaxAge time.Duration
	// IDPInitiated names the address for logins that begin at the IdP in the metadata.
	IDPInitiated bool
	// AllowPrivateNetwork lets the IdP live at private and loopback addresses, the latter also
	// with plain http.
	AllowPrivateNetwork bool
	// ClockSkew is how far the IdP's clock may be from ours. Zero means one minute; at most five.
	ClockSkew time.Duration
	// Timeout bounds each request to the IdP. Zero means ten seconds.
	Timeout time.Duration
	// Store keeps keys, the IdP's metadata, and what was seen before. Required.
	Store Store
	// Now reports the time; nil means time.Now.
	Now func() time.Time
}

// Signed says what an IdP must sign.
type Signed string

// What an IdP must sign. A signature that is not required is verified all the same.
const (
	SignedAssertion Signed = "assertion"
	SignedResponse  Signed = "response"
	SignedBoth      Signed = "both"
)

// Encryption says whether assertions must be encrypted.
type Encryption string

// Whether assertions must be encrypted.
const (
	EncryptionOptional Encryption = "optional"
	EncryptionRequired Encryption = "required"
	// EncryptionGCM also requires that nobody can have altered the ciphertext (AES-GCM, not AES-CBC).
	EncryptionGCM Encryption = "gcm"
)

// Binding is how a message travels (SAML Bindings §3).
type Binding string

// The bindings.
const (
	BindingRedirect Binding = "redirect"
	BindingPOST     Binding = "post"
	BindingArtifact Binding = "artifact"
)

const (
	defaultSkew    = time.Minute
	maxSkew        = 5 * time.Minute
	defaultTimeout = 10 * time.Second
)

// A Fault is something wrong with one key of a Config.
type Fault struct {
	// Key is named as in a tenant file, such as metadata_url; or as the field of Config, where a file has no say.
	Key string
	Err error
}

func (f *Fault) Error() string { return f.Key + ": " + f.Err.Error() }
func (f *Fault) Unwrap() error { return f.Err }

// Check returns every fault of a Config but what Open adds: its error joins Faults.
func Check(c Config) error {
	c.fill()
	return c.faults()
}

func (c Config) withDefaults() (Config, error) {
	c.fill()
	faults := c.faults()
	if u, err := url.Parse(c.Base); err != nil || u.Host == "" || u.RawQuery != "" {
		faults = errors.Join(faults, &Fault{"base", fmt.Errorf("%q is not the address of this connection", c.Base)})
	}
	if c.Store == nil {
		faults = errors.Join(faults, &Fault{"store", errors.New("is required")})
	}
	return c, faults
}

func (c *Config) fill() {
	setDefault(&c.ExternalIDClaim, NameID)
	setDefault(&c.WantSigned, SignedAssertion)
	setDefault(&c.WantEncrypted, EncryptionOptional)
	setDefault(&c.RequestBinding, BindingRedirect)
	setDefault(&c.ResponseBinding, BindingPOST)
	setDefault(&c.ClockSkew, defaultSkew)
	setDefault(&c.Timeout, defaultTimeout)
	if c.Now == nil {
		c.Now = time.Now
	}
	c.AuthnContexts, c.Attributes = slices.Clone(c.AuthnContexts), maps.Clone(c.Attributes)
}

func setDefault[T comparable](value *T, otherwise T) {
	if *value == *new(T) {
		*value = otherwise
	}
}

func (c *Config) faults() error {
	var faults []error
	fault := func(key, format string, args ...any) {
		faults = append(faults, &Fault{key, fmt.Errorf(format, args...)})
	}
	if c.Connection == "" {
		fault("id", "must not be empty")
	}
	if (c.MetadataURL == "") == (len(c.Metadata) == 0) {
		fault("metadata_url", "give exactly one of metadata_url, metadata and metadata_file")
	}
	if c.MetadataURL != "" {
		if _, err := egress.CheckURL(c.MetadataURL, c.AllowPrivateNetwork); err != nil {
			fault("metadata_url", "%w", err)
		}
	} else if len(c.Metadata) > 0 {
		if _, err := readMetadata(c.Metadata, *c); err != nil {
			fault("metadata", "%w", err)
		}
	}
	if federation.KeyedBy(c.ExternalIDClaim, NameID) && c.NameIDFormat == FormatTransient {
		fault("name_id_format", "a transient NameID is another one at every login, and cannot be the external id")
	}
	oneOf(fault, "want_signed", c.WantSigned, SignedAssertion, SignedResponse, SignedBoth)
	oneOf(fault, "want_encrypted", c.WantEncrypted, EncryptionOptional, EncryptionRequired, EncryptionGCM)
	oneOf(fault, "request_binding", c.RequestBinding, BindingRedirect, BindingPOST)
	oneOf(fault, "response_binding", c.ResponseBinding, BindingPOST, BindingArtifact)
	for _, claim := range slices.Sorted(maps.Keys(c.Attributes)) {
		if claim == NameID || claim == "" || c.Attributes[claim] == "" {
			fault("attributes", "%q from %q is not a claim from an attribute", claim, c.Attributes[claim])
		}
	}
	if c.ClockSkew < 0 || c.ClockSkew > maxSkew {
		fault("clock_skew", "%s is not between 0 and %s", c.ClockSkew, maxSkew)
	}
	if c.Timeout < 0 {
		fault("timeout", "%s is negative", c.Timeout)
	}
	if c.MaxAge < 0 {
		fault("max_age", "%s is negative", c.MaxAge)
	}
	return errors.Join(faults...)
}

func oneOf[T ~string](fault func(string, string, ...any), key string, value T, allowed ...T) {
	if !slices.Contains(allowed, value) {
		fault(key, "%q is not one of %q", value, allowed)
	}
}
