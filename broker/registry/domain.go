package registry

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/idna"
)

// A Domain is an e-mail domain that a tenant claims. It routes logins and satisfies a mapping rule
// only once it is verified.
type Domain struct {
	Name string `json:"name"`
	// Proof says why the claim holds; zero while it is no more than a claim. LoadRegistry fills it in,
	// ChangeRegistry does not look at it: proofs come and go without the tenant's file.
	Proof Proof `json:"-"`
}

// Verified reports whether the tenant's claim to the domain was proven or approved.
func (d Domain) Verified() bool { return d.Proof.Method != "" }

// A Proof is why a tenant may use a domain.
type Proof struct {
	Method ProofMethod
	// By is who verified or approved the domain; empty, like At, where a version of patchbay approved
	// it that kept neither.
	By string
	At time.Time
	// CheckedAt is when the DNS record was last looked for; zero for approvals.
	CheckedAt time.Time
	// MissingSince is when a name server first said that it is not there; zero while it is.
	MissingSince time.Time
	// SilentSince is when first nobody said anything about it; zero while somebody does.
	SilentSince time.Time
}

// ProofMethod says how a claim became a proof.
type ProofMethod string

// The methods.
const (
	ProofDNS      ProofMethod = "dns"      // a TXT record that only the domain's owner can publish
	ProofApproval ProofMethod = "approval" // the word of the platform's administrator
)

// A ProvenDomain is a domain with its holder.
type ProvenDomain struct {
	Name    string
	Account Account
	Proof   Proof
}

// CanonicalDomain returns a domain name that somebody typed in the form in which domains are
// registered: lower case, without the dot of the root, internationalised names as A-labels (RFC 5890,
// mapped by UTS 46). It returns false for what is no name of a domain. Letters that only look alike
// stay apart.
func CanonicalDomain(typed string) (string, bool) {
	if len(typed) > maxTypedDomain {
		return "", false
	}
	ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(typed, "."))
	if err != nil || !isDomain(ascii) {
		return "", false
	}
	return ascii, true
}

// maxTypedDomain bounds what is mapped, in bytes: 253 letters of four bytes each.
const maxTypedDomain = 1012

// DomainOf returns the canonical domain of an address that somebody typed as their user name, and
// false for a user name that is no address.
func DomainOf(login string) (string, bool) {
	local, domain, found := strings.Cut(strings.TrimSpace(login), "@")
	if !found || local == "" {
		return "", false
	}
	return CanonicalDomain(domain) // which has no second @
}

// Owns reports whether domain, in any case, is one of the tenant's verified domains.
func (t *Tenant) Owns(domain string) bool {
	domain = foldASCII(domain)
	return slices.ContainsFunc(t.Domains, func(d Domain) bool { return d.Name == domain && d.Verified() })
}

// Claims reports whether domain is one of the tenant's, verified or not.
func (t *Tenant) Claims(domain string) bool {
	return slices.ContainsFunc(t.Domains, func(d Domain) bool { return d.Name == domain })
}

// checkRouting compares a connection's domains with its tenant's.
func checkRouting(c *Connection, tenant *Tenant, report report) {
	for i, d := range c.Domains {
		if !tenant.Claims(d) {
			report(fmt.Sprintf("domains[%d]", i), "%q is not among the tenant's domains", d)
		}
	}
}

// checkRivals refuses two connections of a tenant between which a login could not choose.
func checkRivals(c *Connection, others []*Connection, report report) {
	for _, other := range others {
		if other.ID == c.ID {
			continue
		}
		for i, d := range c.Domains {
			if slices.Contains(other.Domains, d) {
				report(fmt.Sprintf("domains[%d]", i), "%q leads to connection %q already", d, other.ID)
			}
		}
		if c.Default && other.Default {
			report("default", "connection %q is the default already", other.ID)
		}
	}
}
