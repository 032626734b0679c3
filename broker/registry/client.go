package registry

import (
	"slices"
	"time"

	"github.com/patchbay-auth/patchbay/mapping"
)

// A Client is an OAuth 2.0 client of one tenant, or of the platform.
type Client struct {
	// ID is the canonical, lower-case client id.
	ID string `json:"id"`
	// Account is empty for a platform client: its tenant is the one that a person logs in to.
	Account     Account   `json:"account"`
	Name        string    `json:"name"`
	Description string    `json:"description,omitempty"`
	Enabled     bool      `json:"enabled"`
	Expires     time.Time `json:"expires,omitzero"`

	GrantTypes             []string `json:"grant_types,omitempty"`
	RedirectURIs           []string `json:"redirect_uris,omitempty"`
	PostLogoutRedirectURIs []string `json:"post_logout_redirect_uris,omitempty"`
	// ResponseTypes are those of the authorization endpoint; "code" alone unless the client is
	// allowed implicit or hybrid ones.
	ResponseTypes []string `json:"response_types,omitempty"`
	// BackchannelLogoutURI and FrontchannelLogoutURI hear of ended sessions; empty means not.
	BackchannelLogoutURI  string `json:"backchannel_logout_uri,omitempty"`
	FrontchannelLogoutURI string `json:"frontchannel_logout_uri,omitempty"`
	// InitiateLoginURI is where the client begins a login that somebody else asks for (OpenID Connect
	// Core §4); empty means nowhere.
	InitiateLoginURI string `json:"initiate_login_uri,omitempty"`
	// CORSOrigins are the origins whose scripts may call the client's endpoints.
	CORSOrigins []string `json:"cors_origins,omitempty"`
	Scopes      []string `json:"scopes,omitempty"`
	// DefaultScopes are granted when a request names none.
	DefaultScopes []string `json:"default_scopes,omitempty"`

	// RequireSecret is false for a public client, which must then use PKCE.
	RequireSecret bool `json:"require_secret"`
	RequirePKCE   bool `json:"require_pkce,omitempty"`
	// RequirePushed refuses authorization requests that were not pushed (RFC 9126 §6).
	RequirePushed bool `json:"require_pushed_authorization_requests,omitempty"`
	// RequireConsent asks the person before the client learns anything.
	RequireConsent bool           `json:"require_consent,omitempty"`
	Secrets        []ClientSecret `json:"secrets,omitempty"`

	// AccessTokenType is the typ of the access token's header: "at+jwt" (RFC 9068), or "JWT" for
	// old resource servers.
	AccessTokenType       string        `json:"access_token_type"`
	AccessTokenSigningAlg string        `json:"access_token_signing_alg"`
	IDTokenSigningAlg     string        `json:"id_token_signing_alg"`
	IdentityTokenLifetime time.Duration `json:"identity_token_lifetime"`
	AccessTokenLifetime   time.Duration `json:"access_token_lifetime"`
	Refresh               Refresh       `json:"refresh"`

	Introspection Introspection `json:"introspection,omitzero"`
	// ProductAccess lists the users that the client may act as with client_credentials.
	ProductAccess []ProductAccess `json:"product_access,omitempty"`
	// TrustedIssuers sign the assertions of the jwt-bearer grant (RFC 7523 §2.1).
	TrustedIssuers []TrustedIssuer `json:"trusted_issuers,omitempty"`
	TokenExchange  TokenExchange   `json:"token_exchange,omitzero"`
}

// ProductAccess allows client_credentials with the scope platform:solution:user_id.
type ProductAccess struct {
	// Platform is the product, and the scope granted: "contact-centre".
	Platform string `json:"platform"`
	// Solution is the tenant's key in the legacy database.
	Solution mapping.TenantKey `json:"solution"`
	UserID   mapping.UserID    `json:"user_id"`
}

// A TrustedIssuer signs assertions that name users of the tenant by their legacy login or id.
type TrustedIssuer struct {
	Issuer string `json:"issuer"`
	// Keys is a JWK set of its public keys.
	Keys []byte `json:"keys"`
	// SubjectIs says what sub holds: "user_id" or "login".
	SubjectIs string `json:"subject_is"`
}

// TokenExchange says what the token exchange grant (RFC 8693) may do for a client.
type TokenExchange struct {
	// Audiences may be asked for.
	Audiences []string `json:"audiences,omitempty"`
	// Connections are those of whose IdP a token may be exchanged, mapped like a login.
	Connections []string `json:"connections,omitempty"`
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

// A ClientSecret is a way for the client to prove itself. Exactly one of SHA256, Argon2id and
// PublicKey is set.
type ClientSecret struct {
	Description string `json:"description,omitempty"`
	// SHA256 is the digest of a generated secret of at least 32 characters.
	SHA256 []byte `json:"sha256,omitempty"`
	// Argon2id is the encoded hash of a secret that a person chose (weak: true).
	Argon2id string `json:"argon2id,omitempty"`
	// PublicKey is a JWK that verifies the client's assertions (private_key_jwt, RFC 7523 §2.2).
	PublicKey []byte    `json:"public_key,omitempty"`
	Expires   time.Time `json:"expires,omitzero"`
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

// At reports whether the client may be used for the tenant: it is the tenant's, or the platform's.
func (c *Client) At(account Account) bool { return c.Account == account || c.Platform() }

// Platform reports whether the client belongs to the platform and not to a tenant.
func (c *Client) Platform() bool { return c.Account == "" }

// Usable reports whether the client may be used at now.
func (c *Client) Usable(now time.Time) bool {
	return c.Enabled && (c.Expires.IsZero() || now.Before(c.Expires))
}

// Public reports whether the client authenticates with nothing (RFC 6749 §2.1).
func (c *Client) Public() bool { return !c.RequireSecret }

// MayUse reports whether the client has the grant type.
func (c *Client) MayUse(grantType string) bool { return slices.Contains(c.GrantTypes, grantType) }
