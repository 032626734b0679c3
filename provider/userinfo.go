package provider

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/patchbay-auth/patchbay/mapping"
)

// missingToken is the code of a request that shows no token. RFC 6750 §3.1 has no name for it, and
// the challenge leaves it out.
const missingToken = "unauthorized"

// userinfo returns the claims that the token's scopes allow (OpenID Connect Core §5.3), as the
// directory has them now.
func (p *provider) userinfo(ctx context.Context, x *exchange, raw string) (any, error) {
	t, err := p.accept(ctx, raw)
	if errors.Is(err, errInactive) || err == nil && (x.issuer.layout.realm && t.Tenant != x.issuer.account || !t.addressed(resources(t.Issuer))) {
		return nil, &Fault{Status: http.StatusUnauthorized, Code: "invalid_token", Description: "The access token is not valid"}
	}
	if err != nil {
		return nil, err
	}
	x.client = t.client
	if !slices.Contains(t.Scope, mapping.ScopeOpenID) {
		return nil, &Fault{Status: http.StatusForbidden, Code: "insufficient_scope", Description: "The access token lacks the scope openid"}
	}
	details, err := p.details(ctx, t.tenant, t.user.ID, mapping.ScopeParts(t.Scope))
	if err != nil {
		return nil, unavailable(err)
	}
	claims := mapping.Claims(t.user, details, t.Scope, mapping.ClaimOptions{For: mapping.ForUserInfo, SIPDomains: t.tenant.SIPDomains, Given: t.given})
	claims["sub"] = string(t.Subject)
	return claims, nil
}

// bearer finds the one access token of a request (RFC 6750 §2): in the header, or in the body of a
// form, never in the query.
func bearer(r *http.Request, form url.Values) (string, error) {
	headers := r.Header.Values("Authorization")
	body := form.Get("access_token")
	switch {
	case r.URL.Query().Has("access_token"):
		return "", invalidRequest("The access token must not be in the query")
	case len(headers) > 1 || len(headers) == 1 && body != "":
		return "", invalidRequest("More than one way to present an access token")
	case len(headers) == 0 && body == "":
		return "", &Fault{Status: http.StatusUnauthorized, Code: missingToken, Description: "An access token is required"}
	case body != "":
		return body, nil
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", &Fault{Status: http.StatusUnauthorized, Code: missingToken, Description: "An access token is required"}
	}
	return token, nil
}
