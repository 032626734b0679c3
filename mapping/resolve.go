package mapping

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxMet bounds how many users of an ambiguous match a Step lists.
const maxMet = 10

// Env is what the rules may know about the tenant and its connection.
type Env struct {
	// Owns reports whether a domain, in lower case, is a verified domain of the tenant. Nil owns none.
	Owns func(domain string) bool
	// EmailTrust is TrustClaim or TrustDomain; empty means TrustClaim.
	EmailTrust string
}

// Resolve tries the rules in order. The error is the lookup's own, or says that a row cannot be
// believed; then nothing was decided. The Trace is complete up to the rule that decided.
func (r *Rules) Resolve(id Identity, env Env, lookup Lookup) (Decision, error) {
	d := Decision{Trace: Trace{Connection: id.Connection, Claims: r.traceClaims(id)}}
	for i := range r.rules {
		step, err := r.rules[i].try(id, env, lookup, &d)
		d.Trace.Steps = append(d.Trace.Steps, step)
		if err != nil {
			return Decision{Trace: d.Trace}, fmt.Errorf("mapping rule %q: %w", r.rules[i].Name, err)
		}
		if step.Outcome != Passed {
			d.Rule = r.rules[i].Name
			return d, nil
		}
	}
	d.Refused = RefusedNotProvisioned
	return d, nil
}

func (r *Rules) traceClaims(id Identity) map[string]string {
	claims := map[string]string{}
	for _, name := range r.claims {
		if value, ok := (claimSource{id}).traced(name); ok {
			claims[name] = value
		}
	}
	return claims
}

// try runs one rule. It writes to d only when the rule decides.
func (r *rule) try(id Identity, env Env, lookup Lookup, d *Decision) (Step, error) {
	step := Step{Rule: r.Name, Outcome: Passed}
	if step.Why = r.When.unmet(id); step.Why != "" {
		return step, nil
	}
	if r.Refuse != "" {
		d.Refused, step.Outcome, step.Why = r.Refuse, Refused, "the rule refuses with "+r.Refuse
		return step, nil
	}
	query, why := r.query(id, env)
	if why != "" {
		step.Why = why
		return step, nil
	}
	step.Looked = string(query.By) + " = " + bounded(query.Value)
	users, err := lookup(query)
	if err != nil {
		step.Why = "the directory could not answer"
		return step, err
	}
	for _, u := range users {
		if u.ID == "" {
			step.Why = "the directory returned a row without a user id"
			return step, errors.New("directory returned a row without a user id")
		}
		if len(step.Met) < maxMet {
			step.Met = append(step.Met, u.ID)
		}
	}
	switch {
	case len(users) == 0:
		step.Why = "nobody matches"
	case len(users) > 1:
		d.Refused, step.Outcome = RefusedAmbiguous, Refused
		step.Why = fmt.Sprintf("%d users match", len(users))
	case !users[0].Active:
		d.Refused, step.Outcome, step.Why = RefusedInactive, Refused, "the user is inactive"
	default:
		d.User, d.Link, step.Outcome = users[0], r.Link, Matched
	}
	return step, nil
}

// query returns what to look for, or why the rule is passed over.
func (r *rule) query(id Identity, env Env) (q Query, why string) {
	value, err := r.template.render(claimSource{id})
	if err != nil {
		return Query{}, err.Error()
	}
	if why := unusable(value); why != "" {
		return Query{}, why
	}
	if r.Require != nil {
		address := id.Email
		if r.by == ByEmail {
			address = value
		}
		if why := r.believeEmail(id, env, address); why != "" {
			return Query{}, why
		}
	}
	if r.Link && unusable(id.ExternalID) != "" {
		return Query{}, "the identity has no external id to link"
	}
	q = Query{By: r.by, Value: value}
	if r.by == ByExternalID {
		q.Connection = id.Connection
	}
	return q, ""
}

// unmet says why the condition does not hold, or is empty.
func (c *Condition) unmet(id Identity) (why string) {
	if c == nil {
		return ""
	}
	values, exists := claimSource{id}.values(c.Claim)
	if c.Exists != nil {
		switch {
		case *c.Exists && !exists:
			return "claim " + c.Claim + " is missing"
		case !*c.Exists && exists:
			return "claim " + c.Claim + " is present"
		}
		return ""
	}
	if !exists {
		return "claim " + c.Claim + " is missing"
	}
	if !slices.ContainsFunc(values, func(v string) bool { return slices.Contains(c.In, v) }) {
		return "claim " + c.Claim + " is none of " + bounded(strings.Join(c.In, ", "))
	}
	return ""
}
