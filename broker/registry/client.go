package registry

import (
	"slices"
	"time"
)

// A Client is an OAuth 2.0 client of one tenant.
type Client struct {
	// ID is the canonical, lower-case client id.
	ID          string    `json:"id"`
	Account     Account   `json:"account"`
	Name        string    `json:"name"`
	Description string    `json:"description,omitempty"`
	Enabled     bool      `json:"enabled"`
	Expires     time.Time `json:"expires,omitzero"`

	GrantTypes             []string `json:"grant_types,omitempty"`
	RedirectURIs           []string `json:"redirect_uris,omitempty"`
	PostLogoutRedirectURIs []string `json:"post_logout_redirect_uris,omitempty"`
	Scopes                 []string `json:"scopes,omitempty"`
	// DefaultScopes are granted when a request names none.
	DefaultScopes []string `json:"default_scopes,omitempty"`

	// RequireSecret is false for a public client, which must then use PKCE.
	RequireSecret bool           `json:"require_secret"`
	RequirePKCE   bool           `json:"require_pkce,omitempty"`
	Secrets       []ClientSecret `json:"secrets,omitempty"`

	// AccessTokenType is the typ of the access token's header: "at+jwt" (RFC 9068), or "JWT" for
	// old resource servers.
	AccessTokenType       string        `json:"access_token_type"`
	AccessTokenSigningAlg string        `json:"access_token_signing_alg"`
	IDTokenSigningAlg     string        `json:"id_token_signing_alg"`
	IdentityTokenLifetime time.Duration `json:"identity_token_lifetime"`
	AccessTokenLifetime   time.Duration `json:"access_token_lifetime"`
	Refresh               Refresh       `json:"refresh"`

	Introspection Introspection `json:"introspection,omitzero"`
}

// Refresh is a client's refresh token policy (RFC 9700 §4.14).
type Refresh struct {
	Rotation bool `json:"rotation"`
	// Grace is how long the parent of the newest token still answers with that same newest token,
	// so that parallel tabs and lost replies log nobody out. At most 10 s for public clients.
	Grace time.Duration `json:"grace"`
	// Sliding is how long a token that nobody uses lives; Absolute bounds the whole family.
	Sliding  time.Duration `json:"sliding"`
	Absolute time.Duration `json:"absolute"`
}

// A ClientSecret is a hash of a client secret. Exactly one of SHA256 and Argon2id is set.
type ClientSecret struct {
	Description string `json:"description,omitempty"`
	// SHA256 is the digest of a generated secret of at least 32 characters.
	SHA256 []byte `json:"sha256,omitempty"`
	// Argon2id is the encoded hash of a secret that a person chose (weak: true).
	Argon2id string    `json:"argon2id,omitempty"`
	Expires  time.Time `json:"expires,omitzero"`
}

// Introspection says what the client may learn about tokens (RFC 7662), and in which shape.
type Introspection struct {
	Allow   Allow   `json:"allow,omitempty"`
	Profile Profile `json:"profile,omitempty"`
	// RequiredScope makes a token without that scope inactive for this caller.
	RequiredScope string `json:"required_scope,omitempty"`
}

// Allow says whose tokens a client may introspect. The zero value allows none.
type Allow string

// Whose tokens a client may introspect.
const (
	AllowOwn      Allow = "own"      // tokens issued to the client itself
	AllowTenant   Allow = "tenant"   // tokens of the client's tenant
	AllowPlatform Allow = "platform" // every token; only a platform administrator grants it
)

// Profile is the shape of an introspection answer.
type Profile string

// The shapes of an introspection answer.
const (
	ProfileGeneric    Profile = "generic"    // username is the legacy user name
	ProfileAudioCodes Profile = "audiocodes" // username is the softphone's address of record
)

// Usable reports whether the client may be used at now.
func (c *Client) Usable(now time.Time) bool {
	return c.Enabled && (c.Expires.IsZero() || now.Before(c.Expires))
}

// Public reports whether the client authenticates with nothing (RFC 6749 §2.1).
func (c *Client) Public() bool { return !c.RequireSecret }

// MayUse reports whether the client has the grant type.
func (c *Client) MayUse(grantType string) bool { return slices.Contains(c.GrantTypes, grantType) }
