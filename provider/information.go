package provider

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/patchbay-auth/patchbay/mapping"
)

// tokenInformation is the one endpoint that belongs to no issuer: it tells whoever holds an access
// token, of whichever issuer, whether the token opens the contact centre.
const tokenInformation endpoint = "accesstokeninformation"

// defaultInformationPath is where it is below public_url.
const defaultInformationPath = "/contactcentre5/accesstokeninformation"

// centrePermission is what the legacy database must grant a user before they may use the contact centre.
const centrePermission = mapping.ScopeContactCentre

// errNoProductAccess is errInactive for a token that is good, and whose client may no longer act for
// its user.
var errNoProductAccess = fmt.Errorf("%w: its client has no access to the product for this user", errInactive)

func checkInformationPath(at string) error {
	if !strings.HasPrefix(at, "/") || strings.HasSuffix(at, "/") || strings.ContainsAny(at, "{}?#% ") {
		return fmt.Errorf("path of accesstokeninformation %q: must begin with a slash and not end with one", at)
	}
	return nil
}

// information serves the endpoint: 200 with the token's claims; 401 for what is not a live token; 403
// for one that does not open the contact centre (RFC 6750 §3.1).
func (p *provider) information(w http.ResponseWriter, r *http.Request) {
	x := p.newExchange(r, issuer{url: p.issuers.base}, tokenInformation)
	result, err := p.inform(r, x)
	p.answer(w, r, x, result, err)
}

func (p *provider) inform(r *http.Request, x *exchange) (any, error) {
	if fault := p.limits.spend(x); fault != nil {
		return nil, fault
	}
	if fault := judgeMethod(r, x.endpoint); fault != nil {
		return nil, fault
	}
	raw, err := bearer(r, url.Values{})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), introspectionBudget)
	defer cancel()
	t, err := p.accept(ctx, raw)
	switch {
	case errors.Is(err, errNoProductAccess):
		return nil, insufficient("The client has no access to the product for this user")
	case errors.Is(err, errInactive):
		return nil, &Fault{Status: http.StatusUnauthorized, Code: "invalid_token", Description: "The access token is not valid"}
	case err != nil:
		return nil, err
	case slices.Contains(t.Scope, mapping.ScopeContactCentre) && !t.addressed(mapping.ScopeContactCentre):
		return nil, &Fault{Status: http.StatusUnauthorized, Code: "invalid_token", Description: "The access token is not for the contact centre"}
	case !slices.Contains(t.Scope, mapping.ScopeContactCentre):
		return nil, insufficient("The access token lacks the scope " + mapping.ScopeContactCentre)
	case t.user.ID == "":
		return nil, insufficient("The access token is a client's own, not a user's")
	}
	details, err := p.details(ctx, t.tenant, t.user.ID, mapping.Roles)
	if err != nil {
		return nil, unavailable(err)
	}
	if !slices.Contains(details.Permissions, centrePermission) {
		return nil, insufficient("The user lacks the permission " + centrePermission)
	}
	return payload(raw)
}

func insufficient(description string) *Fault {
	return &Fault{Status: http.StatusForbidden, Code: "insufficient_scope", Description: description}
}

// payload returns the claims of a verified token as they were signed.
func payload(raw string) (json.RawMessage, error) {
	_, rest, _ := strings.Cut(raw, ".")
	claims, _, _ := strings.Cut(rest, ".")
	b, err := base64.RawURLEncoding.DecodeString(claims)
	if err != nil {
		return nil, unavailable(err)
	}
	return b, nil
}
