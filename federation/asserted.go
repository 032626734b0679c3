package federation

import (
	"strings"

	"github.com/patchbay-auth/patchbay/mapping"
)

// Asserted is the identity that claims make, as an IdP would assert them on a connection with that
// external id claim: for trying out what becomes of somebody. Nothing is verified. Claims of a SAML
// connection are its attributes, and the NameID.
func Asserted(connection, externalIDClaim string, claims map[string]any) (mapping.Identity, error) {
	o := OIDC{cfg: Config{Connection: connection, ExternalIDClaim: externalIDClaim}}
	id, err := o.identity(claims)
	if err != nil {
		return mapping.Identity{}, err
	}
	if name, ok := claims["NameID"].(string); ok && id.Subject == "" {
		id.Subject = name
	}
	// Attributes are arrays, of one value where one person has one.
	if addresses, ok := claims["email"].([]any); ok && len(addresses) == 1 && id.Email == "" {
		id.Email, _ = addresses[0].(string)
		id.Email = strings.TrimSpace(id.Email)
	}
	return id, nil
}

// Admits judges claims as Finish does those of a login: nil, or what they fall short of.
func (p Preset) Admits(claims map[string]any) error { return p.check(claims) }
