package registry

import (
	"fmt"
	"strings"
	"time"

	"github.com/patchbay-auth/patchbay/mapping"
)

// clientYAML is a client as the tenant file writes it. A nil pointer takes its default.
type clientYAML struct {
	ID          string    `yaml:"id"`
	Name        string    `yaml:"name"`
	Description string    `yaml:"description"`
	Enabled     *bool     `yaml:"enabled"`
	Expires     time.Time `yaml:"expires"`

	GrantTypes             []string `yaml:"grant_types"`
	RedirectURIs           []string `yaml:"redirect_uris"`
	PostLogoutRedirectURIs []string `yaml:"post_logout_redirect_uris"`
	ResponseTypes          []string `yaml:"response_types"`
	BackchannelLogoutURI   string   `yaml:"backchannel_logout_uri"`
	FrontchannelLogoutURI  string   `yaml:"frontchannel_logout_uri"`
	InitiateLoginURI       string   `yaml:"initiate_login_uri"`
	CORSOrigins            []string `yaml:"cors_origins"`
	Scopes                 []string `yaml:"scopes"`
	DefaultScopes          []string `yaml:"default_scopes"`

	RequireSecret  *bool         `yaml:"require_secret"`
	RequirePKCE    bool          `yaml:"require_pkce"`
	RequirePushed  bool          `yaml:"require_pushed_authorization_requests"`
	RequireConsent bool          `yaml:"require_consent"`
	Secrets        *[]secretYAML `yaml:"secrets"`

	AccessTokenType       string             `yaml:"access_token_type"`
	AccessTokenSigningAlg string             `yaml:"access_token_signing_alg"`
	IDTokenSigningAlg     string             `yaml:"id_token_signing_alg"`
	IdentityTokenLifetime *time.Duration     `yaml:"identity_token_lifetime"`
	AccessTokenLifetime   *time.Duration     `yaml:"access_token_lifetime"`
	Refresh               *refreshYAML       `yaml:"refresh"`
	Introspection         *introspectionYAML `yaml:"introspection"`

	ProductAccess  []productAccessYAML `yaml:"product_access"`
	TrustedIssuers []trustedIssuerYAML `yaml:"trusted_issuers"`
	TokenExchange  tokenExchangeYAML   `yaml:"token_exchange"`
}

type productAccessYAML struct {
	Platform string `yaml:"platform"`
	Solution string `yaml:"solution"`
	UserID   string `yaml:"user_id"`
}

type tokenExchangeYAML struct {
	Audiences   []string `yaml:"audiences"`
	Connections []string `yaml:"connections"`
}

type refreshYAML struct {
	Rotation *bool          `yaml:"rotation"`
	Grace    *time.Duration `yaml:"grace"`
	Sliding  *time.Duration `yaml:"sliding"`
	Absolute *time.Duration `yaml:"absolute"`
}

type introspectionYAML struct {
	Allow         string  `yaml:"allow"`
	Profile       string  `yaml:"profile"`
	RequiredScope *string `yaml:"required_scope"`
}

// client completes the client with its defaults.
func (y clientYAML) client(account Account, report report) fileClient {
	c := fileClient{Client: Client{
		// Client ids ignore ASCII case; the canonical form is lower-case.
		ID: foldASCII(y.ID), Account: account, Name: first(y.Name, y.ID), Description: y.Description,
		Enabled: or(y.Enabled, true), Expires: y.Expires,
		GrantTypes: y.GrantTypes, RedirectURIs: y.RedirectURIs, PostLogoutRedirectURIs: y.PostLogoutRedirectURIs,
		BackchannelLogoutURI: y.BackchannelLogoutURI, FrontchannelLogoutURI: y.FrontchannelLogoutURI,
		InitiateLoginURI: y.InitiateLoginURI, CORSOrigins: y.CORSOrigins, Scopes: y.Scopes, DefaultScopes: y.DefaultScopes,
		RequireSecret: or(y.RequireSecret, true), RequirePKCE: y.RequirePKCE, RequireConsent: y.RequireConsent,
		RequirePushed:         y.RequirePushed,
		AccessTokenType:       first(y.AccessTokenType, "at+jwt"),
		AccessTokenSigningAlg: first(y.AccessTokenSigningAlg, "ES256"),
		IDTokenSigningAlg:     first(y.IDTokenSigningAlg, "RS256"),
		IdentityTokenLifetime: or(y.IdentityTokenLifetime, defaultIdentityLifetime),
		AccessTokenLifetime:   or(y.AccessTokenLifetime, defaultAccessLifetime),
		TokenExchange:         TokenExchange{Audiences: y.TokenExchange.Audiences, Connections: y.TokenExchange.Connections},
	}}
	for _, text := range y.ResponseTypes {
		if registered, ok := ResponseType(text); ok {
			text = registered
		}
		c.ResponseTypes = append(c.ResponseTypes, text)
	}
	for _, a := range y.ProductAccess {
		c.ProductAccess = append(c.ProductAccess, ProductAccess{a.Platform, mapping.TenantKey(a.Solution), mapping.UserID(a.UserID)})
	}
	for _, t := range y.TrustedIssuers {
		c.TrustedIssuers = append(c.TrustedIssuers, t.trust())
	}
	c.Introspection = y.Introspection.introspection()
	c.Refresh = y.Refresh.refresh(&c.Client)
	if y.Refresh != nil && c.Refresh == (Refresh{}) {
		report("refresh", "is of use only with the grant refresh_token")
	}
	if c.keepSecrets = y.Secrets == nil; !c.keepSecrets {
		for i, s := range *y.Secrets {
			at := fmt.Sprintf("secrets[%d].", i)
			c.secrets = append(c.secrets, s.secret(func(path, format string, args ...any) { report(at+path, format, args...) }))
		}
		if c.Public() && len(c.secrets) > 0 {
			report("secrets", "a client with require_secret: false has none")
		}
	}
	return c
}

func (y *refreshYAML) refresh(c *Client) Refresh {
	if !c.MayUse(GrantRefreshToken) {
		return Refresh{}
	}
	if y == nil {
		y = &refreshYAML{}
	}
	grace, absolute := defaultGrace, defaultAbsolute
	if c.Public() {
		grace = maxPublicGrace
	}
	if c.native() {
		absolute = defaultNativeLimit
	}
	absolute = or(y.Absolute, absolute)
	return Refresh{
		Rotation: or(y.Rotation, true), Grace: or(y.Grace, grace),
		Sliding: or(y.Sliding, min(defaultSliding, absolute)), Absolute: absolute,
	}
}

func (y *introspectionYAML) introspection() Introspection {
	if y == nil {
		return Introspection{}
	}
	i := Introspection{Allow: Allow(y.Allow), Profile: Profile(first(y.Profile, string(ProfileGeneric)))}
	// A switch learns a softphone only from tokens that were meant for telephony, unless the file says
	// otherwise, with an empty text if need be.
	if i.Profile == ProfileAudioCodes {
		i.RequiredScope = mapping.ScopeContactCentre
	}
	i.RequiredScope = strings.TrimSpace(or(y.RequiredScope, i.RequiredScope))
	return i
}
