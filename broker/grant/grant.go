package grant

import (
	"time"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

// A Grant is what a person allowed a client: the facts that every token issued under it repeats.
// It is stored with a code, carried over to a refresh family, and named in access tokens as gid.
type Grant struct {
	ID id.ID `json:"id"`
	// Issuer is the issuer the grant was made at, exactly as in iss.
	Issuer   string           `json:"issuer"`
	Account  registry.Account `json:"account"`
	ClientID string           `json:"client_id"`
	// RequestedClientID is the client id as the request spelled it, for aud of ID tokens.
	RequestedClientID string `json:"requested_client_id"`
	// UserID is empty when the client acts for itself.
	UserID mapping.UserID `json:"user_id"`
	Scope  []string       `json:"scope"`
	// SessionID is the sid; zero when no session stands behind the grant.
	SessionID id.ID     `json:"session_id,omitzero"`
	Nonce     string    `json:"nonce,omitempty"`
	AuthTime  time.Time `json:"auth_time"`
	AMR       []string  `json:"amr,omitempty"`
	ACR       string    `json:"acr,omitempty"`
	// IDP is the connection the person logged in through, or "local"; empty when nobody did.
	IDP string `json:"idp"`
	// Given are roles and groups that the login gave, beside those of the directory.
	Given mapping.Given `json:"given,omitzero"`
	// CreatedAt is when the person allowed it. A password changed later ends the grant.
	CreatedAt time.Time `json:"created_at"`
}

// Unattended reports whether nobody logged in for the grant: a client acts for itself, or for a user
// it has access to.
func (g Grant) Unattended() bool { return g.IDP == "" }
