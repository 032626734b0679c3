// Package provider is the public face of patchbay: an OpenID Provider with two layouts of its
// addresses, a shared issuer for all tenants and one issuer for each.
//
// Clients and switches talk to endpoints that the OpenID Provider library routes; browsers to
// endpoints that answer with redirects and pages, which the library's interface cannot:
//
//	                    +--> front handler --> library's router --> server's methods --+
//	request --> mux ----+                                                              +--> one renderer
//	                    +--> authorize, end session --> broker.Engine --> pages        |    for faults
//	                    +--> discovery, key sets -------------------------------------+
//
// The front handler judges the request before the library sees it (method, form, client), because the
// library judges some of it wrongly and some not at all. What it hands on holds no credentials. Every
// error becomes a Fault, and one place writes Faults, in the dialect of the layout.
//
// A failure of ours is never an answer about the user, the client or the token: it is 503 with
// Retry-After, and nothing was consumed.
package provider
