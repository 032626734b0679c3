package broker

import (
	"slices"
	"strings"
	"time"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/mapping"
)

// A Demand is something that a connection asks of a login beside its rules, and what the claims of
// somebody tell about it.
type Demand struct {
	// Key is what asks for it in the tenant file.
	Key     string        `json:"demand"`
	Verdict DemandVerdict `json:"verdict"`
	Why     string        `json:"why,omitempty"`
}

// DemandVerdict says whether a demand is met.
type DemandVerdict string

// The verdicts. Unknown is what claims do not tell: a login asks the IdP for it, and refuses whoever comes
// back without.
const (
	DemandMet     DemandVerdict = "met"
	DemandUnmet   DemandVerdict = "unmet"
	DemandUnknown DemandVerdict = "unknown"
)

const (
	demandACR    = "acr_values"
	demandMaxAge = "max_age"
)

// Demands judges what the connection asks of a login that began at the given time, as a login would.
func (t Trial) Demands(identity mapping.Identity, begun time.Time) []Demand {
	policy := t.Connection.Policy
	var all []Demand
	judge := func(key string, told bool, claim string, met error) {
		d := Demand{Key: key, Verdict: DemandMet}
		switch {
		case !told:
			d.Verdict, d.Why = DemandUnknown, "the claims have no "+claim
		case met != nil:
			d.Verdict, d.Why = DemandUnmet, met.Error()
		}
		all = append(all, d)
	}
	if len(policy.ACRValues) > 0 {
		_, err := admit(registry.Policy{ACRValues: policy.ACRValues}, identity, begun)
		judge(demandACR, identity.ACR != "", "acr", err)
	}
	if policy.MaxAge > 0 {
		_, err := admit(registry.Policy{MaxAge: policy.MaxAge}, identity, begun)
		judge(demandMaxAge, !identity.AuthTime.IsZero(), "auth_time", err)
	}
	o := t.Connection.OIDC
	if o == nil {
		return all
	}
	preset := func(key string, p federation.Preset, claim string) {
		_, told := identity.Claims[claim]
		judge(key, told, claim, p.Admits(identity.Claims))
	}
	if o.HostedDomain != "" {
		preset("hosted_domain", federation.Preset{HostedDomain: o.HostedDomain}, "hd")
	}
	if o.Organization != "" {
		claim := "org_name"
		if strings.HasPrefix(o.Organization, "org_") {
			claim = "org_id"
		}
		preset("organization", federation.Preset{Organization: o.Organization}, claim)
	}
	if len(o.Tenants) > 0 {
		preset("tenants", federation.Preset{Tenants: o.Tenants}, "tid")
	}
	return all
}

// Unmet returns the reason for which a login would be refused whatever the rules say; empty if nothing tells
// of one.
func Unmet(demands []Demand) (reason Reason) {
	for _, d := range demands {
		switch {
		case d.Verdict != DemandUnmet:
		case d.Key == demandACR || d.Key == demandMaxAge:
			reason = ReasonWeak
		default: // which is looked at first, with the token
			return ReasonUpstream
		}
	}
	return reason
}

// A Demanded counts the people of a replay by what their records tell about a demand.
type Demanded struct {
	Key     string `json:"demand"`
	Unmet   int    `json:"unmet"`
	Unknown int    `json:"unknown"`
}

// demanded adds up what a record tells.
func (r *Replay) demanded(demands []Demand) {
	for _, d := range demands {
		i := slices.IndexFunc(r.Demanded, func(sum Demanded) bool { return sum.Key == d.Key })
		if i < 0 {
			i = len(r.Demanded)
			r.Demanded = append(r.Demanded, Demanded{Key: d.Key})
		}
		switch d.Verdict {
		case DemandUnmet:
			r.Demanded[i].Unmet++
		case DemandUnknown:
			r.Demanded[i].Unknown++
		case DemandMet:
		}
	}
}
