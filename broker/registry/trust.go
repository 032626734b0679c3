package registry

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/patchbay-auth/patchbay/mapping"
)

// What the sub of a TrustedIssuer's assertions holds.
const (
	SubjectUserID = "user_id"
	SubjectLogin  = "login"
)

// maxKey bounds, in bytes, keys of the legacy database.
const maxKey = 200

// platforms are the products that a ProductAccess can be of. The name is also the scope.
func platforms() []string { return []string{mapping.ScopeContactCentre} }

// checkKey accepts a key of the legacy database that can be part of a scope.
func checkKey(report report, path, key string) {
	switch {
	case key == "":
		report(path, "is required")
	case len(key) > maxKey || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`:"\`, r) }):
		report(path, "%q must be at most %d printable ASCII characters, none of them a colon, a quote or a backslash", key, maxKey)
	}
}

func checkTrustedIssuers(c *Client, report report) {
	c.onlyWith(GrantJWTBearer, "trusted_issuers", len(c.TrustedIssuers) > 0, report)
	if c.MayUse(GrantJWTBearer) && len(c.TrustedIssuers) == 0 {
		report("trusted_issuers", "is required for the grant %s", GrantJWTBearer)
	}
	for i, t := range c.TrustedIssuers {
		at := fmt.Sprintf("trusted_issuers[%d].", i)
		if err := checkName(t.Issuer); err != nil {
			report(at+"issuer", "%w", err)
		}
		if slices.ContainsFunc(c.TrustedIssuers[:i], func(other TrustedIssuer) bool { return other.Issuer == t.Issuer }) {
			report(at+"issuer", "%q is there twice", t.Issuer)
		}
		if err := oneOf(SubjectUserID, SubjectLogin)(t.SubjectIs); err != nil {
			report(at+"subject_is", "%w", err)
		}
		if _, err := parseKeySet(t.Keys); err != nil {
			report(at+"jwks", "%w", err)
		}
	}
}

func checkTokenExchange(c *Client, report report) {
	x := c.TokenExchange
	given := len(x.Audiences)+len(x.Connections) > 0
	c.onlyWith(GrantTokenExchange, "token_exchange", given, report)
	if c.MayUse(GrantTokenExchange) && !given {
		report("token_exchange", "is required for the grant %s: name audiences or connections", GrantTokenExchange)
	}
	checkList(report, "token_exchange.audiences", x.Audiences, checkName)
	checkList(report, "token_exchange.connections", x.Connections, func(id string) error {
		switch {
		case c.Platform():
			return errors.New("belongs to a tenant: a platform client exchanges patchbay's own tokens only")
		case !isLabel(id):
			return fmt.Errorf("%q is not the id of a connection", id)
		}
		return nil
	})
}

// checkName accepts what an iss or an aud may be: a StringOrURI (RFC 7519 §2) of printable ASCII.
func checkName(name string) error {
	switch {
	case name == "":
		return errors.New("is required")
	case len(name) > maxURI:
		return fmt.Errorf("has %d bytes, more than %d", len(name), maxURI)
	case strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }):
		return fmt.Errorf("%q contains characters that have no place in it", name)
	}
	return nil
}
