package federation

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/patchbay-auth/patchbay/mapping"
)

// maxExternalID bounds the key of a link, in bytes.
const maxExternalID = 255

// identity turns verified claims into the mapping's terms.
func (o *OIDC) identity(claims object) (mapping.Identity, error) {
	externalID, err := readExternalID(claims, o.cfg.ExternalIDClaim)
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

// readExternalID returns what is the key of a link, or "" when the IdP did not send all of it.
func readExternalID(claims object, names string) (string, error) {
	var parts []string
	for name := range strings.SplitSeq(names, "+") {
		part, err := readExternalIDPart(claims, name)
		if err != nil || part == "" {
			return "", err
		}
		parts = append(parts, part)
	}
	if len(parts) > 1 && strings.Count(strings.Join(parts, "/"), "/") >= len(parts) {
		return "", fmt.Errorf("external id claims %s: %q would be told apart by their / alone", names, parts)
	}
	return strings.Join(parts, "/"), nil
}

// readExternalIDPart returns one claim. A number keys a link by its decimal digits, so that 7 and 7.0 are
// not two people.
func readExternalIDPart(claims object, name string) (string, error) {
	var id string
	switch v := claims[name].(type) {
	case nil:
		return "", nil
	case string:
		id = v
	case json.Number:
		n, err := strconv.ParseInt(v.String(), 10, 64)
		if err != nil {
			return "", fmt.Errorf("external id claim %s: %s is not an integer", name, v)
		}
		id = strconv.FormatInt(n, 10)
	default:
		return "", fmt.Errorf("external id claim %s is neither a string nor an integer", name)
	}
	if len(id) > maxExternalID {
		return "", fmt.Errorf("external id claim %s has %d bytes, more than %d", name, len(id), maxExternalID)
	}
	// The decoder turns what is not text into U+FFFD: two such ids would become one.
	if strings.ContainsFunc(id, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar }) {
		return "", fmt.Errorf("external id claim %s: %q has characters that are not text", name, id)
	}
	return id, nil
}
