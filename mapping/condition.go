package mapping

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A test says why a condition does not hold, or is empty. The nil test always holds.
type test func(claimSource) (why string)

func (t test) unmet(id Identity) string {
	if t == nil {
		return ""
	}
	return t(claimSource{id})
}

// maxPattern bounds a regular expression, and maxDepth how deeply conditions nest.
const (
	maxPattern = 200
	maxDepth   = 5
)

// condition compiles a condition; key is where it stands.
func (c *compiler) condition(key string, when *Condition, depth int) test {
	if when == nil {
		return nil
	}
	kinds := 0
	for _, set := range []bool{when.Claim != "", len(when.All) > 0, len(when.Any) > 0, when.Not != nil} {
		if set {
			kinds++
		}
	}
	switch {
	case depth > maxDepth:
		c.fault(key, "conditions nest more than %d deep", maxDepth)
	case kinds != 1:
		c.fault(key, "needs exactly one of claim, all, any and not")
	case when.Claim != "":
		return c.comparison(key, when)
	case when.comparisons() > 0:
		c.fault(key, "equals, in, matches and exists compare a claim")
	case when.Not != nil:
		return negation(c.condition(key+".not", when.Not, depth+1))
	case len(when.All) > 0:
		return conjunction(c.conditions(key+".all", when.All, depth))
	default:
		return disjunction(c.conditions(key+".any", when.Any, depth))
	}
	return nil
}

func (c *compiler) conditions(key string, list []Condition, depth int) []test {
	tests := make([]test, len(list))
	for i := range list {
		tests[i] = c.condition(fmt.Sprintf("%s[%d]", key, i), &list[i], depth+1)
	}
	return tests
}

func (w *Condition) comparisons() (n int) {
	for _, set := range []bool{w.Equals != "", len(w.In) > 0, w.Matches != "", w.Exists != nil} {
		if set {
			n++
		}
	}
	return n
}

func (c *compiler) comparison(key string, when *Condition) test {
	name := refer(when.Claim)
	c.names(key+".claim", name)
	if when.comparisons() != 1 {
		c.fault(key, "needs exactly one of equals, in, matches and exists")
		return nil
	}
	switch {
	case when.Exists != nil:
		return existence(name, *when.Exists)
	case when.Matches != "":
		pattern, err := regexp.Compile(when.Matches)
		if err == nil { // else "a)|(b" would break out of the anchors
			pattern, err = regexp.Compile(`^(?:` + when.Matches + `)$`)
		}
		if err != nil || len(when.Matches) > maxPattern {
			c.fault(key+".matches", "%q is not a regular expression (RE2) of at most %d bytes", when.Matches, maxPattern)
			return nil
		}
		return anyValue(name, "does not match "+when.Matches, pattern.MatchString)
	case when.Equals != "":
		return anyValue(name, "is not "+bounded(when.Equals, maxTraced), func(v string) bool { return v == when.Equals })
	}
	among := "is none of " + bounded(strings.Join(when.In, ", "), maxTraced)
	return anyValue(name, among, func(v string) bool { return slices.Contains(when.In, v) })
}

func existence(name claimRef, want bool) test {
	return func(from claimSource) string {
		switch _, exists := from.values(name); {
		case want && !exists:
			return "claim " + name.name + " is missing"
		case !want && exists:
			return "claim " + name.name + " is present"
		}
		return ""
	}
}

func anyValue(name claimRef, unless string, holds func(string) bool) test {
	return func(from claimSource) string {
		values, exists := from.values(name)
		switch {
		case !exists:
			return "claim " + name.name + " is missing"
		case !slices.ContainsFunc(values, holds):
			return "claim " + name.name + " " + unless
		}
		return ""
	}
}

func negation(t test) test {
	return func(from claimSource) string {
		if t(from) == "" {
			return "the condition under not holds"
		}
		return ""
	}
}

func conjunction(tests []test) test {
	return func(from claimSource) string {
		for _, t := range tests {
			if why := t(from); why != "" {
				return why
			}
		}
		return ""
	}
}

func disjunction(tests []test) test {
	return func(from claimSource) string {
		var whys []string
		for _, t := range tests {
			why := t(from)
			if why == "" {
				return ""
			}
			whys = append(whys, why)
		}
		return strings.Join(whys, "; ")
	}
}
