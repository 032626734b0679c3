package mapping

import (
	"errors"
	"fmt"
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
	d := Decision{Trace: Trace{Connection: id.Connection, Claims: r.record(id)}}
	for i := range r.rules {
		step, err := r.rules[i].try(id, env, lookup, &d)
		d.Trace.Steps = append(d.Trace.Steps, step)
		if err != nil {
			return Decision{Trace: d.Trace}, fmt.Errorf("mapping rule %q: %w", r.rules[i].Name, err)
		}
		if step.Outcome != Passed {
			d.Rule = r.rules[i].Name
			if d.Refused == "" {
				d.Given, d.Trace.Given = r.given(id)
			}
			return d, nil
		}
	}
	d.Refused = RefusedNotProvisioned
	return d, nil
}

// try runs one rule. It writes to d only when the rule decides.
func (r *rule) try(id Identity, env Env, lookup Lookup, d *Decision) (Step, error) {
	step := Step{Rule: r.Name, Outcome: Passed}
	if step.Why = r.when.unmet(id); step.Why != "" {
		return step, nil
	}
	if r.Refuse != "" {
		d.Refused, d.Message, step.Outcome = r.Refuse, r.Message, Refused
		step.Why = "the rule refuses with " + r.Refuse
		return step, nil
	}
	query, why := r.query(id, env)
	if why != "" {
		step.Why = why
		return step, nil
	}
	users, err := ask(&step, lookup, query)
	switch {
	case err != nil:
		return step, err
	case r.Create != nil:
		r.make(id, env, query.Value, users, &step, d)
	case len(users) == 0:
		step.Why = "nobody matches"
	case len(users) > 1:
		d.Refused, step.Outcome = RefusedAmbiguous, Refused
		step.Why = fmt.Sprintf("%d users match", len(users))
	case !users[0].Active:
		d.Refused, step.Outcome, step.Why = RefusedInactive, Refused, "the user is inactive"
	default:
		d.Replace, step.Why, err = r.prove(id, users[0], lookup)
		d.User, d.Link, step.Outcome = users[0], r.Link, Matched
	}
	return step, err
}

// ask looks for the users of a query and writes them into the step.
func ask(step *Step, lookup Lookup, query Query) ([]User, error) {
	step.Looked = query.String()
	users, err := lookup(query)
	if err != nil {
		step.Why = "the directory could not answer"
		return nil, err
	}
	for _, u := range users {
		if u.ID == "" {
			step.Why = "the directory returned a row without a user id"
			return nil, errors.New("directory returned a row without a user id")
		}
		if len(step.Met) < maxMet {
			step.Met = append(step.Met, u.ID)
		}
	}
	return users, nil
}

// make decides about a user to be created. Whoever has the login already is never taken over, active
// or not.
func (r *rule) make(id Identity, env Env, login string, users []User, step *Step, d *Decision) {
	if len(users) > 0 {
		d.Refused, step.Outcome, step.Why = RefusedLoginTaken, Refused, "somebody has the login"
		return
	}
	d.Create, d.Link, step.Outcome = r.newUser(id, env, login), true, Created
}

// prove returns the proof for taking the place of the user's link, or why there is none: somebody who
// has no link yet needs none.
func (r *rule) prove(id Identity, found User, lookup Lookup) (*Replacement, string, error) {
	proof := r.previous
	if proof == nil {
		proof = r.second
	}
	if proof == nil {
		return nil, "", nil
	}
	value, err := proof.render(claimSource{id})
	if err != nil {
		return nil, "without proof for another link: " + err.Error(), nil
	}
	if why := unusable(value); why != "" {
		return nil, "without proof for another link: " + why, nil
	}
	if r.previous != nil {
		return &Replacement{Previous: value}, "", nil
	}
	users, err := lookup(Query{By: ByLogin, Value: value})
	switch {
	case err != nil:
		return nil, "the directory could not answer", err
	case len(users) != 1 || users[0].ID != found.ID:
		return nil, "without proof for another link: the login " + bounded(value, maxTraced) + " is not this user's", nil
	}
	return &Replacement{}, "", nil
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
	if (r.Link || r.Create != nil) && unusable(id.ExternalID) != "" {
		return Query{}, "the identity has no external id to link"
	}
	q = Query{By: r.by, Value: value}
	switch r.by {
	case ByExternalID:
		q.Connection = id.Connection
	case ByStatement:
		q.Statement = r.Match.Statement
	case ByID, ByLogin, ByEmail:
	}
	return q, ""
}
