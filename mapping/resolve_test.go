package mapping

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// people answers queries from a table keyed by "login = ana", or "user_by_… = 7".
type people map[string][]User

func (p people) lookup(q Query) ([]User, error) {
	if q.By == ByExternalID && q.Connection != "corp" {
		return nil, errors.New("external id without its connection")
	}
	by := string(q.By)
	if q.By == ByStatement {
		by = q.Statement
	}
	return p[by+" = "+q.Value], nil
}

func acme() Env {
	return Env{Owns: func(d string) bool { return d == "acme.example" }, EmailTrust: TrustClaim}
}

func compiled(t testing.TB, rules ...Rule) *Rules {
	t.Helper()
	r, err := Compile(rules, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func active(id UserID) []User { return []User{{ID: id, Active: true}} }

func TestResolve(t *testing.T) {
	no := false
	login := Rule{
		Name: "employee", When: &Condition{Claim: "department", In: []string{"Support", "Sales"}},
		Match: &Match{Login: "{{ .employeeid | lower }}"},
	}
	rules := compiled(t, linked(), login, ownEmail(),
		Rule{Name: "guests", When: &Condition{Claim: "employeeid", Exists: &no}, Refuse: "guest"})
	base := Identity{
		Connection: "corp", ExternalID: "x1", Email: "ana@acme.example", EmailVerified: true,
		Claims: map[string]any{"department": []any{"Floor", "Sales"}, "employeeid": "E1"},
	}
	for _, tc := range []struct {
		name        string
		change      func(id *Identity, env *Env)
		people      people
		want        UserID
		wantRule    string
		wantRefused string
		wantLink    bool
		wantWhy     string // somewhere in the trace
	}{
		{name: "link beats everything", people: people{"external_id = x1": active("1"), "login = e1": active("2")}, want: "1", wantRule: "linked external id"},
		{name: "login of one of several departments", people: people{"login = e1": active("2"), "email = ana@acme.example": active("3")}, want: "2", wantRule: "employee", wantWhy: "nobody matches"},
		{name: "own verified e-mail links", people: people{"email = ana@acme.example": active("3")}, want: "3", wantRule: "own e-mail", wantLink: true},
		{name: "nobody", wantRefused: RefusedNotProvisioned, wantWhy: "claim employeeid is present"},
		{name: "several rows", people: people{"login = e1": append(active("2"), active("9")...)}, wantRefused: RefusedAmbiguous, wantRule: "employee", wantWhy: "2 users match"},
		{name: "inactive, though a later rule would match", people: people{"external_id = x1": {{ID: "1"}}, "login = e1": active("2")}, wantRefused: RefusedInactive, wantRule: "linked external id"},
		{name: "other department", change: func(id *Identity, _ *Env) { id.Claims["department"] = "Floor" }, people: people{"login = e1": active("2")}, wantRefused: RefusedNotProvisioned, wantWhy: "claim department is none of Support, Sales"},
		{name: "missing claim", change: func(id *Identity, _ *Env) { delete(id.Claims, "employeeid") }, wantRefused: "guest", wantRule: "guests", wantWhy: "claim employeeid is missing"},
		{name: "unverified e-mail", change: func(id *Identity, _ *Env) { id.EmailVerified = false }, people: people{"email = ana@acme.example": active("3")}, wantRefused: RefusedNotProvisioned, wantWhy: "does not say that the e-mail address is verified"},
		{name: "verified e-mail elsewhere", change: func(id *Identity, _ *Env) { id.Email = "ana@gmail.example" }, people: people{"email = ana@gmail.example": active("3")}, wantRefused: RefusedNotProvisioned, wantWhy: "domain gmail.example is not among"},
		{name: "domain no longer owned", change: func(_ *Identity, env *Env) { env.Owns = nil }, people: people{"email = ana@acme.example": active("3")}, wantRefused: RefusedNotProvisioned, wantWhy: "is not a verified domain of the tenant"},
		{name: "domain in other case", change: func(id *Identity, _ *Env) { id.Email = "ana@ACME.example" }, people: people{"email = ana@ACME.example": active("3")}, want: "3", wantRule: "own e-mail", wantLink: true},
		{name: "trusted domain without email_verified", change: func(id *Identity, env *Env) { id.EmailVerified, env.EmailTrust = false, TrustDomain }, people: people{"email = ana@acme.example": active("3")}, want: "3", wantRule: "own e-mail", wantLink: true},
		{name: "trusted domain, but the IdP denies it", change: func(id *Identity, env *Env) {
			id.EmailVerified, env.EmailTrust = false, TrustDomain
			id.Claims["email_verified"] = false
		}, people: people{"email = ana@acme.example": active("3")}, wantRefused: RefusedNotProvisioned, wantWhy: "says that the e-mail address is not verified"},
		{name: "nothing to link", change: func(id *Identity, _ *Env) { id.ExternalID = "" }, people: people{"email = ana@acme.example": active("3")}, wantRefused: RefusedNotProvisioned, wantWhy: "no external id to link"},
		{name: "display name", change: func(id *Identity, _ *Env) { id.Email = "Ana <ana@acme.example>" }, people: people{"email = Ana <ana@acme.example>": active("3")}, wantRefused: RefusedNotProvisioned, wantWhy: "not one plain address"},
		{name: "two at signs", change: func(id *Identity, _ *Env) { id.Email = "ana@evil.example@acme.example" }, people: people{"email = ana@evil.example@acme.example": active("3")}, wantRefused: RefusedNotProvisioned, wantWhy: "not one plain address"},
		{name: "NUL in a key", change: func(id *Identity, _ *Env) { id.Claims["employeeid"] = "e1\x00" }, people: people{"login = e1\x00": active("2")}, wantRefused: RefusedNotProvisioned, wantWhy: "control characters"},
		{name: "10 kB in a key", change: func(id *Identity, _ *Env) { id.Claims["employeeid"] = strings.Repeat("e", 10000) }, wantRefused: RefusedNotProvisioned, wantWhy: "10000 bytes"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			id, env := base, acme()
			id.Claims = map[string]any{"department": base.Claims["department"], "employeeid": "E1", "private": "not named"}
			if tc.change != nil {
				tc.change(&id, &env)
			}
			d, err := rules.Resolve(id, env, tc.people.lookup)
			if err != nil {
				t.Fatal(err)
			}
			if d.User.ID != tc.want || d.Rule != tc.wantRule || d.Refused != tc.wantRefused || d.Link != tc.wantLink {
				t.Errorf("decided %q by %q, refused %q, link %v; want %q by %q, %q, %v\n%+v",
					d.User.ID, d.Rule, d.Refused, d.Link, tc.want, tc.wantRule, tc.wantRefused, tc.wantLink, d.Trace.Steps)
			}
			var whys []string
			for _, step := range d.Trace.Steps {
				whys = append(whys, step.Why)
			}
			if tc.wantWhy != "" && !strings.Contains(strings.Join(whys, "\n"), tc.wantWhy) {
				t.Errorf("the trace does not say %q: %q", tc.wantWhy, whys)
			}
			if _, named := d.Trace.Claims["private"]; named {
				t.Error("the trace shows a claim that no rule names")
			}
		})
	}
}

func TestTrace(t *testing.T) {
	rules := compiled(t, linked(), ownEmail())
	id := Identity{Connection: "corp", ExternalID: strings.Repeat("x", 300), Email: "ana@acme.example", EmailVerified: true}
	d, err := rules.Resolve(id, acme(), people{"email = ana@acme.example": active("3")}.lookup)
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", maxTraced) + "…"
	want := Trace{
		Connection: "corp", Claims: map[string]Recorded{
			"external_id": {strings.Repeat("x", 300)}, "email": {"ana@acme.example"}, "email_verified": nil,
		},
		Steps: []Step{
			{Rule: "linked external id", Looked: "external_id = " + long, Outcome: Passed, Why: "nobody matches"},
			{Rule: "own e-mail", Looked: "email = ana@acme.example", Met: []UserID{"3"}, Outcome: Matched},
		},
	}
	if diff := cmp.Diff(want, d.Trace); diff != "" {
		t.Errorf("trace (-want +got):\n%s", diff)
	}
}

func TestDefaultRules(t *testing.T) {
	rules := compiled(t)
	d, err := rules.Resolve(Identity{Connection: "corp", ExternalID: "x1"}, Env{}, people{"external_id = x1": active("1")}.lookup)
	if err != nil || d.User.ID != "1" {
		t.Fatalf("a linked person gets %+v, %v", d, err)
	}
	d, err = rules.Resolve(Identity{Connection: "corp"}, Env{}, people{"external_id = ": active("1")}.lookup)
	if err != nil || d.Refused != RefusedNotProvisioned || d.Rule != "everyone else" {
		t.Errorf("a person without external id gets %+v, %v", d, err)
	}
}

func TestLookupTrouble(t *testing.T) {
	rules, down := compiled(t), errors.New("down")
	d, err := rules.Resolve(Identity{ExternalID: "x"}, Env{}, func(Query) ([]User, error) { return active("1"), down })
	if !errors.Is(err, down) || d.User.ID != "" || d.Refused != "" {
		t.Errorf("an unreachable directory decides %+v, %v", d, err)
	}
	d, err = rules.Resolve(Identity{ExternalID: "x"}, Env{}, func(Query) ([]User, error) { return []User{{Active: true}}, nil })
	if err == nil || d.User.Active {
		t.Errorf("a row without a user id decides %+v, %v", d, err)
	}
}

// FuzzResolve asserts what no identity and no directory can bring about.
func FuzzResolve(f *testing.F) {
	f.Add("x1", "ana@acme.example", true, true, 1)
	f.Add("", "Ana <ana@acme.example>", true, false, 2)
	f.Add("x", "ana@acme.example@evil.example", false, true, 1)
	rules := compiled(f, linked(), ownEmail())
	f.Fuzz(func(t *testing.T, externalID, email string, verified, trustClaim bool, rows int) {
		env := acme()
		if !trustClaim {
			env.EmailTrust = TrustDomain
		}
		id := Identity{Connection: "corp", ExternalID: externalID, Email: email, EmailVerified: verified}
		lookup := func(q Query) ([]User, error) {
			if q.Value == "" {
				t.Error("an empty key is looked up")
			}
			if q.By == ByExternalID {
				return nil, nil
			}
			return slices.Repeat(active("1"), rows&3), nil
		}
		d, err := rules.Resolve(id, env, lookup)
		if err != nil {
			t.Fatal(err)
		}
		if d.User.ID == "" {
			if d.Refused == "" {
				t.Error("neither a user nor a refusal")
			}
			return
		}
		at := strings.LastIndex(email, "@")
		switch {
		case d.Refused != "":
			t.Error("both a user and a refusal")
		case rows&3 != 1:
			t.Errorf("a user out of %d rows", rows&3)
		case trustClaim && !verified:
			t.Errorf("a user from the unverified %q", email)
		case strings.Count(email, "@") != 1 || !strings.EqualFold(email[at+1:], "acme.example"):
			t.Errorf("a user from %q, outside the tenant's domain", email)
		case externalID == "":
			t.Error("a link without a key")
		}
	})
}
