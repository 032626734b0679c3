package registry

import (
	"encoding/json"

	"github.com/goccy/go-yaml"
)

func outlineClient(c *Client) outline {
	var o outline
	o.text("id", c.ID)
	o.text("name", c.Name)
	o.text("description", c.Description)
	if !c.Enabled {
		o.add("enabled", false)
	}
	o.until("expires", c.Expires)
	o.list("grant_types", c.GrantTypes)
	o.list("redirect_uris", c.RedirectURIs)
	o.list("post_logout_redirect_uris", c.PostLogoutRedirectURIs)
	o.list("response_types", c.ResponseTypes)
	o.text("backchannel_logout_uri", c.BackchannelLogoutURI)
	o.text("frontchannel_logout_uri", c.FrontchannelLogoutURI)
	o.text("initiate_login_uri", c.InitiateLoginURI)
	o.list("cors_origins", c.CORSOrigins)
	o.list("scopes", c.Scopes)
	o.list("default_scopes", c.DefaultScopes)
	o.add("require_secret", c.RequireSecret)
	o.flag("require_pkce", c.RequirePKCE)
	o.flag("require_pushed_authorization_requests", c.RequirePushed)
	o.flag("require_consent", c.RequireConsent)
	o.text("access_token_type", c.AccessTokenType)
	o.text("access_token_signing_alg", c.AccessTokenSigningAlg)
	o.text("id_token_signing_alg", c.IDTokenSigningAlg)
	o.text("identity_token_lifetime", short(c.IdentityTokenLifetime))
	o.text("access_token_lifetime", short(c.AccessTokenLifetime))
	if c.MayUse(GrantRefreshToken) {
		o.add("refresh", yaml.MapSlice{
			{Key: "rotation", Value: c.Refresh.Rotation},
			{Key: "grace", Value: short(c.Refresh.Grace)},
			{Key: "sliding", Value: short(c.Refresh.Sliding)},
			{Key: "absolute", Value: short(c.Refresh.Absolute)},
		})
	}
	if c.Introspection.Allow != "" {
		o.add("introspection", yaml.MapSlice{
			{Key: "allow", Value: string(c.Introspection.Allow)},
			{Key: "profile", Value: string(c.Introspection.Profile)},
			{Key: "required_scope", Value: c.Introspection.RequiredScope},
		})
	}
	outlineGrants(&o, c)
	return o
}

// outlineGrants adds what single grants need.
func outlineGrants(o *outline, c *Client) {
	var access, issuers []yaml.MapSlice
	for _, a := range c.ProductAccess {
		access = append(access, yaml.MapSlice{
			{Key: "platform", Value: a.Platform},
			{Key: "solution", Value: escape(string(a.Solution))},
			{Key: "user_id", Value: escape(string(a.UserID))},
		})
	}
	for _, t := range c.TrustedIssuers {
		issuers = append(issuers, yaml.MapSlice{
			{Key: "issuer", Value: escape(t.Issuer)},
			{Key: "jwks", Value: object(t.Keys)},
			{Key: "subject_is", Value: t.SubjectIs},
		})
	}
	if len(access) > 0 {
		o.add("product_access", access)
	}
	if len(issuers) > 0 {
		o.add("trusted_issuers", issuers)
	}
	var exchange outline
	exchange.list("audiences", c.TokenExchange.Audiences)
	exchange.list("connections", c.TokenExchange.Connections)
	if len(exchange) > 0 {
		o.add("token_exchange", yaml.MapSlice(exchange))
	}
}

// object returns stored JSON as a value that YAML can write; yamlfault.JSON reads it back.
func object(stored []byte) any {
	var value map[string]any
	if json.Unmarshal(stored, &value) != nil {
		return nil
	}
	return value
}
