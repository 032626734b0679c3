package resource

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/json" // unlike encoding/json it tells "SUB" from "sub" and refuses a member that is there twice
)

// A Token is an access token that was good when it was judged. It must not be changed: others may
// hold the same one.
type Token struct {
	Issuer string
	// Subject is the user, or the client itself when SubjectType is "client".
	Subject     string
	SubjectType string
	// ClientID is the application that the token was issued to.
	ClientID string
	// Tenant is the account that the token belongs to. One issuer may serve many.
	Tenant   string
	Audience []string
	Scope    []string
	// Roles and Permissions are what the user had when the token was issued. They are empty unless
	// the token's scope or issuer calls for them.
	Roles       []string
	Permissions []string
	// ID is the jti, different for every token.
	ID       string
	IssuedAt time.Time
	Expires  time.Time
	// Claims are all claims as JSON has them, the above among them.
	Claims map[string]any
}

// HasScope reports whether the token was granted all of the scopes.
func (t *Token) HasScope(scopes ...string) bool { return containsAll(t.Scope, scopes) }

// HasPermission reports whether the token's user had all of the permissions.
func (t *Token) HasPermission(permissions ...string) bool {
	return containsAll(t.Permissions, permissions)
}

func containsAll(have, want []string) bool {
	return !slices.ContainsFunc(want, func(w string) bool { return !slices.Contains(have, w) })
}

// claims is the wire form of a token's payload, and of an introspection answer.
type claims struct {
	Active      bool     `json:"active"` // introspection only
	Issuer      string   `json:"iss"`
	Subject     string   `json:"sub"`
	SubjectType string   `json:"sub_type"`
	ClientID    string   `json:"client_id"`
	Tenant      string   `json:"tenant"`
	Audience    audience `json:"aud"`
	Scope       string   `json:"scope"`
	Roles       []string `json:"roles"`
	Permissions []string `json:"permissions"`
	ID          string   `json:"jti"`
	IssuedAt    int64    `json:"iat"`
	NotBefore   int64    `json:"nbf"`
	Expires     int64    `json:"exp"`
	Nonce       any      `json:"nonce"`
	Party       any      `json:"azp"`
}

// An audience is one string or several (RFC 7519 §4.1.3).
type audience []string

func (a *audience) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		*a = audience{""}
		return json.Unmarshal(b, &(*a)[0])
	}
	return json.Unmarshal(b, (*[]string)(a))
}

// readClaims decodes a payload. The error quotes none of it.
func readClaims(payload []byte) (claims, map[string]any, error) {
	var c claims
	var all map[string]any
	if json.Unmarshal(payload, &c) != nil || json.Unmarshal(payload, &all) != nil {
		return claims{}, nil, fmt.Errorf("%w: its claims are not what an access token has", ErrInvalid)
	}
	return c, all, nil
}

func (c claims) token(all map[string]any) *Token {
	return &Token{
		Issuer: c.Issuer, Subject: c.Subject, SubjectType: c.SubjectType, ClientID: c.ClientID, Tenant: c.Tenant,
		Audience: c.Audience, Scope: strings.Fields(c.Scope), Roles: c.Roles, Permissions: c.Permissions,
		ID: c.ID, IssuedAt: time.Unix(c.IssuedAt, 0).UTC(), Expires: time.Unix(c.Expires, 0).UTC(), Claims: all,
	}
}
