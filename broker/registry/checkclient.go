package registry

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/patchbay-auth/patchbay/mapping"
)

// MaxTokenLifetime bounds access and ID tokens of every client, and with them how long a retired
// signing key must stay published: a token never outlives its key.
const MaxTokenLifetime = 24 * time.Hour

// Defaults and limits of a client's lifetimes.
const (
	defaultIdentityLifetime = 5 * time.Minute
	defaultAccessLifetime   = 15 * time.Minute

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
	checkGrants(c, report)
	checkResponses(c, report)
	checkRedirects(c, report)
	checkLogout(c, report)
	checkList(report, "cors_origins", c.CORSOrigins, checkOrigin)
	checkScopes(c, report)
	checkSecrets(c, report)
	if c.RequirePushed && !c.authorizes() {
		report("require_pushed_authorization_requests", "is of use only with the grant authorization_code or with response_types")
	}
	if c.RequireConsent && !c.LogsIn() {
		report("require_consent", "is of use only where people log in: with the grants authorization_code and device_code")
	}
	for _, setting := range []struct {
		path, value string
		allowed     []string
	}{
		{"access_token_type", c.AccessTokenType, []string{"at+jwt", "JWT"}},
		{"access_token_signing_alg", c.AccessTokenSigningAlg, []string{"ES256", "RS256", "EdDSA"}},
		{"id_token_signing_alg", c.IDTokenSigningAlg, []string{"RS256", "ES256", "EdDSA"}},
	} {
		if err := oneOf(setting.allowed...)(setting.value); err != nil {
			report(setting.path, "%w", err)
		}
	}
	checkBetween(report, "identity_token_lifetime", c.IdentityTokenLifetime, time.Second, MaxTokenLifetime)
	checkBetween(report, "access_token_lifetime", c.AccessTokenLifetime, time.Second, MaxTokenLifetime)
	checkRefresh(c, report)
	checkIntrospection(c, report)
	checkProductAccess(c, report)
	checkTrustedIssuers(c, report)
	checkTokenExchange(c, report)
}

func checkRedirects(c *Client, report report) {
	checkList(report, "redirect_uris", c.RedirectURIs, checkRedirectURI)
	checkList(report, "post_logout_redirect_uris", c.PostLogoutRedirectURIs, checkRedirectURI)
	switch {
	case c.authorizes() && len(c.RedirectURIs) == 0:
		report("redirect_uris", "is required for the grant authorization_code and for response_types")
	case !c.authorizes() && len(c.RedirectURIs) > 0:
		report("redirect_uris", "is of use only with the grant authorization_code or with response_types")
	}
}

// ScopeAdmin lets a client call the administration API. Only a platform administrator gives it.
const ScopeAdmin = "patchbay.admin"

// Scopes returns every scope a client may have.
func Scopes() []string { return append(mapping.Scopes(), ScopeAdmin) }

func checkScopes(c *Client, report report) {
	checkList(report, "scopes", c.Scopes, oneOf(Scopes()...))
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
