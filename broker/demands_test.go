package broker_test

import (
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

// TestWhatClaimsTellOfDemands: it is judged as in a login, and what they do not is said to be unknown.
func TestWhatClaimsTellOfDemands(t *testing.T) {
	k := newKit(t)
	strict := registry.Policy{ACRValues: []string{"mfa"}, MaxAge: time.Hour}
	for i, tt := range []struct {
		name   string
		policy registry.Policy
		oidc   func(*registry.OIDC)
		who    mapping.Identity
		want   string
		reason broker.Reason
	}{
		{name: "all is met", policy: strict, who: mapping.Identity{ACR: "mfa", AuthTime: epoch.Add(-time.Minute)}, want: "[acr_values met, max_age met]"},
		{name: "nothing is demanded", who: mapping.Identity{}, want: "[]"},
		{name: "nothing is known", policy: strict, want: "[acr_values unknown, max_age unknown]"},
		{name: "another context", policy: strict, who: mapping.Identity{ACR: "MFA", AuthTime: epoch}, want: "[acr_values unmet, max_age met]", reason: broker.ReasonWeak},
		{name: "too old", policy: strict, who: mapping.Identity{ACR: "mfa", AuthTime: epoch.Add(-2 * time.Hour)}, want: "[acr_values met, max_age unmet]", reason: broker.ReasonWeak},
		{
			name: "an organization by id", oidc: func(o *registry.OIDC) { o.Organization = "org_1" },
			who: mapping.Identity{Claims: map[string]any{"org_id": "org_1"}}, want: "[organization met]",
		},
		{
			name: "an organization by name, and the id of it", oidc: func(o *registry.OIDC) { o.Organization = "acme" },
			who: mapping.Identity{Claims: map[string]any{"org_id": "acme"}}, want: "[organization unknown]",
		},
		{
			name: "another tenant, and a weak login", policy: strict, oidc: func(o *registry.OIDC) { o.Tenants = []string{"t1"} },
			who: mapping.Identity{ACR: "pwd", Claims: map[string]any{"tid": "t2"}}, want: "[acr_values unmet, max_age unknown, tenants unmet]", reason: broker.ReasonUpstream,
		},
	} {
		trial := k.trial("corp")
		c := *trial.Connection
		o := *c.OIDC
		if tt.oidc != nil {
			tt.oidc(&o)
		}
		c.Policy, c.OIDC = tt.policy, &o
		trial.Connection = &c
		demands := trial.Demands(tt.who, epoch)
		var lines []string
		for _, d := range demands {
			lines = append(lines, d.Key+" "+string(d.Verdict))
		}
		got := "[" + strings.Join(lines, ", ") + "]"
		if got != tt.want || broker.Unmet(demands) != tt.reason {
			t.Errorf("%s: %s, refused for %q; want %s, %q", tt.name, got, broker.Unmet(demands), tt.want, tt.reason)
			if i == 0 {
				t.Fatal("that was the control")
			}
		}
	}
}
