package federation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/patchbay-auth/patchbay/internal/egress"
	"github.com/patchbay-auth/patchbay/internal/secret"
)

// Config describes an OpenID Connect upstream.
type Config struct {
	// Connection is the connection's id within its tenant. Required.
	Connection string
	// Issuer is the IdP's issuer identifier, byte for byte as its metadata and tokens spell it: a
	// trailing slash counts. Required; https, see AllowPrivateNetwork.
	Issuer string
	// ClientID is patchbay's client id at the IdP. Required.
	ClientID string
	// ClientSecret authenticates patchbay at the token endpoint. Empty makes it a public client.
	ClientSecret secret.Text
	// Scopes are what patchbay asks for; they must contain openid. Empty means openid, profile
	// and email.
	Scopes []string
	// ExternalIDClaim names the claim whose value becomes mapping.Identity.ExternalID. The claim
	// must be a string or an integer. Several names with + between them give a value for all of them
	// together, with / between. Empty means sub.
	ExternalIDClaim string
	// Preset is what the kind of identity provider wants beyond the standard.
	Preset Preset
	// ClientAuth is client_secret_basic, client_secret_post or private_key_jwt. Empty takes what the
	// metadata offer for a secret.
	ClientAuth string
	// Signer returns the key that signs assertions for private_key_jwt now. Required with that.
	Signer func(context.Context) (Signer, error)
	// Access says which access tokens of the IdP clients may present.
	Access AccessTokens
	// AllowPrivateNetwork lets the IdP live at private and loopback addresses, the latter also
	// with plain http. Link-local addresses (cloud metadata) stay refused.
	AllowPrivateNetwork bool
	// ClockSkew is how far the IdP's clock may be from ours. Zero means one minute; at most five.
	ClockSkew time.Duration
	// Timeout bounds each request to the IdP, from dialling to the last byte. Zero means ten
	// seconds.
	Timeout time.Duration
	// Now reports the time; nil means time.Now.
	Now func() time.Time
}

const (
	defaultSkew    = time.Minute
	maxSkew        = 5 * time.Minute
	defaultTimeout = 10 * time.Second
)

// withDefaults returns a copy of c that is complete, and every fault in it at once.
func (c Config) withDefaults() (Config, error) {
	if c.ExternalIDClaim == "" {
		c.ExternalIDClaim = "sub"
	}
	if len(c.Scopes) == 0 {
		c.Scopes = []string{"openid", "profile", "email"}
	}
	c.Scopes = slices.Clone(c.Scopes)
	if c.ClockSkew == 0 {
		c.ClockSkew = defaultSkew
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, c.faults()
}

func (c Config) faults() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if c.Connection == "" {
		fault("connection: must not be empty")
	}
	if c.ClientID == "" {
		fault("client_id: must not be empty")
	}
	faults = append(faults, c.Preset.faults(c.Issuer)...)
	if err := c.checkClientAuth(); err != nil {
		fault("client_auth: %w", err)
	}
	switch u, err := egress.CheckURL(strings.Replace(c.Issuer, tenantPart, "tenantid", 1), c.AllowPrivateNetwork); {
	case err != nil:
		fault("issuer: %w", err)
	case u.RawQuery != "" || u.ForceQuery:
		fault("issuer: %q has a query", c.Issuer)
	}
	faults = append(faults, c.Access.faults(c.ClientID)...)
	if !slices.Contains(c.Scopes, "openid") {
		fault("scopes: %q lacks openid", c.Scopes)
	}
	for _, s := range c.Scopes {
		if !isScope(s) {
			fault("scopes: %q is not a scope", s)
		}
	}
	if c.ClockSkew < 0 || c.ClockSkew > maxSkew {
		fault("clock_skew: %s is not between 0 and %s", c.ClockSkew, maxSkew)
	}
	if c.Timeout < 0 {
		fault("timeout: %s is negative", c.Timeout)
	}
	return errors.Join(faults...)
}

// isScope reports whether s is one scope-token of RFC 6749 §3.3.
func isScope(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return s != ""
}
