package saml

import (
	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/mapping"
)

// claimNames returns the claims that attributes are known by besides their own names: those of ADFS and
// Entra ID, and of the schools' schema.
func claimNames(attribute string) string {
	switch attribute {
	case "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "urn:oid:0.9.2342.19200300.100.1.3", "mail":
		return "email"
	case "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname", "urn:oid:2.5.4.42", "givenName":
		return "given_name"
	case "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname", "urn:oid:2.5.4.4", "sn":
		return "family_name"
	case "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name", "urn:oid:2.16.840.1.113730.3.1.241", "displayName":
		return "name"
	case "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn":
		return "upn"
	case "http://schemas.microsoft.com/identity/claims/objectidentifier":
		return "oid"
	case "http://schemas.xmlsoap.org/claims/Group", "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups", "urn:oid:1.3.6.1.4.1.5923.1.5.1.1":
		return "groups"
	}
	return ""
}

// identity turns a verified assertion into the mapping's terms.
func (s *SAML) identity(idp *idp, a assertion) (mapping.Identity, error) {
	claims := s.claims(a)
	externalID, err := federation.ExternalID(claims, s.cfg.ExternalIDClaim)
	if err != nil {
		return mapping.Identity{}, err
	}
	id := mapping.Identity{
		Connection: s.cfg.Connection,
		Issuer:     idp.entityID,
		Subject:    a.nameID.value,
		ExternalID: externalID,
		Claims:     claims,
		SessionID:  a.session,
		AuthTime:   a.authenticated, SessionEnds: a.sessionEnds,
		ACR: a.context,
	}
	id.Email, _ = claims["email"].(string)
	if id.LogoutHint, err = newHint(idp, a); err != nil {
		return mapping.Identity{}, err
	}
	return id, nil
}

// claims returns the attributes, one value as text and several as a list, under their own names, under
// those that they are known by, and under those that the connection gives them, the last first.
func (s *SAML) claims(a assertion) map[string]any {
	values := map[string][]string{}
	for _, attr := range a.attributes {
		values[attr.name] = append(values[attr.name], attr.values...)
	}
	claims := map[string]any{}
	for _, attr := range a.attributes {
		if known := claimNames(attr.name); known != "" && values[known] == nil {
			set(claims, known, values[attr.name])
		}
		set(claims, attr.name, values[attr.name])
	}
	for claim, from := range s.cfg.Attributes {
		delete(claims, claim) // an attribute that happens to have that name is not what the connection means
		set(claims, claim, values[from])
	}
	if s.cfg.Attributes["email"] == "" && a.nameID.format == FormatEmail && claims["email"] == nil {
		claims["email"] = a.nameID.value
	}
	claims[NameID] = a.nameID.value
	return claims
}

func set(claims map[string]any, claim string, values []string) {
	switch len(values) {
	case 0:
	case 1:
		claims[claim] = values[0]
	default:
		list := make([]any, len(values))
		for i, v := range values {
			list[i] = v
		}
		claims[claim] = list
	}
}
