package mapping

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func staff() Rule {
	return Rule{
		Name: "staff number", Match: &Match{Statement: "user_by_staff_number", Value: `{{ .staff | pad "000000" }}`}, Link: true,
		Relink: &Relink{Previous: "{{ .old_oid }}"},
	}
}

func TestRelink(t *testing.T) {
	byLogin := staff()
	byLogin.Relink = &Relink{Login: `{{ .account | after "\\" | lower }}`}
	everybody := people{
		"user_by_staff_number = 000042": active("7"), "login = ana": active("7"), "login = bo": active("8"),
		"login = twins": append(active("7"), active("8")...),
	}
	for _, tc := range []struct {
		name   string
		rule   Rule
		claims map[string]any
		want   *Replacement
		why    string
	}{
		{"the IdP names the old id", staff(), map[string]any{"staff": "42", "old_oid": "o-1"}, &Replacement{Previous: "o-1"}, ""},
		{"it does not", staff(), map[string]any{"staff": "42"}, nil, "claim old_oid is missing"},
		{"it names nothing", staff(), map[string]any{"staff": "42", "old_oid": ""}, nil, "claim old_oid is empty"},
		{"it names no text", staff(), map[string]any{"staff": "42", "old_oid": "o\x00"}, nil, "control characters"},
		{"a second key agrees", byLogin, map[string]any{"staff": "42", "account": `ACME\Ana`}, &Replacement{}, ""},
		{"a second key is somebody else's", byLogin, map[string]any{"staff": "42", "account": `ACME\bo`}, nil, "login bo is not this user's"},
		{"a second key is nobody's", byLogin, map[string]any{"staff": "42", "account": `ACME\cy`}, nil, "login cy is not this user's"},
		{"a second key is two people's", byLogin, map[string]any{"staff": "42", "account": `ACME\twins`}, nil, "login twins is not this user's"},
		{"a second key without its separator", byLogin, map[string]any{"staff": "42", "account": "ana"}, nil, "after of \"ana\" yields nothing"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d, err := compiled(t, linked(), tc.rule).Resolve(Identity{Connection: "corp", ExternalID: "o-2", Claims: tc.claims}, acme(), everybody.lookup)
			if err != nil || d.User.ID != "7" || !d.Link {
				t.Fatalf("positive control: %+v, %v", d, err)
			}
			if diff := cmp.Diff(tc.want, d.Replace); diff != "" {
				t.Errorf("proof (-want +got):\n%s", diff)
			}
			if why := d.Trace.Steps[1].Why; !strings.Contains(why, tc.why) || (tc.why == "") != (why == "") {
				t.Errorf("the trace says %q, want … %q", why, tc.why)
			}
		})
	}
}

func joiner() Rule {
	return Rule{
		Name: "joiner", Require: &Require{Domain: []string{"acme.example"}},
		Create: &Create{Login: "{{ .account | lower }}", Email: "{{ .mail }}", GivenName: "{{ .given }}", DisplayName: `{{ .given }} {{ .family }}`},
	}
}

func TestCreate(t *testing.T) {
	rules, err := Compile([]Rule{linked(), joiner()}, Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	base := func() Identity {
		return Identity{
			Connection: "corp", ExternalID: "x1", Email: "ana@acme.example", EmailVerified: true,
			Claims: map[string]any{"account": "Ana", "mail": "ana@acme.example", "given": "Ana"},
		}
	}
	for _, tc := range []struct {
		name   string
		change func(*Identity)
		people people
		want   *NewUser
		reason string
	}{
		{"somebody new", nil, nil, &NewUser{Login: "ana", Email: "ana@acme.example", GivenName: "Ana"}, ""},
		{"an address that the requirement does not cover", func(id *Identity) { id.Claims["mail"] = "ceo@acme.example" }, nil, &NewUser{Login: "ana", GivenName: "Ana"}, ""},
		{"a name with a control character", func(id *Identity) { id.Claims["given"] = "A\x1bna" }, nil, &NewUser{Login: "ana", Email: "ana@acme.example"}, ""},
		{"a login that somebody has", nil, people{"login = ana": active("7")}, nil, RefusedLoginTaken},
		{"a login that somebody had", nil, people{"login = ana": {{ID: "7"}}}, nil, RefusedLoginTaken},
		{"no login", func(id *Identity) { delete(id.Claims, "account") }, nil, nil, RefusedNotProvisioned},
		{"outside the domain", func(id *Identity) { id.Email = "ana@evil.example" }, nil, nil, RefusedNotProvisioned},
		{"unverified", func(id *Identity) { id.EmailVerified = false }, nil, nil, RefusedNotProvisioned},
		{"no external id", func(id *Identity) { id.ExternalID = "" }, nil, nil, RefusedNotProvisioned},
	} {
		t.Run(tc.name, func(t *testing.T) {
			id := base()
			if tc.change != nil {
				tc.change(&id)
			}
			d, err := rules.Resolve(id, acme(), tc.people.lookup)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, d.Create); diff != "" || d.Refused != tc.reason || d.User.ID != "" {
				t.Errorf("user %q, refused %q, want %q; created (-want +got):\n%s", d.User.ID, d.Refused, tc.reason, diff)
			}
		})
	}
}

func TestCompileProofs(t *testing.T) {
	good := func() []Rule { return []Rule{linked(), staff(), joiner()} }
	if _, err := Compile(good(), Options{Create: true}); err != nil {
		t.Fatalf("positive control: %v", err)
	}
	required, when := staff(), staff()
	required.Name, required.Require = "with require, then without", &Require{EmailVerified: true}
	when.Name, when.When = "with when, then without", &Condition{Claim: "staff", Matches: "4.*"}
	for _, stronger := range []Rule{required, when} {
		if _, err := Compile([]Rule{linked(), stronger, staff()}, Options{}); err != nil {
			t.Errorf("%s: %v", stronger.Name, err)
		}
		if _, err := Compile([]Rule{linked(), staff(), stronger}, Options{}); err == nil || !strings.Contains(err.Error(), "rule 3: finds nobody whom") {
			t.Errorf("%s, the other way about: %v", stronger.Name, err)
		}
	}
	for _, tc := range []struct {
		name   string
		change func(r []Rule, o *Options) []Rule
		want   string
	}{
		{"relink without link", func(r []Rule, _ *Options) []Rule { r[1].Link = false; return r }, "rule 2: relink: has no effect"},
		{"relink without proof", func(r []Rule, _ *Options) []Rule { r[1].Relink = &Relink{}; return r }, "rule 2: relink: needs exactly one"},
		{"the new id as proof", func(r []Rule, _ *Options) []Rule { r[1].Relink.Previous = "{{ .external_id }}"; return r }, "rule 2: relink.previous: the external id"},
		{"the e-mail address as proof", func(r []Rule, _ *Options) []Rule { r[1].Relink = &Relink{Login: "{{ local .email }}"}; return r }, "rule 2: relink.login: claim email is no second proof"},
		{"the same claim as proof", func(r []Rule, _ *Options) []Rule { r[1].Relink = &Relink{Login: "{{ .staff }}"}; return r }, "rule 2: relink.login: claim staff is no second proof"},
		{"a second key beside an e-mail address", func(r []Rule, _ *Options) []Rule {
			r[1] = ownEmail()
			r[1].Relink = &Relink{Login: "{{ .account }}"}
			return r
		}, "rule 2: relink.login: proves nothing"},
		{"a statement of ours", func(r []Rule, _ *Options) []Rule { r[1].Match.Statement = "user_by_email"; return r }, "rule 2: match.statement: \"user_by_email\""},
		{"another statement", func(r []Rule, _ *Options) []Rule { r[1].Match.Statement = "update_password"; return r }, "rule 2: match.statement: \"update_password\""},
		{"a value alone", func(r []Rule, _ *Options) []Rule { r[0].Match.Value = "{{ .a }}"; return r }, "rule 1: match.value: belongs"},
		{"the same key for many", func(r []Rule, _ *Options) []Rule { r[1].Match.Value = `{{ .staff | default "1" }}`; return r }, "rule 2: match.value: yields \"1\" for everybody"},
		{"creating where it is not allowed", func(r []Rule, o *Options) []Rule { o.Create = false; return r }, "rule 3: create: the connection does not allow it"},
		{"creating whom no link finds", func(r []Rule, _ *Options) []Rule { return r[2:] }, "rule 1: create: no rule before"},
		{"creating without a login", func(r []Rule, _ *Options) []Rule { r[2].Create.Login = ""; return r }, "rule 3: create.login: template"},
		{"creating with an address nobody vouches for", func(r []Rule, _ *Options) []Rule { r[2].Require = nil; return r }, "rule 3: require: an e-mail address alone"},
		{"a claim of the protocol", func(r []Rule, _ *Options) []Rule { r[2].Create.DisplayName = "{{ .nonce }}"; return r }, "rule 3: create.display_name: claim nonce"},
		{"a claim that is not sent", func(_ []Rule, o *Options) []Rule { o.Claims = []string{"staff"}; return good()[:2] }, "rule 2: relink.previous: claim old_oid is not among"},
		{"a reserved claim to keep", func(r []Rule, o *Options) []Rule { o.Trace = []string{"at_hash"}; return r }, "trace_claims[0]: claim at_hash is the protocol's"},
		{"a claim to keep twice", func(r []Rule, o *Options) []Rule { o.Trace = []string{"a", "a"}; return r }, "trace_claims[1]: \"a\""},
		{"the same rule again", func(r []Rule, _ *Options) []Rule {
			again := staff()
			again.Name = "again"
			return append(r, again)
		}, "rule 4: finds nobody whom the rule \"staff number\""},
		{"behind a catch-all, though not at once", func(r []Rule, _ *Options) []Rule {
			return append([]Rule{{Name: "nobody", Refuse: "x"}}, r...)
		}, "rule 3: is never tried: the rule \"nobody\""},
		{"a message of a rule that matches", func(r []Rule, _ *Options) []Rule { r[0].Message = map[string]string{"en": "x"}; return r }, "rule 1: message: belongs"},
		{"a message of two paragraphs", func(r []Rule, _ *Options) []Rule {
			return append(r, Rule{Name: "no", Refuse: "no", Message: map[string]string{"en": "a\n\nb"}})
		}, "rule 4: message.en: want one paragraph"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := Options{Create: true}
			rules := tc.change(good(), &o)
			if _, err := Compile(rules, o); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want … %s", err, tc.want)
			}
		})
	}
}
