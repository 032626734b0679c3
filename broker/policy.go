package broker

import (
	"fmt"
	"slices"
	"time"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/mapping"
)

// skew is how far an IdP's clock may be from ours where a policy is judged: as far as the adapters allow,
// which have judged the same if they were told when the login began. They are not where a client presents a
// token, or the IdP began the login.
func skew(p registry.Policy) time.Duration {
	if p.ClockSkew == 0 {
		return time.Minute
	}
	return p.ClockSkew
}

// demand adds to a login what the connection's policy asks for. A client may ask for more, not for less.
func demand(p registry.Policy, r *federation.StartRequest) {
	if p.MaxAge > 0 && (r.MaxAge < 0 || r.MaxAge > p.MaxAge) {
		r.MaxAge = p.MaxAge
	}
	if len(p.ACRValues) == 0 {
		return
	}
	// Of the client's wishes those that the policy allows, in the client's order; then the others.
	var values []string
	for _, value := range slices.Concat(r.ACRValues, p.ACRValues) {
		if slices.Contains(p.ACRValues, value) && !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	r.ACRValues = values
}

// admit holds an identity to the connection's policy. begun is when the login began, or when a token of
// the IdP's was presented. What the policy does not believe is gone from the identity it returns.
func admit(p registry.Policy, identity mapping.Identity, begun time.Time) (mapping.Identity, error) {
	switch {
	case p.MaxAge > 0 && identity.AuthTime.IsZero():
		return identity, fmt.Errorf("the identity provider did not say when the person authenticated, and max_age is %s", p.MaxAge)
	case p.MaxAge > 0 && identity.AuthTime.Before(begun.Add(-p.MaxAge-skew(p))):
		return identity, fmt.Errorf("the person authenticated at %s, and max_age is %s", identity.AuthTime.UTC().Format(time.RFC3339), p.MaxAge)
	case len(p.ACRValues) > 0 && !slices.Contains(p.ACRValues, identity.ACR):
		return identity, fmt.Errorf("acr is %q, not one of %q", truncate(identity.ACR, maxSubject), p.ACRValues)
	}
	if p.DistrustAMR {
		identity.AMR, identity.ACR = nil, ""
	}
	return identity, nil
}
