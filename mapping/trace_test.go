package mapping

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReplay shows that a recorded login decides as it did, and that what was not recorded in full is told.
func TestReplay(t *testing.T) {
	yes := true
	rules, err := Compile([]Rule{
		linked(), ownEmail(),
		{Name: "member", When: &Condition{Claim: "groups", In: []string{"g3"}}, Match: &Match{Login: "{{ .profile.account }}"}},
		{Name: "other", When: &Condition{Claim: "object", Exists: &yes}, Refuse: "other"},
	}, Options{Trace: []string{"department"}})
	if err != nil {
		t.Fatal(err)
	}
	id := Identity{
		Connection: "corp", ExternalID: "x1", Email: "ana@acme.example", EmailVerified: true,
		Claims: map[string]any{
			"email_verified": "true", "groups": []any{"g1", "g3"}, "profile": map[string]any{"account": "ana"},
			"department": []any{}, "secret": "s",
		},
	}
	directory := people{"login = ana": active("7")}
	d, err := rules.Resolve(id, Env{}, directory.lookup) // the domain is nobody's, so the third rule decides
	if err != nil || d.User.ID != "7" {
		t.Fatalf("positive control: %+v, %v", d, err)
	}
	stored, err := json.Marshal(d.Trace)
	if err != nil || strings.Contains(string(stored), "secret") {
		t.Fatalf("stored as %s, %v", stored, err)
	}
	var trace Trace
	if err := json.Unmarshal(stored, &trace); err != nil {
		t.Fatal(err)
	}
	if missing := rules.Missing(trace); missing != nil {
		t.Errorf("%q are missing", missing)
	}
	again, err := rules.Resolve(trace.Identity(), Env{}, directory.lookup)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(d, again); diff != "" {
		t.Errorf("replayed (-first +again):\n%s", diff)
	}

	for name, change := range map[string]func(map[string]Recorded){
		"groups":  func(c map[string]Recorded) { delete(c, "groups") },
		"object":  func(c map[string]Recorded) { c["object"] = Recorded{cut} },
		"email":   func(c map[string]Recorded) { c["email"] = clip([]string{strings.Repeat("x", 600)}) },
		"sub":     func(map[string]Recorded) {},
		"profile": func(map[string]Recorded) {},
	} {
		newer, err := Compile([]Rule{
			linked(),
			{Name: "new", Match: &Match{Login: "{{ .sub }}-{{ .profile }}"}},
			ownEmail(),
			{Name: "g", When: &Condition{Claim: "groups", Exists: &yes}, Refuse: "a"},
			{Name: "o", When: &Condition{Claim: "object", Exists: &yes}, Refuse: "b"},
		}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var old Trace
		if err := json.Unmarshal(stored, &old); err != nil {
			t.Fatal(err)
		}
		change(old.Claims)
		if missing := strings.Join(newer.Missing(old), " "); !strings.Contains(missing, name) {
			t.Errorf("%s is not among the missing %q", name, missing)
		}
	}
}

func TestRecordedIsBounded(t *testing.T) {
	values := strings.Split(strings.Repeat("x,", 60), ",")
	kept := clip(values)
	if len(kept) != maxRecorded+1 || kept.whole() || kept[maxRecorded] != cut {
		t.Errorf("%d values are kept, the last %q", len(kept), kept[len(kept)-1])
	}
	if kept := clip(values[:maxRecorded]); len(kept) != maxRecorded || !kept.whole() {
		t.Errorf("of %d values %d are kept", maxRecorded, len(kept))
	}
}

// FuzzTrace asserts that whatever an IdP sends survives being recorded, as far as rules can tell.
func FuzzTrace(f *testing.F) {
	f.Add("ana", "g1", "g2")
	f.Add("\xff", "", "…")
	rules := compiled(f, linked(), Rule{Name: "l", When: &Condition{Claim: "g", In: []string{"g2"}}, Match: &Match{Login: "{{ .l }}"}})
	f.Fuzz(func(t *testing.T, login, one, two string) {
		id := Identity{Connection: "corp", ExternalID: "x", Claims: map[string]any{"l": login, "g": []any{one, two}}}
		anybody := func(q Query) ([]User, error) {
			if q.By == ByLogin {
				return active(UserID("user of " + q.Value)), nil
			}
			return nil, nil
		}
		d, err := rules.Resolve(id, Env{}, anybody)
		if err != nil {
			t.Fatal(err)
		}
		stored, err := json.Marshal(d.Trace)
		if err != nil {
			t.Fatal(err)
		}
		var trace Trace
		if err := json.Unmarshal(stored, &trace); err != nil {
			t.Fatal(err)
		}
		if len(rules.Missing(trace)) > 0 {
			return
		}
		again, err := rules.Resolve(trace.Identity(), Env{}, anybody)
		if err != nil {
			t.Fatal(err)
		}
		if again.User.ID != d.User.ID || again.Refused != d.Refused {
			t.Errorf("%q, %q becomes %q, %q", d.User.ID, d.Refused, again.User.ID, again.Refused)
		}
	})
}
