package registry

import (
	"fmt"
	"slices"
)

// Grant types a client may have. There is none for the implicit flow: response types say who may
// use it.
const (
	GrantAuthorizationCode = "authorization_code"
	GrantRefreshToken      = "refresh_token"
	GrantClientCredentials = "client_credentials"
	GrantPassword          = "password"
	GrantDeviceCode        = "urn:ietf:params:oauth:grant-type:device_code"    // RFC 8628
	GrantTokenExchange     = "urn:ietf:params:oauth:grant-type:token-exchange" //nolint:gosec // RFC 8693, no credential
	GrantJWTBearer         = "urn:ietf:params:oauth:grant-type:jwt-bearer"     //nolint:gosec // RFC 7523, no credential
)

// GrantTypes returns all of them.
func GrantTypes() []string {
	return []string{
		GrantAuthorizationCode, GrantRefreshToken, GrantClientCredentials, GrantPassword,
		GrantDeviceCode, GrantTokenExchange, GrantJWTBearer,
	}
}

// LogsIn reports whether people log in to the client in a browser, and so have sessions that can end.
func (c *Client) LogsIn() bool { return c.authorizes() || c.MayUse(GrantDeviceCode) }

// checkGrants reports grants that do not go together, or not with the rest of the client.
func checkGrants(c *Client, report report) {
	checkList(report, "grant_types", c.GrantTypes, oneOf(GrantTypes()...))
	if c.MayUse(GrantRefreshToken) && !slices.ContainsFunc(c.GrantTypes, refreshes) {
		report("grant_types", "refresh_token needs a grant that issues one: add authorization_code, password, device_code or client_credentials")
	}
	for _, grant := range c.GrantTypes {
		if c.Public() && authenticates(grant) {
			report("require_secret", "must be true: the grant %s is for clients that authenticate", grant)
		}
	}
}

// refreshes reports whether a refresh token may come with what the grant issues. The one of
// client_credentials exists in the realm layout only.
func refreshes(grant string) bool {
	switch grant {
	case GrantAuthorizationCode, GrantPassword, GrantDeviceCode, GrantClientCredentials:
		return true
	}
	return false
}

// authenticates reports whether a grant is for confidential clients alone. RFC 6749 §4.4 demands it
// of client_credentials; of the others, which need no browser, there is nothing else to rely on.
func authenticates(grant string) bool {
	switch grant {
	case GrantClientCredentials, GrantPassword, GrantTokenExchange, GrantJWTBearer:
		return true
	}
	return false
}

// onlyWith reports a setting that has no effect without its grant.
func (c *Client) onlyWith(grant, path string, given bool, report report) {
	if given && !c.MayUse(grant) {
		report(path, "is of use only with the grant %s", grant)
	}
}

// checkProductAccess holds a client to its own scopes. That a tenant's client gets at no other
// tenant's users is checked where the tenant is known; see checkSolutions.
func checkProductAccess(c *Client, report report) {
	c.onlyWith(GrantClientCredentials, "product_access", len(c.ProductAccess) > 0, report)
	for i, access := range c.ProductAccess {
		at := fmt.Sprintf("product_access[%d]", i)
		if err := oneOf(platforms()...)(access.Platform); err != nil {
			report(at+".platform", "%w", err)
		} else if !slices.Contains(c.Scopes, access.Platform) {
			report(at+".platform", "%q is not among the client's scopes", access.Platform)
		}
		checkKey(report, at+".solution", string(access.Solution))
		checkKey(report, at+".user_id", string(access.UserID))
		if slices.Contains(c.ProductAccess[:i], access) {
			report(at, "is there twice")
		}
	}
}

// checkSolutions refuses a tenant's client that would act for users of another tenant.
func checkSolutions(c *Client, t *Tenant, report report) {
	for i, access := range c.ProductAccess {
		if access.Solution != t.LegacyTenant {
			report(fmt.Sprintf("product_access[%d].solution", i), "%q is not the tenant's legacy_tenant, %q", access.Solution, t.LegacyTenant)
		}
	}
}
