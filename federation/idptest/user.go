package idptest

import (
	"slices"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// A User is a person who can log in.
type User struct {
	// Subject is the sub claim.
	Subject         string
	Login, Password string
	// Claims are asserted as they are: email and email_verified with the scope email, all others
	// with the scope profile. The token's own claims (sub, aud, …) cannot be replaced.
	Claims map[string]any
}

// A Client is a relying party.
type Client struct {
	ID string
	// Secret is sent by HTTP Basic or in the form. Empty makes the client a public one.
	Secret       string
	RedirectURIs []string
	// PostLogoutRedirectURIs are where a logout here may lead to, compared byte by byte.
	PostLogoutRedirectURIs []string
	// BackchannelLogoutURI takes logout tokens.
	BackchannelLogoutURI string
	// ClaimsInUserinfo leaves the scopes' claims out of ID tokens.
	ClaimsInUserinfo bool
}

// tokenLifetime is that of ID and access tokens.
const tokenLifetime = 5 * time.Minute

// A relyingParty is a Client in op's terms.
type relyingParty struct{ Client }

func (c relyingParty) GetID() string                     { return c.ID }
func (c relyingParty) RedirectURIs() []string            { return c.Client.RedirectURIs }
func (c relyingParty) PostLogoutRedirectURIs() []string  { return c.Client.PostLogoutRedirectURIs }
func (relyingParty) ApplicationType() op.ApplicationType { return op.ApplicationTypeWeb }
func (relyingParty) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}

func (relyingParty) GrantTypes() []oidc.GrantType           { return []oidc.GrantType{oidc.GrantTypeCode} }
func (relyingParty) LoginURL(id string) string              { return loginPath + "?id=" + id }
func (relyingParty) IDTokenLifetime() time.Duration         { return tokenLifetime }
func (relyingParty) ClockSkew() time.Duration               { return 0 }
func (relyingParty) IsScopeAllowed(string) bool             { return false }
func (c relyingParty) IDTokenUserinfoClaimsAssertion() bool { return !c.ClaimsInUserinfo }

// DevMode allows redirects to plain http, also for public clients: everything here is loopback.
func (relyingParty) DevMode() bool { return true }

// AccessTokenType is JWT: op's opaque tokens break on a subject with a colon in it.
func (relyingParty) AccessTokenType() op.AccessTokenType { return op.AccessTokenTypeJWT }

func (c relyingParty) AuthMethod() oidc.AuthMethod {
	if c.Secret == "" {
		return oidc.AuthMethodNone
	}
	return oidc.AuthMethodBasic
}

func (relyingParty) RestrictAdditionalIdTokenScopes() func([]string) []string {
	return slices.Clone[[]string]
}

func (relyingParty) RestrictAdditionalAccessTokenScopes() func([]string) []string {
	return slices.Clone[[]string]
}
