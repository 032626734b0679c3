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
	"github.com/patchbay-auth/patchbay/provider/token"
)

// told is what is said about a live token itself.
type told struct {
	Subject   string       `json:"sub"`
	ClientID  string       `json:"client_id"`
	Scope     string       `json:"scope"`
	TokenType string       `json:"token_type"`
	Issuer    string       `json:"iss"`
	Audience  []string     `json:"aud"`
	Expires   int64        `json:"exp"`
	IssuedAt  int64        `json:"iat"`
	NotBefore int64        `json:"nbf"`
	ID        string       `json:"jti"`
	Tenant    string       `json:"tenant"`
	SessionID string       `json:"sid,omitempty"`
	Actor     *token.Actor `json:"act,omitempty"`
}

// tell renders what introspection says about a token for itself, further claims included: none of
// them has the name of another member, because the mint refuses those.
func tell(a token.Access) (json.RawMessage, error) {
	own, err := json.Marshal(told{
		Subject: string(a.Subject), ClientID: a.ClientID, Scope: strings.Join(a.Scope, " "), TokenType: "Bearer",
		Issuer: a.Issuer, Audience: a.Audience,
		Expires: a.Expires.Unix(), IssuedAt: a.IssuedAt.Unix(), NotBefore: a.NotBefore.Unix(), ID: a.ID,
		Tenant: string(a.Tenant), SessionID: a.SessionID, Actor: a.Actor,
	})
	if err != nil || len(a.Claims) == 0 {
		return own, err
	}
	further, err := json.Marshal(a.Claims)
	return joined(own, further), err
}

// joined makes one JSON object of two, neither of which is empty.
func joined(a, b json.RawMessage) json.RawMessage {
	both := make([]byte, 0, len(a)+len(b)-1)
	both = append(both, a[:len(a)-1]...)
	both = append(both, ',')
	return append(both, b[1:]...)
}

// inactive is all that may be said about a token that is not the caller's to know (RFC 7662 §2.2).
func inactive() json.RawMessage { return json.RawMessage(`{"active":false}`) }

// introspect tells a caller about a token. A token that the caller may not see, for whatever reason,
// looks like one that never was.
func (p *provider) introspect(ctx context.Context, x *exchange, raw string) (json.RawMessage, error) {
	t, err := p.accept(ctx, raw)
	switch {
	case errors.Is(err, errInactive):
		return inactive(), nil
	case err != nil:
		return nil, err
	case !sees(x.client, t):
		return inactive(), nil
	}
	if required := x.client.Introspection.RequiredScope; required != "" && !slices.Contains(t.Scope, required) {
		p.recordInactive(x, t, "the token lacks the scope "+required)
		return inactive(), nil
	}
	if x.client.Introspection.Profile == registry.ProfileAudioCodes && !t.addressed(resources(t.Issuer), mapping.ScopeContactCentre) {
		p.recordInactive(x, t, "the token is for somebody else") // an SBC does not look at aud
		return inactive(), nil
	}
	phones, err := p.softphones(ctx, t)
	if err != nil {
		return nil, unavailable(err)
	}
	about := answerFacts{profile: x.client.Introspection.Profile, username: t.user.Username, phones: phones, tenant: t.tenant}
	if answer := t.last.about(about); answer != nil {
		return answer, nil
	}
	head, why := about.head(t.SubjectType == token.User)
	if why != nil {
		p.recordInactive(x, t, why.Error())
		return inactive(), nil
	}
	answer, err := json.Marshal(head)
	if err != nil {
		return nil, unavailable(err)
	}
	itself, err := tell(t.Access)
	if err != nil {
		return nil, unavailable(err)
	}
	answer = joined(answer, itself)
	t.last.remember(about, answer)
	return answer, nil
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

// softphones returns the user's telephones as the directory spells them; a client has none.
func (p *provider) softphones(ctx context.Context, t live) ([]mapping.Softphone, error) {
	if t.SubjectType == token.Client {
		return nil, nil
	}
	details, err := p.directory.Details(ctx, t.tenant.LegacyTenant, t.user.ID, mapping.Softphones)
	return details.Softphones, err
}

// recordInactive leaves a trace of why a live token was called inactive: at the switch it is a
// telephone that does not register, and nobody there can see the reason.
func (p *provider) recordInactive(x *exchange, t live, reason string) {
	p.events.Append(broker.Event{
		Kind: broker.IntrospectionRefused, Account: t.Tenant, ClientID: x.client.ID, UserID: t.user.ID,
		Reason: reason, Address: x.address, Detail: map[string]string{"jti": t.ID, "token_client": t.ClientID},
	})
}
