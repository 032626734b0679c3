package registry

import "github.com/patchbay-auth/patchbay/mapping"

// An Account is a tenant's name in addresses and tokens: lower-case ASCII letters, digits and
// hyphens. It identifies the tenant everywhere in patchbay.
type Account string

// A Tenant is one customer: its users in the legacy database, its clients, its connections.
type Tenant struct {
	Account Account `json:"account"`
	Name    string  `json:"name"`
	Enabled bool    `json:"enabled"`
	// LegacyTenant is the tenant's key in the legacy database.
	LegacyTenant mapping.TenantKey `json:"legacy_tenant"`
	// CustomerNumber is what the tenant's people call their company by, where a platform client must
	// ask; empty means LegacyTenant. One number belongs to at most one tenant.
	CustomerNumber string `json:"customer_number,omitempty"`
	// Domains are e-mail domains, lower-case. Several tenants may claim one; at most one has it verified.
	Domains []Domain `json:"domains,omitempty"`
	// SIPDomains are the hosts a softphone address may have; the first completes an address
	// that has none.
	SIPDomains []string `json:"sip_domains,omitempty"`
}

func (t *Tenant) customerNumber() string {
	if t.CustomerNumber == "" {
		return string(t.LegacyTenant)
	}
	return t.CustomerNumber
}

func foldASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
