package mapping

import (
	"slices"
	"strings"
)

// A claimRef is a claim, or a member of one, as rules name it. A name means the same wherever it stands,
// in templates, conditions and trace_claims, so that a trace can hold one value for it: the claim that has
// the whole name, as those of Auth0 may be https://acme.example/id, or else what is at the path.
type claimRef struct {
	name string
	path []string
}

// refer takes a.b for the member b of the claim a. What has a slash or a colon is a URI, whose dots
// separate nothing.
func refer(name string) claimRef {
	if strings.ContainsAny(name, "/:") {
		return claimRef{name, []string{name}}
	}
	return claimRef{name, strings.Split(name, ".")}
}

// within reports whether names has the claim, or one that holds it.
func (r claimRef) within(names []string) bool {
	for n := range r.path {
		if slices.Contains(names, strings.Join(r.path[:n+1], ".")) {
			return true
		}
	}
	return false
}
