package mapping

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEnrich(t *testing.T) {
	supervisors := Enrichment{When: &Condition{Claim: "groups", In: []string{"cc-leads"}}, Roles: []string{"supervisor"}, Groups: []string{"Leads", "All"}}
	nordic := Enrichment{When: &Condition{Claim: "country", In: []string{"NO", "SE"}}, Roles: []string{"supervisor", "nordic"}}
	rules, err := Compile([]Rule{linked()}, Options{Enrich: []Enrichment{supervisors, nordic}})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		claims map[string]any
		people people
		want   Given
		by     string
	}{
		{"both", map[string]any{"groups": []any{"x", "cc-leads"}, "country": "NO"}, people{"external_id = x1": active("1")}, Given{Roles: []string{"supervisor", "nordic"}, Groups: []string{"Leads", "All"}}, "enrich[0] enrich[1]"},
		{"one", map[string]any{"country": "SE"}, people{"external_id = x1": active("1")}, Given{Roles: []string{"supervisor", "nordic"}}, "enrich[1]"},
		{"none", map[string]any{"groups": "CC-LEADS", "roles": []any{"admin"}}, people{"external_id = x1": active("1")}, Given{}, ""},
		{"somebody who is refused", map[string]any{"country": "NO"}, nil, Given{}, ""},
	} {
		d, err := rules.Resolve(Identity{Connection: "corp", ExternalID: "x1", Claims: test.claims}, Env{}, test.people.lookup)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, d.Given); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
		var by []string
		for _, g := range d.Trace.Given {
			by = append(by, g.Rule)
			if diff := cmp.Diff(map[string]Enrichment{"enrich[0]": supervisors, "enrich[1]": nordic}[g.Rule].Groups, g.Groups); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", test.name, g.Rule, diff)
			}
		}
		if got := strings.Join(by, " "); got != test.by {
			t.Errorf("%s: given by %q, want %q", test.name, got, test.by)
		}
	}
	many := make([]string, maxGiven+1)
	for i := range many {
		many[i] = fmt.Sprint("r", i)
	}
	for want, e := range map[string]Enrichment{
		"enrich[0].when: is required":                          {Roles: []string{"a"}},
		"enrich[0]: gives neither":                             {When: nordic.When},
		`enrich[0].roles[1]: ""`:                               {When: nordic.When, Roles: []string{"a", ""}},
		`enrich[0].groups[0]: "a\n"`:                           {When: nordic.When, Groups: []string{"a\n"}},
		"enrich: gives 51 names":                               {When: nordic.When, Roles: many},
		"enrich[0].when.claim: claim nonce is the protocol's":  {When: &Condition{Claim: "nonce", Equals: "x"}, Roles: []string{"a"}},
		"enrich[0].when.not: needs exactly one of claim, all,": {When: &Condition{Not: &Condition{}}, Roles: []string{"a"}},
	} {
		if _, err := Compile(nil, Options{Enrich: []Enrichment{e}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want … %s", err, want)
		}
	}
}

func TestGivenClaims(t *testing.T) {
	u, d := ana()
	given := Given{Roles: []string{"agent", "supervisor"}, Groups: []string{"Leads"}}
	all := []string{"roles", "groups"}
	for _, test := range []struct {
		name   string
		scopes []string
		to     Recipient
		want   map[string]any
	}{
		{"an ID token", all, ForIDToken, map[string]any{"role": []string{"agent", "supervisor"}, "groups": []string{"Leads"}}},
		{"an access token says which come of the login", all, ForAccessToken, map[string]any{
			"roles": []string{"agent", "supervisor"}, "permissions": []string{"call"}, "groups": []string{"Leads"},
			ClaimGivenRoles: []string{"agent", "supervisor"}, ClaimGivenGroups: []string{"Leads"},
		}},
		{"only what the scopes say", []string{"profile"}, ForAccessToken, map[string]any{}},
	} {
		got := Claims(u, d, test.scopes, ClaimOptions{For: test.to, Given: given})
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}
