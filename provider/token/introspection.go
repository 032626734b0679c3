package token

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/patchbay-auth/patchbay/broker/keyring"
)

// introspectionJWT is the typ of a signed introspection answer (RFC 9701 §5). No verifier of tokens
// accepts it.
const introspectionJWT Type = "token-introspection+jwt"

// Introspection is the content of a signed introspection answer.
type Introspection struct {
	Issuer string
	// Audience is the client that asked.
	Audience string
	// Answer is the JSON object that an unsigned answer would be.
	Answer json.RawMessage
}

// introspectionClaims has neither sub nor exp: with them the answer could pass for a token.
type introspectionClaims struct {
	Issuer   string          `json:"iss"`
	Audience string          `json:"aud"`
	IssuedAt int64           `json:"iat"`
	Answer   json.RawMessage `json:"token_introspection"`
}

// MintIntrospection signs an answer. It fails as MintAccess does.
func (t *Tokens) MintIntrospection(alg keyring.Algorithm, in Introspection) (string, error) {
	signer, err := t.signer(in.Issuer, Signing{Algorithm: alg, Lifetime: time.Second})
	if err != nil {
		return "", fmt.Errorf("sign an introspection answer: %w", err)
	}
	raw, err := sign(signer, introspectionJWT, introspectionClaims{
		Issuer: in.Issuer, Audience: in.Audience, IssuedAt: t.now().Unix(), Answer: in.Answer,
	}, nil)
	if err != nil {
		return "", fmt.Errorf("sign an introspection answer: %w", err)
	}
	return raw, nil
}
