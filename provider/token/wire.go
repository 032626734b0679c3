package token

// accessClaims is an access token's payload, without the further claims.
type accessClaims struct {
	Issuer      string      `json:"iss"`
	Subject     Subject     `json:"sub"`
	SubjectType SubjectType `json:"sub_type"`
	Audience    []string    `json:"aud"`
	ClientID    string      `json:"client_id"`
	Scope       string      `json:"scope"`
	IssuedAt    int64       `json:"iat"`
	NotBefore   int64       `json:"nbf"`
	Expires     int64       `json:"exp"`
	ID          string      `json:"jti"`
	GrantID     string      `json:"gid"`
	Tenant      string      `json:"tenant"`
	Actor       *Actor      `json:"act,omitempty"`
	Origin      *Origin     `json:"exchanged_from,omitempty"`
	loginClaims
}

// idClaims is an ID token's payload, without the further claims.
type idClaims struct {
	Issuer          string  `json:"iss"`
	Subject         Subject `json:"sub"`
	Audience        string  `json:"aud"`
	AuthorizedParty string  `json:"azp"`
	IssuedAt        int64   `json:"iat"`
	NotBefore       int64   `json:"nbf"`
	Expires         int64   `json:"exp"`
	Nonce           string  `json:"nonce,omitempty"`
	AccessHash      string  `json:"at_hash,omitempty"`
	CodeHash        string  `json:"c_hash,omitempty"`
	loginClaims
}

type loginClaims struct {
	SessionID string   `json:"sid,omitempty"`
	AuthTime  int64    `json:"auth_time,omitempty"`
	ACR       string   `json:"acr,omitempty"`
	AMR       []string `json:"amr,omitempty"`
	IDP       string   `json:"idp,omitempty"`
}

func (l Login) claims() loginClaims {
	c := loginClaims{SessionID: l.SessionID, ACR: l.ACR, AMR: l.AMR, IDP: l.IDP}
	if !l.AuthTime.IsZero() {
		c.AuthTime = l.AuthTime.Unix()
	}
	return c
}
