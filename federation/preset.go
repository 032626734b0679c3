package federation

import (
	"fmt"
	"slices"
	"strings"
)

// tenantPart stands for the tenant's id in the issuer of an Entra ID application of several tenants, in its
// metadata as in ours.
const tenantPart = "{tenantid}"

// A Preset is what a kind of identity provider wants beyond the standard. The zero Preset wants nothing.
type Preset struct {
	// Connection is the connection at Auth0 to go to without asking.
	Connection string
	// Organization is the Auth0 organization to log in to, by id or by name; it must come back.
	Organization string
	// HostedDomain is the Google Workspace domain whose people may log in.
	HostedDomain string
	// Tenants are the Entra ID tenants that may stand for {tenantid} in the issuer.
	Tenants []string
}

func (p Preset) faults(issuer string) (faults []error) {
	if several := strings.Contains(issuer, tenantPart); several != (len(p.Tenants) > 0) {
		faults = append(faults, fmt.Errorf("tenants: %q do not go with issuer %q: one of them has a place for the other", p.Tenants, issuer))
	}
	return faults
}

// parameters are what to ask for at the authorization endpoint.
func (p Preset) parameters() map[string]string {
	return map[string]string{"connection": p.Connection, "organization": p.Organization, "hd": p.HostedDomain}
}

// check holds the identity provider to what it was asked for: a browser can change the request.
func (p Preset) check(claims object) error {
	if len(p.Tenants) > 0 && !slices.Contains(p.Tenants, claims.text("tid")) {
		return fmt.Errorf("tid %q is not one of %q", claims.text("tid"), p.Tenants)
	}
	if p.HostedDomain != "" && claims.text("hd") != p.HostedDomain {
		return fmt.Errorf("hd %q is not %q", claims.text("hd"), p.HostedDomain)
	}
	if p.Organization == "" {
		return nil
	}
	// Auth0's ids begin like this, and its names are in lower case whatever was asked for.
	if strings.HasPrefix(p.Organization, "org_") {
		if id := claims.text("org_id"); id != p.Organization {
			return fmt.Errorf("org_id %q is not %q", id, p.Organization)
		}
		return nil
	}
	if name := claims.text("org_name"); name != strings.ToLower(p.Organization) {
		return fmt.Errorf("org_name %q is not %q", name, strings.ToLower(p.Organization))
	}
	return nil
}

// issuers are those that a token may have.
func (c Config) issuers() []string {
	if len(c.Preset.Tenants) == 0 {
		return []string{c.Issuer}
	}
	var all []string
	for _, tenant := range c.Preset.Tenants {
		all = append(all, strings.Replace(c.Issuer, tenantPart, tenant, 1))
	}
	return all
}

// issuerOf returns the issuer that a token with these claims must have. Whose tenant is not one of ours
// gets the first, which is not theirs.
func (c Config) issuerOf(claims object) string {
	issuers := c.issuers()
	if at := slices.Index(c.Preset.Tenants, claims.text("tid")); at > 0 {
		return issuers[at]
	}
	return issuers[0]
}

// discoveryIssuer is where the metadata are. An application of several Entra ID tenants has them at the
// address for all organisations, and there the issuer is the template itself.
func (c Config) discoveryIssuer() string {
	return strings.TrimSuffix(strings.Replace(c.Issuer, tenantPart, "organizations", 1), "/")
}
