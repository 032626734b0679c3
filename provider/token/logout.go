package token

import (
	"errors"
	"fmt"
	"time"

	"github.com/patchbay-auth/patchbay/broker/keyring"
)

// LogoutJWT is the typ of a logout token (OpenID Connect Back-Channel Logout 1.0 §2.4).
const LogoutJWT Type = "logout+jwt"

// logoutLifetime is the longest that the specification recommends (§2.4).
const logoutLifetime = 2 * time.Minute

// Logout is a logout token's content: a session of a user has ended.
type Logout struct {
	Issuer    string
	Subject   Subject
	SessionID string
	// ClientID is the audience, as the client's own request spelled it.
	ClientID string
}

// logoutClaims has no nonce: its absence is what tells a logout token from an ID token where
// nobody looks at the typ.
type logoutClaims struct {
	Issuer    string       `json:"iss"`
	Subject   Subject      `json:"sub"`
	Audience  string       `json:"aud"`
	IssuedAt  int64        `json:"iat"`
	Expires   int64        `json:"exp"`
	ID        string       `json:"jti"`
	SessionID string       `json:"sid"`
	Events    logoutEvents `json:"events"`
}

// logoutEvents is a claim of RFC 8417 §2.2, whose member is an empty object here.
type logoutEvents struct {
	Logout struct{} `json:"http://schemas.openid.net/event/backchannel-logout"`
}

// MintLogout signs a logout token, which is good for two minutes. The algorithm is that of the
// client's ID tokens. It fails on an issuer that is not ours, a missing name, or a scope without a key.
func (t *Tokens) MintLogout(algorithm keyring.Algorithm, l Logout) (string, error) {
	if l.Subject == "" || l.SessionID == "" || l.ClientID == "" {
		return "", errors.New("mint a logout token: sub, sid or aud is empty")
	}
	how := Signing{Algorithm: algorithm, Lifetime: logoutLifetime}
	signer, err := t.signer(l.Issuer, how)
	if err != nil {
		return "", fmt.Errorf("mint a logout token: %w", err)
	}
	from, to := t.span(how.Lifetime)
	raw, err := sign(signer, LogoutJWT, logoutClaims{
		Issuer: l.Issuer, Subject: l.Subject, Audience: l.ClientID, IssuedAt: from.Unix(), Expires: to.Unix(),
		ID: newID(), SessionID: l.SessionID,
	}, nil)
	if err != nil {
		return "", fmt.Errorf("mint a logout token: %w", err)
	}
	return raw, nil
}
