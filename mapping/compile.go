package mapping

import (
	"errors"
	"fmt"
	"slices"
)

// Rules are compiled mapping rules. They are immutable and safe for concurrent use.
type Rules struct {
	rules  []rule
	claims []claimRef // every claim that the rules name
	kept   []claimRef // those that a trace holds beside them
	enrich []enrichment
	// unchecked holds for rules of a connection that says nothing about its claims.
	unchecked bool
}

// Unchecked names the claims that the rules and the options name and that nothing was there to check
// against, in order; none if Options.Claims said what there is. What is there whatever the IdP sends is
// no such claim.
func (r *Rules) Unchecked() (names []string) {
	if !r.unchecked {
		return nil
	}
	for _, ref := range slices.Concat(r.claims, r.kept) {
		if !slices.Contains(verifiedClaims(), ref.name) && !slices.Contains(names, ref.name) {
			names = append(names, ref.name)
		}
	}
	slices.Sort(names)
	return names
}

type rule struct {
	Rule
	when     test
	by       By
	template *template
	// usesEmail holds for a rule that rests on the e-mail address.
	usesEmail bool
	previous  *template // of Relink, or nil
	second    *template // the login of Relink, or nil
	create    []column
	// named is how many of Rules.claims this rule and those before it name.
	named int
}

// Options are what a connection says about its rules beside them. The zero value declares nothing
// and allows nothing.
type Options struct {
	// Claims are those that the IdP sends, where they are known: a rule that names another is a fault.
	Claims []string
	// Trace names further claims to keep with every recorded login, so that rules that use them can be
	// tried on old logins.
	Trace []string
	// Create allows rules with create.
	Create bool
	// Enrich gives roles and groups to whoever gets in.
	Enrich []Enrichment
}

// A RuleError is one fault of one rule, or of the options.
type RuleError struct {
	// Index counts from zero; it is -1 for a fault of the options.
	Index int
	// Key is the key at fault inside the rule, such as match.login, or empty for the rule itself. Of the
	// options it is claims[0], trace_claims[0] or enrich[0].when.
	Key string
	Err error
}

func (e *RuleError) Error() string {
	switch {
	case e.Index < 0:
		return fmt.Sprintf("%s: %v", e.Key, e.Err)
	case e.Key == "":
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
func Compile(rules []Rule, o Options) (*Rules, error) {
	if len(rules) == 0 {
		rules = DefaultRules()
	}
	c := compiler{compiled: &Rules{unchecked: len(o.Claims) == 0}, options: o, index: -1}
	c.declared()
	c.enrich()
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
	options  Options
	index    int
	faults   []error
}

func (c *compiler) fault(key, format string, args ...any) {
	c.faults = append(c.faults, &RuleError{Index: c.index, Key: key, Err: fmt.Errorf(format, args...)})
}

func (c *compiler) add(r Rule, before []Rule) {
	c.reachable(r, before)
	compiled := rule{Rule: r, when: c.condition("when", r.When, 1)}
	actions := 0
	for _, set := range []bool{r.Match != nil, r.Create != nil, r.Refuse != ""} {
		if set {
			actions++
		}
	}
	switch {
	case actions != 1:
		c.fault("", "needs exactly one of match, create and refuse")
	case r.Refuse != "":
		c.refuse(r)
	case r.Create != nil:
		c.create(&compiled, before)
		c.require(&compiled)
	default:
		c.match(&compiled)
		c.require(&compiled)
		c.link(&compiled, before)
	}
	if r.Refuse == "" && len(r.Message) > 0 {
		c.fault("message", "belongs to a rule with refuse")
	}
	compiled.named = len(c.compiled.claims)
	c.compiled.rules = append(c.compiled.rules, compiled)
}
