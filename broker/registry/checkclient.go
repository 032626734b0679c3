package registry

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/patchbay-auth/patchbay/mapping"
)

// Grant types a client may have.
const (
	GrantAuthorizationCode = "authorization_code"
	GrantRefreshToken      = "refresh_token"
	GrantClientCredentials = "client_credentials"
	GrantPassword          = "password"
	GrantDeviceCode        = "urn:ietf:params:oauth:grant-type:device_code"
	GrantTokenExchange     = "urn:ietf:params:oauth:grant-type:token-exchange"
	GrantJWTBearer         = "urn:ietf:params:oauth:grant-type:jwt-bearer"
)

// GrantTypes returns all of them, in the order of discovery documents.
func GrantTypes() []string {
	return []string{
		GrantAuthorizationCode, GrantRefreshToken, GrantClientCredentials, GrantPassword,
		GrantDeviceCode, GrantTokenExchange, GrantJWTBearer,
	}
}

// Defaults and limits of a client's lifetimes.
const (
	defaultIdentityLifetime = 5 * time.Minute
	defaultAccessLifetime   = 15 * time.Minute
	// maxTokenLifetime bounds how long a retired signing key must stay published.
	maxTokenLifetime = 24 * time.Hour

	defaultGrace       = 30 * time.Second
	maxGrace           = 2 * time.Minute
	maxPublicGrace     = 10 * time.Second
	defaultSliding     = 9000 * time.Second
	defaultAbsolute    = 12 * time.Hour
	defaultNativeLimit = 30 * 24 * time.Hour
	maxAbsolute        = 90 * 24 * time.Hour
)

const maxClientID = 64

func checkClient(c *Client, report report) {
	if !onlyLabelChars(c.ID) || len(c.ID) > maxClientID || strings.Trim(c.ID, "0123456789-") == "" {
		report("id", "%q must consist of ASCII letters, digits and hyphens, at least one letter, at most %d", c.ID, maxClientID)
	}
	checkText(report, "name", c.Name, true)
	checkText(report, "description", c.Description, false)
	checkList(report, "grant_types", c.GrantTypes, oneOf(GrantTypes()...))
	checkRedirects(c, report)
	checkScopes(c, report)
	checkSecrets(c, report)
	for _, setting := range []struct {
		path, value string
		allowed     []string
	}{
		{"access_token_type", c.AccessTokenType, []string{"at+jwt", "JWT"}},
		{"access_token_signing_alg", c.AccessTokenSigningAlg, []string{"ES256", "RS256"}},
		{"id_token_signing_alg", c.IDTokenSigningAlg, []string{"RS256", "ES256"}},
	} {
		if err := oneOf(setting.allowed...)(setting.value); err != nil {
			report(setting.path, "%w", err)
		}
	}
	checkBetween(report, "identity_token_lifetime", c.IdentityTokenLifetime, time.Second, maxTokenLifetime)
	checkBetween(report, "access_token_lifetime", c.AccessTokenLifetime, time.Second, maxTokenLifetime)
	checkRefresh(c, report)
	checkIntrospection(c, report)
}

func checkRedirects(c *Client, report report) {
	checkList(report, "redirect_uris", c.RedirectURIs, checkRedirectURI)
	checkList(report, "post_logout_redirect_uris", c.PostLogoutRedirectURIs, checkRedirectURI)
	switch hasCode := c.MayUse(GrantAuthorizationCode); {
	case hasCode && len(c.RedirectURIs) == 0:
		report("redirect_uris", "is required for the grant authorization_code")
	case !hasCode && len(c.RedirectURIs) > 0:
		report("redirect_uris", "is of use only with the grant authorization_code")
	}
	issuing := []string{GrantAuthorizationCode, GrantClientCredentials, GrantPassword, GrantDeviceCode}
	if c.MayUse(GrantRefreshToken) && !slices.ContainsFunc(issuing, c.MayUse) {
		report("grant_types", "refresh_token needs a grant that issues one: add authorization_code")
	}
}

func checkScopes(c *Client, report report) {
	checkList(report, "scopes", c.Scopes, oneOf(mapping.Scopes()...))
	checkList(report, "default_scopes", c.DefaultScopes, func(scope string) error {
		if !slices.Contains(c.Scopes, scope) {
			return fmt.Errorf("%q is not among the client's scopes", scope)
		}
		return nil
	})
}

func checkSecrets(c *Client, report report) {
	if c.Public() && len(c.Secrets) > 0 {
		report("secrets", "a client with require_secret: false has none")
	}
	for i, s := range c.Secrets {
		at := fmt.Sprintf("secrets[%d]", i)
		checkText(report, at+".description", s.Description, false)
		if err := s.check(); err != nil {
			report(at, "%w", err)
		}
	}
}

func checkRefresh(c *Client, report report) {
	r := c.Refresh
	if !c.MayUse(GrantRefreshToken) {
		if r != (Refresh{}) {
			report("refresh", "is of use only with the grant refresh_token")
		}
		return
	}
	limit := maxGrace
	if c.Public() {
		limit = maxPublicGrace
		if !r.Rotation {
			report("refresh.rotation", "a public client's refresh tokens must rotate (RFC 9700 §2.2.2)")
		}
	}
	checkBetween(report, "refresh.grace", r.Grace, 0, limit)
	checkBetween(report, "refresh.absolute", r.Absolute, time.Minute, maxAbsolute)
	checkBetween(report, "refresh.sliding", r.Sliding, time.Minute, max(r.Absolute, time.Minute))
	if r.Grace >= r.Sliding {
		report("refresh.grace", "%s is not less than sliding, %s", short(r.Grace), short(r.Sliding))
	}
}

func checkIntrospection(c *Client, report report) {
	i := c.Introspection
	if i.Allow == "" {
		if i != (Introspection{}) {
			report("introspection.allow", "is required")
		}
		return
	}
	if c.Public() {
		report("introspection", "needs a client that authenticates: require_secret: true (RFC 7662 §2.1)")
	}
	for _, setting := range []struct {
		path string
		err  error
	}{
		{"allow", oneOf(string(AllowOwn), string(AllowTenant), string(AllowPlatform))(string(i.Allow))},
		{"profile", oneOf(string(ProfileGeneric), string(ProfileAudioCodes))(string(i.Profile))},
		{"required_scope", knownOrNone(i.RequiredScope)},
	} {
		if setting.err != nil {
			report("introspection."+setting.path, "%w", setting.err)
		}
	}
}

func knownOrNone(scope string) error {
	if scope == "" {
		return nil
	}
	return oneOf(mapping.Scopes()...)(scope)
}

// native reports whether a redirect leads into an application on the person's device (RFC 8252).
func (c *Client) native() bool {
	return slices.ContainsFunc(c.RedirectURIs, func(uri string) bool {
		_, loopback := cutLoopback(uri)
		return loopback || !strings.HasPrefix(uri, "https:") && !strings.HasPrefix(uri, "http:")
	})
}
