package provider

import (
	"net/url"
	"slices"
	"strings"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

// What a response type may consist of (OAuth 2.0 Multiple Response Type Encoding Practices §5).
const (
	wantsCode    = "code"
	wantsToken   = "token"
	wantsIDToken = "id_token"
)

// grantImplicit is what registration calls the way to tokens of the front channel (OpenID Connect
// Dynamic Client Registration §2). No client sends it to the token endpoint.
const grantImplicit = "implicit"

// responseType returns the response type in its registered spelling, or as it was sent.
func responseType(q url.Values) string {
	if registered, ok := registry.ResponseType(q.Get("response_type")); ok {
		return registered
	}
	return q.Get("response_type")
}

// inFront reports whether the answer to a response type, known or not, is to hold tokens: those must
// not get into a query, where servers and histories keep them.
func inFront(responseType string) bool {
	words := strings.Fields(responseType)
	return slices.Contains(words, wantsToken) || slices.Contains(words, wantsIDToken)
}

// responseMode returns how to answer, errors included: a mode that is not possible is answered in the
// default one of the response type (Multiple Response Types §5).
func responseMode(q url.Values) string {
	mode := q.Get("response_mode")
	switch front := inFront(q.Get("response_type")); {
	case modePossible(mode, q.Get("redirect_uri")) && !(front && mode == modeQuery):
		return mode
	case front:
		return modeFragment
	}
	return modeQuery
}

// judgeResponse decides whether the client may ask for a response type, and so.
func judgeResponse(client *registry.Client, q url.Values) *Fault {
	registered, known := registry.ResponseType(q.Get("response_type"))
	switch {
	case q.Get("response_type") == "":
		return invalidRequest("response_type is missing")
	case !known:
		return &Fault{Code: "unsupported_response_type", Description: "response_type is not supported"}
	case !client.MayRespond(registered):
		return &Fault{Code: "unauthorized_client", Description: "The client may not use this response_type"}
	case inFront(registered) && q.Get("response_mode") == modeQuery:
		return invalidRequest("Tokens are not sent in a query: response_mode must be fragment or form_post")
	}
	return nil
}

// judgeIDToken applies what an ID token in the front channel needs: a nonce, without which it could be
// replayed, and the scope that it is granted by (OpenID Connect Core §3.2.2.1, §3.3.2.11).
func judgeIDToken(req broker.AuthRequest) *Fault {
	switch {
	case !req.Wants(wantsIDToken):
		return nil
	case req.Nonce == "":
		return invalidRequest("nonce is required for an id_token")
	case !slices.Contains(req.Scope, mapping.ScopeOpenID):
		return invalidScope("An id_token needs the scope openid")
	}
	return nil
}
