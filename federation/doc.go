// Package federation sends people to upstream identity providers (IdPs) and verifies who comes
// back. It knows nothing of users: it returns a [mapping.Identity], what an IdP asserted about a
// person, and leaves to the broker who that is.
//
// [Open] returns an OpenID Connect upstream without touching the network. A login is two calls,
// with the browser between them:
//
//	Start ──► URL, Memo ──► browser at the IdP ──► callback ──► Finish ──► mapping.Identity
//	  │                                                          │
//	  │ discovery (cached)                                       ├─ callback: iss, error, one code
//	  │ PKCE verifier, nonce ──────────── Memo ────────────────► ├─ code + verifier → tokens
//	                                                             ├─ ID token: header, signature, claims
//	                                                             └─ userinfo, if a claim is missing
//
// An upstream keeps two things between logins, each with a time to refresh it and a time after
// which it is no longer believed: the IdP's metadata and its keys. Both are fetched when first
// needed, by one request at a time, and so seldom that neither a dead IdP nor a stream of tokens
// with unknown key ids becomes a stream of requests. Upstreams share nothing, so that one IdP's
// trouble is never another's.
//
// Whatever an IdP or a browser sends is hostile until verified: addresses, redirects, sizes,
// metadata, keys, headers, claims. Error texts may quote it; they belong in the log, not on a page.
package federation
