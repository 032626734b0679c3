package provider

import (
	"net/http"

	"github.com/zitadel/oidc/v3/pkg/op"
)

// An endpoint is one address of an issuer.
type endpoint string

const (
	discovery     endpoint = "discovery"
	metadata      endpoint = "metadata" // RFC 8414, appended to the issuer
	jwks          endpoint = "jwks"
	authorization endpoint = "authorization"
	tokens        endpoint = "token"
	userinfo      endpoint = "userinfo"
	introspection endpoint = "introspection"
	revocation    endpoint = "revocation"
	endSession    endpoint = "end_session"

	deviceAuthorization endpoint = "device_authorization"
	pushedAuthorization endpoint = "pushed_authorization_request"
)

// methods returns what the endpoint answers to, as an Allow header lists it.
func (e endpoint) methods() []string {
	switch e {
	case tokens, revocation, deviceAuthorization, pushedAuthorization:
		return []string{http.MethodPost}
	case introspection:
		return []string{http.MethodPost, http.MethodOptions}
	case tokenInformation:
		return []string{http.MethodGet}
	case authorization, userinfo, endSession:
		return []string{http.MethodGet, http.MethodPost}
	case discovery, metadata, jwks:
		return []string{http.MethodGet, http.MethodHead}
	}
	return nil
}

// authenticates reports whether the endpoint knows its caller by client authentication.
func (e endpoint) authenticates() bool {
	switch e {
	case tokens, introspection, revocation, deviceAuthorization, pushedAuthorization:
		return true
	case discovery, metadata, jwks, authorization, userinfo, endSession, tokenInformation:
	}
	return false
}

// takesBearer reports whether the endpoint knows its caller by an access token (RFC 6750).
func (e endpoint) takesBearer() bool { return e == userinfo || e == tokenInformation }

// A layout is a way to lay out the endpoints below an issuer, and the dialect spoken there.
type layout struct {
	// realm is set for the layout with one issuer per account; its dialect differs in the places
	// that dialect.go lists.
	realm bool
	paths map[endpoint]string
}

// shared is the layout in which one issuer serves every tenant.
func shared() *layout {
	return &layout{paths: map[endpoint]string{
		discovery:     "/.well-known/openid-configuration",
		metadata:      "/.well-known/oauth-authorization-server",
		jwks:          "/.well-known/openid-configuration/jwks",
		authorization: "/connect/authorize",
		tokens:        "/connect/token",
		userinfo:      "/connect/userinfo",
		introspection: "/connect/introspect",
		revocation:    "/connect/revocation",
		endSession:    "/connect/endsession",

		deviceAuthorization: "/connect/deviceauthorization",
		pushedAuthorization: "/connect/par",
	}}
}

// perRealm is the layout with an issuer for each tenant.
func perRealm() *layout {
	return &layout{realm: true, paths: map[endpoint]string{
		discovery:     "/.well-known/openid-configuration",
		metadata:      "/.well-known/oauth-authorization-server",
		jwks:          "/protocol/openid-connect/certs",
		authorization: "/protocol/openid-connect/auth",
		tokens:        "/protocol/openid-connect/token",
		userinfo:      "/protocol/openid-connect/userinfo",
		introspection: "/protocol/openid-connect/token/introspect",
		revocation:    "/protocol/openid-connect/revoke",
		endSession:    "/protocol/openid-connect/logout",

		deviceAuthorization: "/protocol/openid-connect/auth/device",
		pushedAuthorization: "/protocol/openid-connect/ext/par/request",
	}}
}

// tokenType is the token_type of every access token, as the layout's clients compare it.
func (l *layout) tokenType() string {
	if l.realm {
		return "bearer"
	}
	return "Bearer"
}

// libraryEndpoints are those the library routes. The others answer with pages and documents, which
// its Server interface cannot return, or must be quicker than its router is.
func (l *layout) libraryEndpoints() op.Endpoints {
	return op.Endpoints{
		Token:      op.NewEndpoint(l.paths[tokens]),
		Userinfo:   op.NewEndpoint(l.paths[userinfo]),
		Revocation: op.NewEndpoint(l.paths[revocation]),
	}
}
