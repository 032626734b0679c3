package broker_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

func (k *kit) trial(connection string) broker.Trial {
	k.t.Helper()
	c, ok := k.Registry.Snapshot().Connection("acme", connection)
	tenant, found := k.Registry.Snapshot().Tenant("acme")
	if !ok || !found {
		k.t.Fatalf("acme has no connection %s", connection)
	}
	return broker.Trial{Directory: k.people, Links: k.store, Tenant: tenant, Connection: c}
}

// TestATrialDecidesLikeALogin, and leaves nothing behind.
func TestATrialDecidesLikeALogin(t *testing.T) {
	rule := mapping.Rule{
		Name: "staff", Link: true, Match: &mapping.Match{Statement: "user_by_staff_number", Value: "{{ .staff }}"},
		Relink: &mapping.Relink{Previous: "{{ .old_sub }}"},
	}
	homes(t, func(t *testing.T, keeps bool) {
		k := ruled(t, keeps, rule, mapping.Rule{Name: "joiner", Create: &mapping.Create{Login: "{{ .account }}"}})
		for _, step := range []struct {
			name   string
			sub    string
			claims map[string]any
			login  bool // comes, too
			want   string
		}{
			{"first", "idp|1", map[string]any{"staff": "42"}, true, "4711"},
			{"by the link", "idp|1", nil, true, "4711"},
			{"another external id", "idp|2", map[string]any{"staff": "42"}, true, "ambiguous"},
			{"a wrong proof", "idp|2", map[string]any{"staff": "42", "old_sub": "idp|0"}, true, "ambiguous"},
			{"proof", "idp|2", map[string]any{"staff": "42", "old_sub": "idp|1"}, true, "4711"},
			{"somebody new", "idp|3", map[string]any{"account": "new"}, true, "creates new"},
			{"the same, once made", "idp|3", map[string]any{"account": "new"}, true, "made-new"},
			{"somebody else with that login", "idp|4", map[string]any{"account": "new"}, true, "login_taken"},
			{"nobody", "idp|5", nil, false, "not_provisioned"},
		} {
			k.idps.identity = somebody(step.sub)
			for name, value := range step.claims {
				k.idps.identity.Claims[name] = value
			}
			trial := k.trial("corp")
			identity := k.idps.identity
			identity.Connection = "corp"
			d, err := trial.Resolve(t.Context(), trial.Connection.Rules(), identity)
			if err != nil {
				t.Fatal(err)
			}
			got := string(d.User.ID) + d.Refused
			if d.Create != nil {
				got = "creates " + d.Create.Login
			}
			if got != step.want {
				t.Errorf("%s: %s, want %s: %+v", step.name, got, step.want, d.Trace.Steps)
			}
			if !step.login {
				continue
			}
			b := newBrowser()
			_, err = k.complete(b, k.sent(b, k.begin(b)))
			if (err == nil) != (d.Refused == "") {
				t.Errorf("%s: the trial says %q, and the login %v", step.name, d.Refused, err)
			}
		}
	})
}

func TestCompare(t *testing.T) {
	k := ruled(t, false,
		mapping.Rule{Name: "staff", Match: &mapping.Match{Statement: "user_by_staff_number", Value: "{{ .staff }}"}},
		mapping.Rule{Name: "login", Match: &mapping.Match{Login: "{{ .account }}"}})
	k.change("corp", func(c *registry.Connection) { c.TraceClaims = []string{"department"} })
	come := func(sub string, claims map[string]any) {
		k.idps.identity = somebody(sub)
		for name, value := range claims {
			k.idps.identity.Claims[name] = value
		}
		b := newBrowser()
		_, _ = k.complete(b, k.sent(b, k.begin(b))) // some are refused
		k.pass(time.Second)
	}
	come("idp|early", map[string]any{"account": "bo"})
	k.pass(time.Hour)
	since := k.clock.Now()
	for range 3 {
		come("idp|ana", map[string]any{"staff": "42", "department": "Sales"})
	}
	come("idp|bo", map[string]any{"account": "bo", "department": []any{"Support", "Floor"}})
	come("idp|nobody", map[string]any{"account": "nobody", "department": "Sales"})

	compare := func(text string) broker.Replay {
		t.Helper()
		trial := k.trial("corp")
		rules, err := trial.Connection.ParseRules("new.yaml", []byte(text), nil)
		if err != nil {
			t.Fatal(err)
		}
		replay, err := trial.Compare(t.Context(), k.store, since, rules)
		if err != nil {
			t.Fatal(err)
		}
		return replay
	}
	tell := func(r broker.Replay) string {
		var lines []string
		for _, d := range r.Differences {
			lines = append(lines, fmt.Sprintf("%s: %s%s -> %s%s%s%v", d.Login.Subject, d.Old.UserID, d.Old.Refused, d.New.UserID, d.New.Creates, d.New.Refused, d.Missing))
		}
		return strings.Join(lines, ", ")
	}
	const same = "mapping:\n- { name: staff, match: { statement: user_by_staff_number, value: '{{ .staff }}' } }\n- { name: login, match: { login: '{{ .account }}' } }\n"
	if r := compare(same); r.Logins != 5 || r.People != 3 || r.Unchanged != 3 || len(r.Differences) != 0 {
		t.Fatalf("positive control: the same rules change %+v", r)
	}
	for name, test := range map[string]struct{ text, want string }{
		"refused": {
			"mapping:\n- { name: sales, when: { claim: department, equals: Sales }, refuse: sales }\n" + strings.TrimPrefix(same, "mapping:\n"),
			"idp|nobody: not_provisioned -> sales[], idp|ana: 4711 -> sales[]",
		},
		"another user, and admitted": {
			"mapping:\n- { name: all, when: { not: { claim: department, equals: Support } }, match: { login: \"{{ .department | replace \\\"Sales\\\" \\\"bo\\\" }}\" } }\n" + strings.TrimPrefix(same, "mapping:\n"),
			"idp|nobody: not_provisioned -> 4712[], idp|ana: 4711 -> 4712[]",
		},
		"created": {
			"mapping:\n- { name: link, match: { external_id: '{{ .external_id }}' } }\n- { name: join, create: { login: '{{ .account }}' } }\n",
			"idp|nobody: not_provisioned -> nobody[], idp|bo: 4712 -> login_taken[], idp|ana: 4711 -> not_provisioned[]",
		},
		"what nobody can tell": {
			"mapping:\n- { name: new, match: { login: '{{ .upn | lower }}' } }\n",
			"idp|nobody: not_provisioned -> [upn], idp|bo: 4712 -> [upn], idp|ana: 4711 -> [upn]",
		},
		"nobody can tell of those whom no rule before finds": {
			"mapping:\n- { name: login, match: { login: '{{ .account }}' } }\n- { name: new, match: { login: '{{ .upn | lower }}' } }\n",
			"idp|nobody: not_provisioned -> [upn], idp|ana: 4711 -> [upn]",
		},
	} {
		if got := tell(compare(test.text)); got != test.want {
			t.Errorf("%s: %s\nwant %s", name, got, test.want)
		}
	}
}
