package registry

import (
	"fmt"
	"slices"
)

// reservedAccounts are words of patchbay's own addresses below /login/.
func reservedAccounts() []string { return []string{"attempt", "assets", "static"} }

// maxCustomerNumber bounds a number that a person types, in bytes.
const maxCustomerNumber = 64

func checkTenant(t *Tenant, report report) {
	switch account := string(t.Account); {
	case account == "":
		report("account", "is required; a file of the platform's clients says platform: true instead")
	case !isLabel(account):
		report("account", "%q must consist of lower-case letters, digits and inner hyphens, at most 63", account)
	case slices.Contains(reservedAccounts(), account):
		report("account", "%q is reserved", account)
	}
	checkText(report, "name", t.Name, true)
	if len(t.CustomerNumber) > maxCustomerNumber {
		report("customer_number", "has more than %d characters", maxCustomerNumber)
	}
	if t.LegacyTenant == "" {
		report("legacy_tenant", "is required: the tenant's key in the legacy database")
	}
	names := make([]string, len(t.Domains))
	for i, d := range t.Domains {
		names[i] = d.Name
	}
	checkList(report, "domains", names, checkDomain)
	checkList(report, "sip_domains", t.SIPDomains, func(s string) error {
		if !isHost(s) {
			return fmt.Errorf("%q is not a host name in lower case", s)
		}
		return nil
	})
}

func checkDomain(name string) error {
	if !isDomain(name) {
		return fmt.Errorf("%q is not a domain name in lower case (an internationalised one in its xn-- form)", name)
	}
	return nil
}
