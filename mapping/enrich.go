package mapping

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// An Enrichment gives roles and groups to whoever meets its condition, for as long as the session that
// the login makes. The names are the tenant's own: an IdP chooses among them and invents none.
type Enrichment struct {
	When   *Condition `json:"when,omitempty" yaml:"when"`
	Roles  []string   `json:"roles,omitempty" yaml:"roles"`
	Groups []string   `json:"groups,omitempty" yaml:"groups"`
}

// Given are the roles and groups that a login adds to those of the directory. It adds no permissions:
// the directory alone knows what a role may do there.
type Given struct {
	Roles  []string `json:"roles,omitempty"`
	Groups []string `json:"groups,omitempty"`
}

// IsZero reports whether nothing is given.
func (g Given) IsZero() bool { return len(g.Roles)+len(g.Groups) == 0 }

// A GivenBy is what one enrichment gave.
type GivenBy struct {
	// Rule is its place in the connection, from enrich[0].
	Rule string `json:"rule"`
	Given
}

// The bounds of what a connection can give: its names are in every token.
const (
	maxGiven     = 50
	maxGivenName = 64
)

type enrichment struct {
	when  test
	given Given
}

// enrich compiles the enrichments of the options.
func (c *compiler) enrich() {
	names := 0
	for i, e := range c.options.Enrich {
		key := enrichmentKey(i)
		if e.When == nil {
			c.fault(key+".when", "is required: what everybody has is the directory's to say")
		}
		if len(e.Roles)+len(e.Groups) == 0 {
			c.fault(key, "gives neither roles nor groups")
		}
		c.givenNames(key+".roles", e.Roles)
		c.givenNames(key+".groups", e.Groups)
		names += len(e.Roles) + len(e.Groups)
		c.compiled.enrich = append(c.compiled.enrich, enrichment{c.condition(key+".when", e.When, 1), Given{e.Roles, e.Groups}})
	}
	if names > maxGiven {
		c.fault("enrich", "gives %d names, more than %d", names, maxGiven)
	}
}

func (c *compiler) givenNames(key string, names []string) {
	for i, name := range names {
		if name == "" || len(name) > maxGivenName || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
			c.fault(fmt.Sprintf("%s[%d]", key, i), "%q is not a name of at most %d bytes", name, maxGivenName)
		}
	}
}

// given adds up what the enrichments say about an identity, and tells which of them gave what.
func (r *Rules) given(id Identity) (Given, []GivenBy) {
	var sum Given
	var by []GivenBy
	for i, e := range r.enrich {
		if e.when.unmet(id) == "" {
			sum = sum.and(e.given)
			by = append(by, GivenBy{enrichmentKey(i), e.given})
		}
	}
	return sum, by
}

// enrichmentKey is where an enrichment stands in a tenant file: it has no name.
func enrichmentKey(i int) string { return fmt.Sprintf("enrich[%d]", i) }

func (g Given) and(more Given) Given {
	return Given{Roles: union(g.Roles, more.Roles), Groups: union(g.Groups, more.Groups)}
}

// union keeps the order, and no name twice.
func union(names, more []string) []string {
	if len(more) == 0 {
		return names
	}
	all := slices.Clone(names)
	for _, name := range more {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}
