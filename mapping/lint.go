package mapping

import (
	"fmt"
	"reflect"
	"slices"
)

// reachable faults a rule that can never decide anything.
func (c *compiler) reachable(r Rule, before []Rule) {
	if r.Name == "" {
		c.fault("name", "is required: traces tell rules apart by it")
	}
	if slices.ContainsFunc(before, func(other Rule) bool { return other.Name == r.Name && r.Name != "" }) {
		c.fault("name", "%q is used by an earlier rule", r.Name)
	}
	for _, other := range before {
		if isCatchAll(other) {
			c.fault("", "is never tried: the rule %q refuses everybody", other.Name)
			return
		}
		if shadows(other, r) {
			c.fault("", "finds nobody whom the rule %q does not find before", other.Name)
			return
		}
	}
}

func isCatchAll(r Rule) bool { return r.Refuse != "" && r.When == nil }

// shadows reports whether r looks for what other has looked for, on no weaker conditions: or refuses,
// or creates, whom other would have.
func shadows(other, r Rule) bool {
	if other.When != nil && !reflect.DeepEqual(other.When, r.When) || other.Require != nil && !reflect.DeepEqual(other.Require, r.Require) {
		return false
	}
	switch {
	case r.Match != nil:
		return reflect.DeepEqual(other.Match, r.Match)
	case r.Create != nil:
		return reflect.DeepEqual(other.Create, r.Create)
	}
	return r.Refuse != "" && other.Refuse != ""
}

// declared checks the options, and keeps the claims that a trace holds whatever the rules say.
func (c *compiler) declared() {
	for i, name := range c.options.Claims {
		if name == "" || slices.Contains(c.options.Claims[:i], name) {
			c.fault(fmt.Sprintf("claims[%d]", i), "%q is empty or there twice", name)
		}
	}
	for i, name := range c.options.Trace {
		if name == "" || slices.Contains(c.options.Trace[:i], name) {
			c.fault(fmt.Sprintf("trace_claims[%d]", i), "%q is empty or there twice", name)
			continue
		}
		c.check(fmt.Sprintf("trace_claims[%d]", i), refer(name))
		c.compiled.kept = append(c.compiled.kept, refer(name))
	}
}

// names checks the claims that a template or a condition at key refers to, and keeps them for the trace.
func (c *compiler) names(key string, claims ...claimRef) {
	c.check(key, claims...)
	c.keep(claims...)
}

func (c *compiler) check(key string, claims ...claimRef) {
	for _, ref := range claims {
		switch {
		case slices.Contains(protocolClaims(), ref.path[0]):
			c.fault(key, "claim %s is the protocol's, and says nothing about who somebody is", ref.path[0])
		case len(c.options.Claims) > 0 && !ref.within(c.options.Claims) && !slices.Contains(verifiedClaims(), ref.name):
			c.fault(key, "claim %s is not among the connection's claims", ref.name)
		}
	}
}

// keep notes claims for the trace.
func (c *compiler) keep(claims ...claimRef) {
	for _, ref := range claims {
		if !slices.ContainsFunc(c.compiled.claims, func(k claimRef) bool { return k.name == ref.name }) {
			c.compiled.claims = append(c.compiled.claims, ref)
		}
	}
}

// protocolClaims are about a token and not about a person; some of them are secrets of a login.
func protocolClaims() []string {
	return []string{"aud", "exp", "iat", "nbf", "jti", "nonce", "at_hash", "c_hash", "s_hash", "sid", "azp", "auth_time"}
}

// verifiedClaims are there whatever the IdP sends.
func verifiedClaims() []string {
	return []string{"sub", "iss", "email", "email_verified", "external_id"}
}
