package token

import (
	"fmt"
	"strings"
	"time"

	"github.com/patchbay-auth/patchbay/broker/keyring"
	"github.com/patchbay-auth/patchbay/broker/registry"
)

// A Subject is a sub: the legacy user id, with the tenant's key in front where the profile's user
// ids are unique per tenant only, or the id of a client that acts for itself.
type Subject string

// SubjectType says what a Subject names.
type SubjectType string

// What a Subject names.
const (
	User   SubjectType = "user"
	Client SubjectType = "client"
)

func (t SubjectType) known() bool { return t == User || t == Client }

// A Login is how a person authenticated. It is the same in every token of a grant.
type Login struct {
	// SessionID is the sid; empty when no session stands behind the token.
	SessionID string
	// AuthTime has a precision of one second; zero when nobody logged in.
	AuthTime time.Time
	ACR      string
	AMR      []string
	// IDP is the connection the person came through, or "local".
	IDP string
}

// Access is an access token's content. The zero Login is that of a token for which nobody logged in.
type Access struct {
	Issuer      string
	Subject     Subject
	SubjectType SubjectType
	Audience    []string
	ClientID    string
	Scope       []string
	// GrantID names the grant, so that revoking it finds the token.
	GrantID string
	Tenant  registry.Account
	Login
	// Actor is the client that acts for the subject; nil for a token that was not exchanged.
	Actor *Actor
	// Origin is what the token was exchanged for; nil for one that was not made of a token of ours.
	Origin *Origin
	// Claims are further claims by name. A reserved name is an error when minting.
	Claims map[string]any

	// The following are set by minting; times have a precision of one second.
	ID        string // jti, 16 random bytes in hex
	KeyID     keyring.KeyID
	IssuedAt  time.Time
	NotBefore time.Time
	Expires   time.Time
}

// An Actor is a client that got a token in exchange for another client's (RFC 8693 §4.1), and those it
// was exchanged by before. Only the first says anything about what the token may do.
type Actor struct {
	Subject  Subject `json:"sub"`
	Previous *Actor  `json:"act,omitempty"`
}

// Depth is the number of actors; nil has none.
func (a *Actor) Depth() int {
	n := 0
	for ; a != nil; a = a.Previous {
		n++
	}
	return n
}

// An Origin is what an exchanged token was made of. Whatever ends that ends the token.
type Origin struct {
	// ClientID is whom the first token was issued to.
	ClientID string `json:"client_id"`
	// IDs are the jti of the first token and of all between, the latest first.
	IDs []string `json:"jti"`
}

// ID is an ID token's content.
type ID struct {
	Issuer  string
	Subject Subject
	// ClientID is the audience, as the request spelled it.
	ClientID string
	Nonce    string
	Login
	// Claims are further claims by name. A reserved name is an error when minting.
	Claims map[string]any

	// The following are set by minting; times have a precision of one second.
	KeyID    keyring.KeyID
	IssuedAt time.Time
	Expires  time.Time
}

// Reserved reports whether name cannot be the name of a further claim, in any letter case: some
// resource servers decode claim names without regard to it.
func Reserved(name string) bool {
	switch strings.ToLower(strings.ToUpper(name)) { // both: ToLower alone leaves the long s alone
	case "iss", "sub", "sub_type", "aud", "azp", "client_id", "tenant", "scope",
		"exp", "iat", "nbf", "jti", "gid", "sid",
		"nonce", "auth_time", "acr", "amr", "idp",
		"at_hash", "c_hash", "s_hash", // OpenID Connect Core §3.3.2.11
		"events",                // RFC 8417: would make it a logout token
		"exchanged_from",        // our own, see Origin
		"cnf", "act", "may_act", // RFC 7800 and RFC 8693: who else may use the token
		"active", "token_type", "username": // RFC 7662: introspection repeats claims beside these
		return true
	}
	return false
}

func checkClaims(claims map[string]any) error {
	for name := range claims {
		if Reserved(name) {
			return fmt.Errorf("claim %q is reserved", name)
		}
	}
	return nil
}
