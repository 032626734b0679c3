package registry

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/patchbay-auth/patchbay/mapping"
)

// TypeOIDC is the protocol of OpenID Connect connections.
const TypeOIDC = "oidc"

// checkConnection also compiles the connection's rules.
func checkConnection(c *Connection, report report) {
	if !isLabel(c.ID) {
		report("id", "%q must consist of lower-case letters, digits and inner hyphens, at most 63", c.ID)
	}
	if c.ID == "local" {
		report("id", "%q is how logins with a password are recorded: choose another", c.ID)
	}
	checkText(report, "name", c.Name, true)
	if err := oneOf(mapping.TrustClaim, mapping.TrustDomain)(c.EmailTrust); err != nil {
		report("email_trust", "%w", err)
	}
	if c.ExternalIDClaim == "email" {
		report("external_id_claim", "an e-mail address is passed on to other people: use a claim that is not, such as sub")
	}
	if names := strings.Split(c.ExternalIDClaim, "+"); len(names) > 1 && slices.Contains(names, "") {
		report("external_id_claim", "%q has a + without a claim on either side", c.ExternalIDClaim)
	}
	switch c.Type {
	case TypeOIDC:
		checkOIDC(c.OIDC, report)
	case TypeSAML:
		checkSAML(c, report)
	default:
		report("type", "%q is not one of [%s %s]", c.Type, TypeOIDC, TypeSAML)
	}
	checkPolicy(c.Policy, report)
	checkEnforcement(c, report)
	checkMapping(c, report)
}

func checkEnforcement(c *Connection, report report) {
	checkList(report, "domains", c.Domains, checkDomain)
	ids := make([]string, len(c.BreakGlass))
	for i, id := range c.BreakGlass {
		ids[i] = string(id)
	}
	checkList(report, "break_glass", ids, func(id string) error {
		if id == "" {
			return errors.New("is empty")
		}
		return nil
	})
	if len(c.BreakGlass) > 0 && !c.Enforce {
		report("break_glass", "has no effect without enforce: true")
	}
}

func checkOIDC(o *OIDC, report report) {
	if o == nil {
		o = &OIDC{}
	}
	checkPreset(o, report)
	checkClientAuth(o, len(o.SealedSecret) > 0, report)
	if err := checkIssuer(strings.Replace(o.Issuer, TenantIDPart, "tenantid", 1), o.AllowPrivateNetwork); err != nil {
		report("issuer", "%w", err)
	}
	if o.ClientID == "" {
		report("client_id", "is required: patchbay's client id at the identity provider")
	}
	checkList(report, "scopes", o.Scopes, func(scope string) error {
		if scope == "" {
			return errors.New("is empty")
		}
		return nil
	})
	checkAccessTokens(o, report)
	if len(o.Scopes) > 0 && !slices.Contains(o.Scopes, mapping.ScopeOpenID) {
		report("scopes", "must contain openid (OpenID Connect Core §3.1.2.1)")
	}
}

func checkIssuer(issuer string, private bool) error {
	if issuer == "" {
		return errors.New("is required")
	}
	u, err := parsePlain(issuer)
	if err != nil {
		return err
	}
	switch {
	case u.RawQuery != "" || u.ForceQuery:
		return fmt.Errorf("%q has a query (OpenID Connect Discovery §3)", issuer)
	case u.Scheme == "http" && !isLoopback(u.Hostname()), u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%q must be https: http is for 127.0.0.1, [::1] and localhost", issuer)
	case isLoopback(u.Hostname()) && !private:
		return fmt.Errorf("%q is on this machine, which needs allow_private_network: true", issuer)
	}
	return checkAuthority(u)
}

func checkMapping(c *Connection, report report) {
	rules, err := mapping.Compile(c.Mapping, c.options())
	if err == nil {
		c.rules = rules
		return
	}
	for _, fault := range unjoin(err) {
		var rule *mapping.RuleError
		if !errors.As(fault, &rule) {
			report("mapping", "%w", fault)
			continue
		}
		report(rulePath(rule), "%w", rule.Err)
	}
}

// unjoin takes an errors.Join apart.
func unjoin(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok { // the outermost error itself
		return joined.Unwrap()
	}
	return []error{err}
}
