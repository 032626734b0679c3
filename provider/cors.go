package provider

import (
	"net/http"
	"strings"
)

// What a script may send, and what it may read of an answer besides its body.
const (
	allowedHeaders = "Authorization, Content-Type, X-Requested-With"
	exposedHeaders = "WWW-Authenticate, Retry-After"
	// preflightAge is how long browsers may keep the answer to a preflight, in seconds; an origin that
	// is struck off the list is refused by then.
	preflightAge = "600"
)

// public reports whether an endpoint tells everybody the same, so that any origin may read it.
func (e endpoint) public() bool { return e == discovery || e == metadata || e == jwks }

// registered reports whether scripts may call an endpoint from the origins that clients registered.
// The endpoints that browsers visit are not among them: a script has no business there.
func (e endpoint) registered() bool {
	return e == tokens || e == userinfo || e == introspection || e == revocation || e == pushedAuthorization
}

// preflight answers the question that a browser asks before it lets a script send a request (Fetch
// §3.3.7). It reports whether there was one: OPTIONS without an Origin is something else, such as the
// keep-alive of a switch.
func (p *provider) preflight(w http.ResponseWriter, r *http.Request, is issuer, e endpoint) bool {
	origin := r.Header.Get("Origin")
	if r.Method != http.MethodOptions || origin == "" || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h := w.Header()
	noStore(h)
	switch {
	case e.public():
		h.Set("Access-Control-Allow-Origin", "*")
	case e.registered():
		h.Set("Vary", "Origin")
		if x := p.newExchange(r, is, e); p.limits.spendAddress(x, 1) != nil {
			p.answer(w, r, x, nil, x.charged.fault())
			return true
		}
		if !p.registry.Snapshot().AllowsOrigin(is.account, origin) {
			w.WriteHeader(http.StatusForbidden)
			return true
		}
		h.Set("Access-Control-Allow-Origin", origin)
	default:
		return false
	}
	h.Set("Access-Control-Allow-Methods", strings.Join(e.methods(), ", "))
	h.Set("Access-Control-Allow-Headers", allowedHeaders)
	h.Set("Access-Control-Max-Age", preflightAge)
	w.WriteHeader(http.StatusNoContent)
	return true
}

// share lets a script read the answer if the client that it speaks for has registered its origin. An
// answer about no client is an error that anybody gets for such a request; a script may read it if the
// preflight would have let it ask. Credentials of the browser are never involved: the header that
// allows them is never set.
func (p *provider) share(h http.Header, r *http.Request, x *exchange) {
	if !x.endpoint.registered() {
		return
	}
	h.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if origin == "" {
		return
	}
	allowed := false
	if x.client != nil {
		allowed = x.client.AllowsOrigin(origin)
	} else {
		allowed = p.registry.Snapshot().AllowsOrigin(x.issuer.account, origin)
	}
	if allowed {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Expose-Headers", exposedHeaders)
	}
}
