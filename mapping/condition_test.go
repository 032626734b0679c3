package mapping

import (
	"strings"
	"testing"
)

func TestConditions(t *testing.T) {
	yes, no := true, false
	claims := map[string]any{
		"department": []any{"Floor", "Sales"}, "upn": "ana@acme.example", "level": float64(3), "object": map[string]any{"a": "b"}, "empty": []any{},
	}
	for _, tc := range []struct {
		name    string
		when    *Condition
		wantWhy string // empty: it holds
	}{
		{"none", nil, ""},
		{"equals", &Condition{Claim: "upn", Equals: "ana@acme.example"}, ""},
		{"equals another case", &Condition{Claim: "upn", Equals: "Ana@acme.example"}, "claim upn is not Ana@acme.example"},
		{"equals a number", &Condition{Claim: "level", Equals: "3"}, ""},
		{"in, of several values", &Condition{Claim: "department", In: []string{"Support", "Sales"}}, ""},
		{"in, of no values", &Condition{Claim: "empty", In: []string{""}}, "claim empty is none of"},
		{"in, of an object", &Condition{Claim: "object", In: []string{"b"}}, "claim object is none of b"},
		{"in, of a missing claim", &Condition{Claim: "group", In: []string{"x"}}, "claim group is missing"},
		{"matches", &Condition{Claim: "upn", Matches: `[a-z]+@acme\.example`}, ""},
		{"matches a part only", &Condition{Claim: "upn", Matches: `[a-z]+@acme`}, "claim upn does not match"},
		{"matches one alternative's beginning", &Condition{Claim: "upn", Matches: `ana|x`}, "claim upn does not match"},
		{"matches a line", &Condition{Claim: "upn", Matches: `(?m)ana$`}, "claim upn does not match"},
		{"exists", &Condition{Claim: "object", Exists: &yes}, ""},
		{"does not exist", &Condition{Claim: "group", Exists: &no}, ""},
		{"exists against expectation", &Condition{Claim: "upn", Exists: &no}, "claim upn is present"},
		{"all", &Condition{All: []Condition{{Claim: "upn", Exists: &yes}, {Claim: "level", Equals: "3"}}}, ""},
		{"not all", &Condition{All: []Condition{{Claim: "upn", Exists: &yes}, {Claim: "level", Equals: "4"}}}, "claim level is not 4"},
		{"any", &Condition{Any: []Condition{{Claim: "level", Equals: "4"}, {Claim: "upn", Exists: &yes}}}, ""},
		{"not any", &Condition{Any: []Condition{{Claim: "level", Equals: "4"}, {Claim: "group", Exists: &yes}}}, "claim level is not 4; claim group is missing"},
		{"not", &Condition{Not: &Condition{Claim: "level", Equals: "3"}}, "the condition under not holds"},
		{"not, of a missing claim", &Condition{Not: &Condition{Claim: "group", Equals: "guests"}}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rules := compiled(t, Rule{Name: "r", When: tc.when, Refuse: "held"})
			d, err := rules.Resolve(Identity{Claims: claims}, Env{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			why := d.Trace.Steps[0].Why
			if holds := d.Refused == "held"; holds != (tc.wantWhy == "") || !holds && !strings.Contains(why, tc.wantWhy) {
				t.Errorf("refused %q, %q; want %q", d.Refused, why, tc.wantWhy)
			}
		})
	}
}

func TestConditionFaults(t *testing.T) {
	yes := true
	deep := Condition{Claim: "a", Exists: &yes}
	for range 6 {
		deep = Condition{Not: &Condition{Any: []Condition{deep}}}
	}
	for want, when := range map[string]Condition{
		"when: needs exactly one of claim, all, any and not":                    {},
		"when: needs exactly one of equals, in, matches and exists":             {Claim: "a"},
		"when: equals, in, matches and exists compare a claim":                  {All: []Condition{{Claim: "a", Exists: &yes}}, Equals: "x"},
		`when.matches: "a)|(b" is not a regular`:                                {Claim: "a", Matches: "a)|(b"},
		`when.matches: "` + strings.Repeat("x", 201) + `" is not`:               {Claim: "a", Matches: strings.Repeat("x", 201)},
		"when.any[1].not: needs exactly one of claim":                           {Any: []Condition{{Claim: "a", Exists: &yes}, {Not: &Condition{}}}},
		"when.all[0].claim: claim nonce is the protocol's":                      {All: []Condition{{Claim: "nonce", Exists: &yes}}},
		"when.not.any[0].not.any[0].not: conditions nest more than 5 deep":      deep,
		"when.claim: claim departement is not among the connection's claims":    {Claim: "departement", Exists: &yes},
		"when.any[0].claim: claim Department is not among the connection's cla": {Any: []Condition{{Claim: "Department", Exists: &yes}}},
	} {
		o := Options{}
		if strings.Contains(want, "not among") {
			o.Claims = []string{"department"}
		}
		good := Condition{Claim: "department", Exists: &yes}
		if _, err := Compile([]Rule{{Name: "r", When: &good, Refuse: "x"}}, o); err != nil {
			t.Fatalf("positive control: %v", err)
		}
		if _, err := Compile([]Rule{{Name: "r", When: &when, Refuse: "x"}}, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want … %s", err, want)
		}
	}
}

// FuzzConditionPattern asserts that a pattern that compiles holds for whole values only.
func FuzzConditionPattern(f *testing.F) {
	f.Add("[a-z]+", "ana", "!")
	f.Add("a|b", "a", "x")
	f.Add("(?i:a)$", "A", "\n")
	f.Fuzz(func(t *testing.T, pattern, value, more string) {
		rules, err := Compile([]Rule{{Name: "r", When: &Condition{Claim: "c", Matches: pattern}, Refuse: "held"}}, Options{})
		if err != nil || value == "" || more == "" {
			return
		}
		holds := func(v string) bool {
			return rules.rules[0].when(claimSource{Identity{Claims: map[string]any{"c": v}}}) == ""
		}
		if strings.ContainsAny(pattern, ".*+?{[|\\($^") { // only literal patterns are simple enough to foretell
			return
		}
		if got := holds(value); got != (value == pattern) {
			t.Errorf("%q matches %q: %v", pattern, value, got)
		}
		if pattern != "" && holds(pattern+more) {
			t.Errorf("%q matches %q", pattern, pattern+more)
		}
	})
}
