package mapping

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
)

// Rules are compiled mapping rules. They are immutable and safe for concurrent use.
type Rules struct {
	rules  []rule
	claims []string // every claim a rule names, for the trace
}

type rule struct {
	Rule
	by       By
	template *template
	// usesEmail holds for a rule whose match rests on the e-mail address.
	usesEmail bool
}

// A RuleError is one fault of one rule.
type RuleError struct {
	// Index counts from zero.
	Index int
	// Key is the key at fault inside the rule, such as match.login; empty for the rule itself.
	Key string
	Err error
}

func (e *RuleError) Error() string {
	if e.Key == "" {
		return fmt.Sprintf("rule %d: %v", e.Index+1, e.Err)
	}
	return fmt.Sprintf("rule %d: %s: %v", e.Index+1, e.Key, e.Err)
}

func (e *RuleError) Unwrap() error { return e.Err }

// DefaultRules are the rules of a connection that has none: only people whose external id is linked
// to a user are let in.
func DefaultRules() []Rule {
	return []Rule{
		{Name: "linked external id", Match: &Match{ExternalID: "{{ .external_id }}"}},
		{Name: "everyone else", Refuse: RefusedNotProvisioned},
	}
}

// Compile checks and compiles rules; none at all mean DefaultRules. The error joins a *RuleError for
// every fault.
func Compile(rules []Rule) (*Rules, error) {
	if len(rules) == 0 {
		rules = DefaultRules()
	}
	c := compiler{compiled: &Rules{}}
	for i, r := range rules {
		c.index = i
		c.add(r, rules[:i])
	}
	if len(c.faults) > 0 {
		return nil, errors.Join(c.faults...)
	}
	return c.compiled, nil
}

type compiler struct {
	compiled *Rules
	index    int
	faults   []error
}

func (c *compiler) fault(key, format string, args ...any) {
	c.faults = append(c.faults, &RuleError{Index: c.index, Key: key, Err: fmt.Errorf(format, args...)})
}

func (c *compiler) add(r Rule, before []Rule) {
	if r.Name == "" {
		c.fault("name", "is required: traces tell rules apart by it")
	}
	if slices.ContainsFunc(before, func(other Rule) bool { return other.Name == r.Name && r.Name != "" }) {
		c.fault("name", "%q is used by an earlier rule", r.Name)
	}
	if len(before) > 0 && isCatchAll(before[len(before)-1]) {
		c.fault("", "is never tried: the rule before it refuses everybody")
	}
	compiled := rule{Rule: r}
	c.condition(r.When)
	switch {
	case (r.Match == nil) == (r.Refuse == ""):
		c.fault("", "needs exactly one of match and refuse")
	case r.Refuse != "":
		c.refuse(r)
	default:
		c.match(&compiled)
		c.require(&compiled)
		c.link(&compiled, before)
	}
	c.compiled.rules = append(c.compiled.rules, compiled)
}

func isCatchAll(r Rule) bool { return r.Refuse != "" && r.When == nil }

func (c *compiler) condition(when *Condition) {
	if when == nil {
		return
	}
	if when.Claim == "" {
		c.fault("when.claim", "is required")
	}
	if (len(when.In) > 0) == (when.Exists != nil) {
		c.fault("when", "needs exactly one of in and exists")
	}
	c.names(when.Claim)
}

// reasonPattern keeps refusal reasons usable as keys of pages and metrics.
const reasonPattern = `^[a-z][a-z0-9_]{0,63}$`

func (c *compiler) refuse(r Rule) {
	if !regexp.MustCompile(reasonPattern).MatchString(r.Refuse) {
		c.fault("refuse", "%q is not a reason: lower-case letters, digits and underscores", r.Refuse)
	}
	if r.Link {
		c.fault("link", "a rule that refuses finds nobody to link")
	}
	if r.Require != nil {
		c.fault("require", "belongs to a rule with match; use when to choose whom to refuse")
	}
}

func (c *compiler) match(r *rule) {
	var text string
	set := 0
	for _, key := range []struct {
		by   By
		text string
	}{{ByExternalID, r.Match.ExternalID}, {ByLogin, r.Match.Login}, {ByEmail, r.Match.Email}} {
		if key.text != "" {
			r.by, text = key.by, key.text
			set++
		}
	}
	if set != 1 {
		c.fault("match", "needs exactly one of external_id, login and email")
		return
	}
	t, err := compileTemplate(text)
	if err != nil {
		c.fault("match."+string(r.by), "%w", err)
		return
	}
	r.template = t
	r.usesEmail = r.by == ByEmail || slices.Contains(t.claims, "email")
	c.names(t.claims...)
}

func (c *compiler) require(r *rule) {
	demands := r.Require != nil && (r.Require.EmailVerified || len(r.Require.Domain) > 0)
	if r.Require != nil && !demands {
		c.fault("require", "requires nothing")
	}
	if r.usesEmail && !demands {
		c.fault("require", "an e-mail address alone finds nobody: require email_verified or domain")
	}
	for i, domain := range r.Require.domains() {
		if !isHostname(domain) {
			c.fault(fmt.Sprintf("require.domain[%d]", i), "%q is not a domain name", domain)
		}
	}
	if demands {
		c.names("email", "email_verified")
	}
}

func (c *compiler) link(r *rule, before []Rule) {
	if !r.Link {
		return
	}
	if r.by == ByExternalID {
		c.fault("link", "the user was found by the link already")
	} else if !slices.ContainsFunc(before, matchesExternalID) {
		c.fault("link", "no rule before this one matches external_id, so the link would never be used")
	}
	if r.usesEmail && len(r.Require.domains()) == 0 {
		c.fault("link", "an e-mail address links only inside the tenant's own domains: require domain")
	}
	c.names("external_id")
}

func matchesExternalID(r Rule) bool { return r.Match != nil && r.Match.ExternalID != "" }

// names notes claims for the trace.
func (c *compiler) names(claims ...string) {
	for _, name := range claims {
		if name != "" && !slices.Contains(c.compiled.claims, name) {
			c.compiled.claims = append(c.compiled.claims, name)
		}
	}
}
