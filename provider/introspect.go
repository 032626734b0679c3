package provider

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

// introspected is what is said about a live token (RFC 7662 §2.2).
type introspected struct {
	Active           bool     `json:"active"`
	Subject          string   `json:"sub"`
	ClientID         string   `json:"client_id"`
	Username         string   `json:"username"`
	SoftphoneAddress string   `json:"softphone_address,omitempty"`
	Scope            string   `json:"scope"`
	TokenType        string   `json:"token_type"`
	Issuer           string   `json:"iss"`
	Audience         []string `json:"aud"`
	Expires          int64    `json:"exp"`
	IssuedAt         int64    `json:"iat"`
	NotBefore        int64    `json:"nbf"`
	ID               string   `json:"jti"`
	Tenant           string   `json:"tenant"`
	SessionID        string   `json:"sid,omitempty"`
}

// inactive is all that may be said about a token that is not the caller's to know (RFC 7662 §2.2).
type inactive struct {
	Active bool `json:"active"`
}

// introspect tells a caller about a token. A token that the caller may not see, for whatever reason,
// looks like one that never was.
func (p *provider) introspect(ctx context.Context, x *exchange, raw string) (any, error) {
	t, err := p.accept(ctx, raw)
	switch {
	case errors.Is(err, errInactive):
		return inactive{}, nil
	case err != nil:
		return nil, err
	case !sees(x.client, t):
		return inactive{}, nil
	}
	if required := requiredScope(x.client.Introspection); required != "" && !slices.Contains(t.Scope, required) {
		p.recordInactive(x, t, "the token lacks the scope "+required)
		return inactive{}, nil
	}
	phone, why, err := p.softphone(ctx, t)
	if err != nil {
		return nil, unavailable(err)
	}
	answer := introspected{
		Active: true, Subject: string(t.Subject), ClientID: t.ClientID, Username: t.user.Username,
		Scope: strings.Join(t.Scope, " "), TokenType: "Bearer", Issuer: t.Issuer, Audience: t.Audience,
		Expires: t.Expires.Unix(), IssuedAt: t.IssuedAt.Unix(), NotBefore: t.NotBefore.Unix(), ID: t.ID,
		Tenant: string(t.Tenant), SessionID: t.SessionID,
	}
	if phone != "" {
		answer.SoftphoneAddress = "sip:" + phone
	}
	if x.client.Introspection.Profile == registry.ProfileAudioCodes {
		if phone == "" {
			p.recordInactive(x, t, why.Error())
			return inactive{}, nil
		}
		// With an @ in it the SBC compares the whole address of record, not just its user part.
		answer.Username = phone
	}
	return withFurther(answer, t.further)
}

// sees reports whether the caller may know of the token.
func sees(caller *registry.Client, t live) bool {
	switch caller.Introspection.Allow {
	case registry.AllowOwn:
		return t.ClientID == caller.ID
	case registry.AllowTenant:
		return t.Tenant == caller.Account
	case registry.AllowPlatform:
		return true
	}
	return false
}

// permitted refuses callers that may introspect nothing at all, before they are told anything.
func permitted(caller *registry.Client) error {
	if caller.Public() {
		return faultOf(wrongSecret)
	}
	if caller.Introspection.Allow == "" {
		return &Fault{Status: http.StatusForbidden, Code: "access_denied", Description: "The client may not introspect tokens"}
	}
	return nil
}

// requiredScope is what a token must have for this caller. A switch sees tokens that were made for
// telephony only, unless its configuration names another scope.
func requiredScope(i registry.Introspection) string {
	if i.RequiredScope == "" && i.Profile == registry.ProfileAudioCodes {
		return mapping.ScopeContactCentre
	}
	return i.RequiredScope
}

// softphone returns the user's address of record without its scheme. When there is none, why says
// so; err means that the directory could not tell.
func (p *provider) softphone(ctx context.Context, t live) (aor string, why, err error) {
	details, err := p.directory.Details(ctx, t.tenant.LegacyTenant, t.user.ID, mapping.Softphones)
	if err != nil {
		return "", nil, err
	}
	aor, why = mapping.AddressOfRecord(details.Softphones, t.tenant.SIPDomains)
	return aor, why, nil
}

// withFurther adds the token's further claims to an answer. None of them has the name of a member
// that is there: the mint refuses those.
func withFurther(answer introspected, further json.RawMessage) (json.RawMessage, error) {
	b, err := json.Marshal(answer)
	if err != nil {
		return nil, unavailable(err)
	}
	if len(further) > len("{}") {
		b = append(append(b[:len(b)-1], ','), further[1:]...)
	}
	return b, nil
}

// recordInactive leaves a trace of why a live token was called inactive: at the switch it is a
// telephone that does not register, and nobody there can see the reason.
func (p *provider) recordInactive(x *exchange, t live, reason string) {
	p.events.Append(broker.Event{
		Kind: broker.IntrospectionRefused, Account: t.Tenant, ClientID: x.client.ID, UserID: t.user.ID,
		Reason: reason, Address: x.address, Detail: map[string]string{"jti": t.ID, "token_client": t.ClientID},
	})
}
