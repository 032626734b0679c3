package federation

import (
	"fmt"
	"time"

	"github.com/patchbay-auth/patchbay/mapping"
)

// identity turns verified claims into the mapping's terms.
func (o *OIDC) identity(claims object) (mapping.Identity, error) {
	externalID, err := ExternalID(claims, o.cfg.ExternalIDClaim)
	if err != nil {
		return mapping.Identity{}, err
	}
	amr, ok := claims.texts("amr")
	if !ok {
		return mapping.Identity{}, fmt.Errorf("amr %v is not an array of strings", claims["amr"])
	}
	var authTime time.Time
	if _, present := claims["auth_time"]; present {
		if authTime, err = claims.date("auth_time"); err != nil {
			return mapping.Identity{}, err
		}
	}
	return mapping.Identity{
		Connection:    o.cfg.Connection,
		Issuer:        claims.text("iss"),
		Subject:       claims.text("sub"),
		ExternalID:    externalID,
		Email:         claims.text("email"),
		EmailVerified: isTrue(claims["email_verified"]),
		Claims:        claims,
		SessionID:     claims.text("sid"),
		AuthTime:      authTime,
		AMR:           amr,
		ACR:           claims.text("acr"),
	}, nil
}

// isTrue accepts the string too: some IdPs (Amazon Cognito, Sign in with Apple) send that.
func isTrue(v any) bool { return v == true || v == "true" }
