package shadow

import (
	"slices"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/mapping"
)

// ana is the same at both sources until a test changes her. Her password was accepted.
func ana() answer {
	return answer{
		standing: one, scheme: "bcrypt", accepted: true, verifiable: true,
		user: mapping.User{
			ID: "4711", Tenant: "10010", Username: "ana", Active: true, Email: "ana@acme.example", EmailVerified: true,
			GivenName: "Ana", FamilyName: "Hansen", DisplayName: "Ana H.", Type: "person", Group: "Support",
		},
		details: mapping.Details{
			Roles: []string{"agent", "lead"}, Permissions: []string{"listen"}, Groups: []string{"Floor"},
			Softphones: []mapping.Softphone{{Address: "sip:4711@pbx.acme.example", Default: true}, {Address: "sip:9@pbx.acme.example"}},
		},
	}
}

func everything() []Aspect { return []Aspect{Names, Email, Roles, Groups, Softphones} }

func names(list []Difference) string {
	var all []string
	for _, d := range list {
		text := string(d.Code)
		if d.By != "" {
			text += "(" + d.By + ")"
		}
		all = append(all, text)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func TestCompare(t *testing.T) {
	const settledByLogin = "active_there email_differs federated_only_differs groups_differ inactive_there names_differ password_admitted " +
		"password_refused password_unverifiable roles_differ scheme_differs softphones_differ user_ambiguous(login) user_extra(login) " +
		"user_id_differs(login) user_missing(login) user_unreadable(login) username_differs"
	if v := compare("login", ana(), ana(), everything(), true); len(v.differences) > 0 || !v.proven || v.user != "4711" || names(v.settled) != settledByLogin {
		t.Fatalf("the control: %+v, settled %s", v, names(v.settled))
	}
	gone := func(a *answer) { *a = answer{} }
	refused := func(a *answer) { a.accepted = false }
	for _, test := range []struct {
		name        string
		here, there func(*answer)
		want        string
		user        mapping.UserID
		unproven    bool
	}{
		{name: "nobody there", there: gone, want: "user_missing(login)", unproven: true},
		{name: "two there", there: func(a *answer) { *a = answer{standing: several} }, want: "user_ambiguous(login)", unproven: true},
		{name: "a row with a NULL", there: func(a *answer) { *a = answer{standing: unreadable} }, want: "user_unreadable(login)", unproven: true},
		{name: "another id", there: func(a *answer) { a.user.ID = "9" }, want: "user_id_differs(login)"},
		{name: "switched off there", there: func(a *answer) { a.user.Active = false }, want: "inactive_there"},
		{name: "switched off here", here: func(a *answer) { a.user.Active = false }, want: "active_there"},
		{name: "bound to an IdP there", there: func(a *answer) { a.user.FederatedOnly = true }, want: "federated_only_differs"},
		{name: "another spelling", there: func(a *answer) { a.user.Username = "Ana" }, want: "username_differs"},
		{name: "another scheme", there: func(a *answer) { a.scheme = "argon2" }, want: "scheme_differs"},
		{name: "another password", there: refused, want: "password_refused", unproven: true},
		{
			name: "no password there", there: func(a *answer) { a.accepted, a.verifiable, a.scheme = false, false, "none" },
			want: "password_unverifiable", unproven: true,
		},
		{name: "wrong here, right there", here: refused, want: "password_admitted", unproven: true},
		{name: "unknown hash here, right there", here: func(a *answer) { a.accepted, a.verifiable, a.scheme = false, false, "unknown" }, want: "password_admitted", unproven: true},
		{name: "wrong at both", here: refused, there: refused, unproven: true},
		{name: "a name", there: func(a *answer) { a.user.FamilyName = "Hansén" }, want: "names_differ"},
		{name: "an address", there: func(a *answer) { a.user.Email = "Ana@acme.example" }, want: "email_differs"},
		{name: "an address unverified", there: func(a *answer) { a.user.EmailVerified = false }, want: "email_differs"},
		{name: "a permission", there: func(a *answer) { a.details.Permissions = nil }, want: "roles_differ"},
		{name: "roles in another order", there: func(a *answer) { a.details.Roles = []string{"lead", "agent", "lead"} }},
		{name: "a group", there: func(a *answer) { a.details.Groups = append(a.details.Groups, "x") }, want: "groups_differ"},
		{name: "a type", there: func(a *answer) { a.user.Type = "api" }, want: "groups_differ"},
		{name: "another default", there: func(a *answer) { p := a.details.Softphones; p[0].Default, p[1].Default = false, true }, want: "softphones_differ"},
		{name: "phones in another order", there: func(a *answer) { slices.Reverse(a.details.Softphones) }},
		{
			name: "the only phone is the default", here: func(a *answer) { a.details.Softphones = a.details.Softphones[:1] },
			there: func(a *answer) { a.details.Softphones = []mapping.Softphone{{Address: " sip:4711@pbx.acme.example"}} },
		},
		{name: "nobody here, right there", here: gone, want: "password_admitted user_extra(login)", unproven: true},
		{name: "nobody here, wrong there", here: gone, there: refused, want: "user_extra(login)", unproven: true},
		{name: "nobody at both", here: gone, there: gone, user: "-", unproven: true},
		{name: "two here", here: func(a *answer) { *a = answer{standing: several} }, user: "-", unproven: true},
		{name: "several things", there: func(a *answer) { a.user.Active, a.accepted, a.details.Roles = false, false, nil }, want: "inactive_there password_refused roles_differ", unproven: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			here, there := ana(), ana()
			if test.here != nil {
				test.here(&here)
			}
			if test.there != nil {
				test.there(&there)
			}
			user := mapping.UserID("4711")
			if test.user == "-" {
				user = ""
			}
			v := compare("login", here, there, everything(), true)
			if names(v.differences) != test.want || v.user != user || v.proven == test.unproven {
				t.Errorf("user %q, proven %v: %s, want %s", v.user, v.proven, names(v.differences), test.want)
			}
			for _, d := range v.settled {
				if slices.Contains(v.differences, d) {
					t.Errorf("%s differs and is settled", d.Code)
				}
			}
		})
	}
}

// TestCompareSettlesOnlyWhatItKnows: a difference must not go away because somebody mistyped.
func TestCompareSettlesOnlyWhatItKnows(t *testing.T) {
	for _, test := range []struct {
		name      string
		here      func(*answer)
		there     func(*answer)
		aspects   []Aspect
		detailed  bool
		mustNot   []Code
		butShould []Code
	}{
		{name: "control", aspects: everything(), detailed: true, butShould: []Code{PasswordRefused, PasswordAdmitted, RolesDiffer, SchemeDiffers}},
		{
			name: "wrong at both", here: func(a *answer) { a.accepted = false }, there: func(a *answer) { a.accepted = false },
			mustNot: []Code{PasswordRefused, PasswordUnverifiable, PasswordAdmitted}, butShould: []Code{InactiveThere},
		},
		{
			name: "right here, wrong there", there: func(a *answer) { a.accepted = false },
			mustNot: []Code{PasswordRefused, PasswordAdmitted}, butShould: []Code{PasswordUnverifiable},
		},
		{
			name: "an identity provider's login", here: func(a *answer) { a.accepted, a.verifiable, a.scheme = false, false, "" },
			there:   func(a *answer) { a.accepted, a.verifiable, a.scheme = false, false, "" },
			mustNot: []Code{PasswordRefused, PasswordUnverifiable, PasswordAdmitted, SchemeDiffers}, butShould: []Code{UsernameDiffers},
		},
		{
			name: "nobody here", here: func(a *answer) { *a = answer{} }, there: func(a *answer) { a.accepted = false },
			mustNot: []Code{PasswordAdmitted, UserMissing, InactiveThere},
		},
		{name: "nobody there", there: func(a *answer) { *a = answer{} }, mustNot: []Code{PasswordRefused, UserIDDiffers, InactiveThere}, butShould: []Code{UserAmbiguous}},
		{name: "details were not read", aspects: everything(), mustNot: []Code{RolesDiffer, NamesDiffer}, butShould: []Code{PasswordRefused}},
		{name: "details are not compared", aspects: []Aspect{Names}, detailed: true, mustNot: []Code{RolesDiffer, EmailDiffers}, butShould: []Code{NamesDiffer}},
	} {
		t.Run(test.name, func(t *testing.T) {
			here, there := ana(), ana()
			if test.here != nil {
				test.here(&here)
			}
			if test.there != nil {
				test.there(&there)
			}
			settled := map[Code]bool{}
			for _, d := range compare("login", here, there, test.aspects, test.detailed).settled {
				settled[d.Code] = true
			}
			for _, code := range test.mustNot {
				if settled[code] {
					t.Errorf("%s is settled", code)
				}
			}
			for _, code := range test.butShould {
				if !settled[code] {
					t.Errorf("%s is not settled", code)
				}
			}
		})
	}
}

// TestKindsAreComplete: every code that a comparison can find has a meaning, and something to do.
func TestKindsAreComplete(t *testing.T) {
	kinds := Kinds()
	for _, d := range compare("login", ana(), ana(), everything(), true).settled {
		if k := kinds[d.Code]; k.Severity == "" || k.Meaning == "" || k.Action == "" {
			t.Errorf("%s is not described: %+v", d.Code, k)
		}
		delete(kinds, d.Code)
	}
	if len(kinds) > 0 {
		t.Errorf("described, and never found: %v", kinds)
	}
}
