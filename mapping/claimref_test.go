package mapping

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestNestedClaims shows that a name means the same in a template, in a condition and in a trace.
func TestNestedClaims(t *testing.T) {
	yes := true
	for _, tc := range []struct {
		name, claim, sent string
		want              Recorded // nil: not sent
	}{
		{"a claim", "team", `{"team": "sup"}`, Recorded{"sup"}},
		{"a member", "realm_access.roles", `{"realm_access": {"roles": ["sup"]}}`, Recorded{"sup"}},
		{"a member of a member", "a.b.c", `{"a": {"b": {"c": "sup"}}}`, Recorded{"sup"}},
		{"the whole name", "acme.team", `{"acme.team": "sup"}`, Recorded{"sup"}},
		{"the whole name before a member", "a.b", `{"a.b": "sup", "a": {"b": "agent"}}`, Recorded{"sup"}},
		{"a member where the whole name is null", "a.b", `{"a.b": null, "a": {"b": "sup"}}`, Recorded{"sup"}},
		{"a URL", "https://acme.example/team", `{"https://acme.example/team": "sup"}`, Recorded{"sup"}},
		{"no member of a URL", "https://acme.example/team", `{"https://acme": {"example/team": "sup"}}`, nil},
		{"no such member", "a.b", `{"a": {"c": "sup"}}`, nil},
		{"a member that is null", "a.b", `{"a": {"b": null}}`, nil},
		{"a member of text", "a.b", `{"a": "sup"}`, nil},
		{"a member of a list", "a.b", `{"a": [{"b": "sup"}]}`, nil},
		{"no member of what was verified", "email.b", `{"email": "b"}`, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			is := &Condition{Claim: tc.claim, In: []string{"sup"}}
			rules, err := Compile([]Rule{
				{Name: "condition", When: is, Match: &Match{ExternalID: "{{ .external_id }}"}},
				{Name: "existence", When: &Condition{Claim: tc.claim, Exists: &yes}, Refuse: "exists"},
				{Name: "template", Match: &Match{Login: `{{ claim "` + tc.claim + `" }}`}, Require: &Require{EmailVerified: true}},
			}, Options{Trace: []string{tc.claim}, Enrich: []Enrichment{{When: is, Roles: []string{"supervisor"}}}})
			if err != nil {
				t.Fatal(err)
			}
			id := Identity{Connection: "corp", ExternalID: "x1", Email: "ana@acme.example", EmailVerified: true}
			if err := json.Unmarshal([]byte(tc.sent), &id.Claims); err != nil {
				t.Fatal(err)
			}
			d, err := rules.Resolve(id, Env{}, people{"external_id = x1": active("7")}.lookup)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, d.Trace.Claims[tc.claim]); diff != "" {
				t.Errorf("recorded (-want +got):\n%s", diff)
			}
			if sent := tc.want != nil; (d.User.ID == "7") != sent || d.Given.IsZero() == sent {
				t.Errorf("the condition gives user %q and %v: %+v", d.User.ID, d.Given, d.Trace.Steps)
			}
			if tc.want == nil && (len(d.Trace.Steps) != 3 || !strings.Contains(d.Trace.Steps[2].Why, "claim "+tc.claim+" is missing")) {
				t.Errorf("the template: %+v", d.Trace.Steps)
			}
			again, err := rules.Resolve(d.Trace.Identity(), Env{}, people{"external_id = x1": active("7")}.lookup)
			if diff := cmp.Diff(d, again); err != nil || diff != "" {
				t.Errorf("replayed (-first +again): %v\n%s", err, diff)
			}
		})
	}
}

// TestReplayOfParts shows that a record of a claim and one of its member do not take each other's place.
func TestReplayOfParts(t *testing.T) {
	yes := true
	rules := compiled(t,
		Rule{Name: "outer", When: &Condition{Claim: "a", Equals: "x"}, Refuse: "outer"},
		Rule{Name: "inner", When: &Condition{Claim: "a.b", Equals: "y"}, Refuse: "inner"},
	)
	for range 20 { // a map has no order
		d, err := rules.Resolve(Identity{Claims: map[string]any{"a": map[string]any{"b": "y"}}}, Env{}, nil)
		if err != nil || d.Refused != "inner" {
			t.Fatalf("positive control: %+v, %v", d, err)
		}
		again, err := rules.Resolve(d.Trace.Identity(), Env{}, nil)
		if err != nil || again.Refused != "inner" {
			t.Fatalf("replayed: %+v, %v", again, err)
		}
		newer := compiled(t, Rule{Name: "r", When: &Condition{Claim: "a.c", Exists: &yes}, Refuse: "r"})
		if missing := newer.Missing(d.Trace); !cmp.Equal(missing, []string{"a.c"}) {
			t.Fatalf("%q are missing", missing)
		}
	}
}

func TestNestedClaimsLint(t *testing.T) {
	yes := true
	for _, tc := range []struct {
		name, claim string
		claims      []string
		want        string // empty: accepted
	}{
		{"nothing is known", "a.b", nil, ""},
		{"the member", "a.b", []string{"a.b"}, ""},
		{"what holds it", "a.b.c", []string{"a"}, ""},
		{"what holds it, a member too", "a.b.c", []string{"a.b"}, ""},
		{"a URL", "https://acme.example/id", []string{"https://acme.example/id"}, ""},
		{"another member", "a.bb", []string{"a.b"}, "claim a.bb is not among the connection's claims"},
		{"what holds a known one", "a", []string{"a.b"}, "claim a is not among"},
		{"another URL", "https://acme.example/di", []string{"https://acme", "https://acme.example/id"}, "claim https://acme.example/di is not among"},
		{"a member of what is verified", "sub.x", []string{"a"}, "claim sub.x is not among"},
		{"a member of the protocol's", "nonce.x", nil, "claim nonce is the protocol's"},
		{"a member of the protocol's that is listed", "nonce.x", []string{"nonce.x"}, "claim nonce is the protocol's"},
	} {
		when := &Condition{Claim: tc.claim, Exists: &yes}
		for key, compile := range map[string]func() error{
			"rule 1: when.claim: ": func() error {
				_, err := Compile([]Rule{{Name: "r", When: when, Refuse: "x"}}, Options{Claims: tc.claims})
				return err
			},
			"rule 1: match.login: ": func() error {
				_, err := Compile([]Rule{{Name: "r", Match: &Match{Login: `{{ claim "` + tc.claim + `" }}`}}}, Options{Claims: tc.claims})
				return err
			},
			"enrich[0].when.claim: ": func() error {
				_, err := Compile(nil, Options{Claims: tc.claims, Enrich: []Enrichment{{When: when, Roles: []string{"a"}}}})
				return err
			},
			"trace_claims[0]: ": func() error {
				_, err := Compile(nil, Options{Claims: tc.claims, Trace: []string{tc.claim}})
				return err
			},
		} {
			err := compile()
			if ok := tc.want == "" && err == nil || tc.want != "" && err != nil && strings.Contains(err.Error(), key+tc.want); !ok {
				t.Errorf("%s: got %v, want %s%s", tc.name, err, key, tc.want)
			}
		}
	}
}

// TestSecondProofOfOneClaim shows that two members of one object are no two proofs, and two URLs are.
func TestSecondProofOfOneClaim(t *testing.T) {
	moved := func(match, proof string) error {
		_, err := Compile([]Rule{linked(), {
			Name: "moved", Match: &Match{Statement: "user_by_staff_number", Value: match}, Link: true, Relink: &Relink{Login: proof},
		}}, Options{})
		return err
	}
	if err := moved(`{{ claim "https://acme.example/a" }}`, `{{ claim "https://acme.example/b" }}`); err != nil {
		t.Fatalf("positive control: %v", err)
	}
	for _, other := range []string{"{{ .a.c }}", "{{ .a }}", `{{ claim "a.b" }}`, `{{ claim "a.c" }}`, `{{ claim "email.x" }}`} {
		if err := moved("{{ .a.b }}", other); err == nil || !strings.Contains(err.Error(), "is no second proof") {
			t.Errorf("%s: %v", other, err)
		}
	}
}
