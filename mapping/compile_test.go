package mapping

import (
	"errors"
	"strings"
	"testing"
)

func linked() Rule {
	return Rule{Name: "linked external id", Match: &Match{ExternalID: "{{ .external_id }}"}}
}

func ownEmail() Rule {
	return Rule{
		Name: "own e-mail", Match: &Match{Email: "{{ .email }}"}, Link: true,
		Require: &Require{EmailVerified: true, Domain: []string{"acme.example"}},
	}
}

func TestCompileFaults(t *testing.T) {
	good := func() []Rule { return []Rule{linked(), ownEmail(), {Name: "rest", Refuse: "not_provisioned"}} }
	if _, err := Compile(good(), Options{}); err != nil {
		t.Fatalf("positive control: %v", err)
	}
	yes := true
	for _, tc := range []struct {
		name   string
		change func(r []Rule) []Rule
		want   string
	}{
		{"no name", func(r []Rule) []Rule { r[0].Name = ""; return r }, "rule 1: name: is required"},
		{"same name", func(r []Rule) []Rule { r[1].Name = r[0].Name; return r }, "rule 2: name: \"linked external id\" is used"},
		{"neither", func(r []Rule) []Rule { r[0].Match = nil; return r }, "rule 1: needs exactly one of match, create and refuse"},
		{"both", func(r []Rule) []Rule { r[0].Refuse = "x"; return r }, "rule 1: needs exactly one of match, create and refuse"},
		{"two keys", func(r []Rule) []Rule { r[0].Match.Login = "{{ .a }}"; return r }, "rule 1: match: needs exactly one"},
		{"no key", func(r []Rule) []Rule { r[0].Match = &Match{}; return r }, "rule 1: match: needs exactly one"},
		{"template", func(r []Rule) []Rule { r[1].Match.Email = "{{ .a"; return r }, "rule 2: match.email: template"},
		{"e-mail alone", func(r []Rule) []Rule { r[1].Require = nil; return r }, "rule 2: require: an e-mail address alone finds nobody"},
		{"e-mail as login alone", func(r []Rule) []Rule {
			r[1] = Rule{Name: "l", Match: &Match{Login: "{{ local .email }}"}}
			return r
		}, "rule 2: require: an e-mail address alone"},
		{"e-mail as external id alone", func(r []Rule) []Rule { r[0].Match.ExternalID = `{{ claim "email" }}`; return r }, "rule 1: require: an e-mail address alone"},
		{"link without a domain", func(r []Rule) []Rule { r[1].Require.Domain = nil; return r }, "rule 2: link: an e-mail address links only"},
		{"link that nothing reads", func(r []Rule) []Rule { return r[1:] }, "rule 1: link: no rule before this one"},
		{"link of the link", func(r []Rule) []Rule { r[0].Link = true; return r }, "rule 1: link: the user was found by the link"},
		{"bad domain", func(r []Rule) []Rule { r[1].Require.Domain[0] = "*.example"; return r }, "rule 2: require.domain[0]: \"*.example\""},
		{"requires nothing", func(r []Rule) []Rule { r[0].Require = &Require{}; return r }, "rule 1: require: requires nothing"},
		{"reason", func(r []Rule) []Rule { r[2].Refuse = "Go away"; return r }, "rule 3: refuse: \"Go away\""},
		{"refuse and link", func(r []Rule) []Rule { r[2].Link = true; return r }, "rule 3: link:"},
		{"refuse and require", func(r []Rule) []Rule { r[2].Require = &Require{EmailVerified: true}; return r }, "rule 3: require: belongs"},
		{"after everybody", func(r []Rule) []Rule { return append(r, Rule{Name: "late", Refuse: "x"}) }, "rule 4: is never tried"},
		{"empty condition", func(r []Rule) []Rule { r[0].When = &Condition{Claim: "a"}; return r }, "rule 1: when: needs exactly one of equals, in, matches and exists"},
		{"two conditions", func(r []Rule) []Rule {
			r[0].When = &Condition{Claim: "a", In: []string{"b"}, Exists: &yes}
			return r
		}, "rule 1: when: needs exactly one"},
		{"condition on nothing", func(r []Rule) []Rule { r[0].When = &Condition{Exists: &yes}; return r }, "rule 1: when: needs exactly one of claim, all, any and not"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Compile(tc.change(good()), Options{})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("got %v, want … %s", err, tc.want)
			}
			var fault *RuleError
			if !errors.As(err, &fault) {
				t.Errorf("%v holds no RuleError", err)
			}
		})
	}
}

func TestCompileReportsEveryFault(t *testing.T) {
	_, err := Compile([]Rule{{Match: &Match{Login: "x"}}, {Name: "b"}, {Name: "c", Refuse: "-"}}, Options{})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"rule 1: name", "rule 1: match.login", "rule 2: needs", "rule 3: refuse"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not among the faults:\n%v", want, err)
		}
	}
}

func TestUnchecked(t *testing.T) {
	rules := []Rule{
		linked(), ownEmail(),
		{Name: "staff", When: &Condition{Claim: "a.b", Equals: "x"}, Match: &Match{Login: "{{ .staff }}"}},
	}
	for _, tc := range []struct {
		name   string
		claims []string
		want   string
	}{
		{"positive control", nil, "a.b kept staff"},
		{"with claims", []string{"a", "kept", "staff"}, ""},
	} {
		compiled, err := Compile(rules, Options{Claims: tc.claims, Trace: []string{"staff", "kept"}})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(compiled.Unchecked(), " "); got != tc.want {
			t.Fatalf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
	if names := compiled(t, rules[:2]...).Unchecked(); names != nil {
		t.Errorf("%q are there whatever is sent", names)
	}
}

func TestNeeds(t *testing.T) {
	if n := compiled(t, linked()).Needs(); n.Email || n.Create || n.Relink || n.Statements != nil {
		t.Errorf("a link needs %+v", n)
	}
	rules, err := Compile([]Rule{linked(), ownEmail(), staff(), joiner()}, Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	if n := rules.Needs(); !n.Email || !n.Create || !n.Relink || len(n.Statements) != 1 || n.Statements[0] != "user_by_staff_number" {
		t.Errorf("the rules need %+v", n)
	}
}
