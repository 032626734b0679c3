// Package resource lets an API accept patchbay's access tokens. It is a leaf: beside the standard
// library it needs go-jose alone.
//
//	v, err := resource.New(resource.Config{
//		Issuers:  []string{"https://login.example.com/id"},
//		Audience: "contact-centre",
//	})
//	mux.Handle("GET /calls", v.Require(resource.Need{Scopes: []string{"contact-centre"}})(calls))
//
// A token is judged in one of two ways:
//
//	              local (the default)                 introspection
//	signature     here, with the issuer's key set     at the issuer
//	revocation    seen when the token expires         seen within CacheFor
//	issuer down   tokens of known keys still work     503
//
// Either way the issuer, the audience and the times are checked here. The answers are those of RFC 6750
// §3: 401 without an error for a request without a token, 401 invalid_token, 403 insufficient_scope, and
// 503 with Retry-After when the token cannot be judged, which says nothing about it.
package resource
