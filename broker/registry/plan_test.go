package registry

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// box seals by prefixing a counter and the context, so that sealing twice gives two results.
type box struct{ sealed *atomic.Int32 }

func (b box) Seal(plaintext, context []byte) ([]byte, error) {
	n := byte(b.sealed.Add(1))
	return append([]byte{n}, append(append(slices.Clone(context), 0), plaintext...)...), nil
}

func (box) Open(sealed, context []byte) ([]byte, error) {
	plaintext, ok := bytes.CutPrefix(sealed[1:], append(slices.Clone(context), 0))
	if !ok {
		return nil, errors.New("does not open")
	}
	return plaintext, nil
}

func planning(at time.Time) Planning {
	return Planning{By: "cli:test", Now: at, Sealer: box{new(atomic.Int32)}}
}

func parsed(t *testing.T, text string, env environment) TenantFile {
	t.Helper()
	f, err := ParseTenantFile("acme.yaml", []byte(text), env)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// applied plans a file and returns the snapshot with the change in it.
func applied(t *testing.T, s *Snapshot, f TenantFile, p Planning) (*Snapshot, Change, []string) {
	t.Helper()
	change, lines, err := s.Plan(f, p)
	if err != nil {
		t.Fatal(err)
	}
	store := &memory{records: recordsOf(s)}
	if err := store.ChangeRegistry(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	next, err := NewSnapshot(store.records)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, line := range lines {
		texts = append(texts, line.String())
	}
	return next, change, texts
}

// proven is a snapshot in which the tenants that claim these domains have proven them.
func proven(t *testing.T, s *Snapshot, domains ...string) *Snapshot {
	t.Helper()
	records := recordsOf(s)
	for i := range records.Tenants {
		records.Tenants[i].Domains = slices.Clone(records.Tenants[i].Domains)
		for j, d := range records.Tenants[i].Domains {
			if slices.Contains(domains, d.Name) {
				records.Tenants[i].Domains[j].Proof = Proof{Method: ProofApproval, At: day}
			}
		}
	}
	next, err := NewSnapshot(records)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func recordsOf(s *Snapshot) Records {
	var r Records
	for _, t := range s.Tenants() {
		r.Tenants = append(r.Tenants, *t)
		for _, c := range s.Clients(t.Account) {
			r.Clients = append(r.Clients, *c)
		}
		for _, c := range s.Connections(t.Account) {
			r.Connections = append(r.Connections, *c)
		}
	}
	return r
}

// memory is a Store; it does what the contract of Change says and no more.
type memory struct {
	records Records
	err     error
}

func (m *memory) LoadRegistry(context.Context) (Records, error) { return m.records, m.err }

func (m *memory) ChangeRegistry(_ context.Context, c Change) error {
	r := &m.records
	for _, t := range c.Save.Tenants {
		r.Tenants = append(slices.DeleteFunc(r.Tenants, func(o Tenant) bool { return o.Account == t.Account }), t)
	}
	for _, n := range c.Save.Clients {
		r.Clients = append(slices.DeleteFunc(r.Clients, func(o Client) bool { return o.ID == n.ID }), n)
	}
	for _, n := range c.Save.Connections {
		r.Connections = append(slices.DeleteFunc(r.Connections, func(o Connection) bool { return o.Account == n.Account && o.ID == n.ID }), n)
	}
	r.Clients = slices.DeleteFunc(r.Clients, func(o Client) bool { return slices.Contains(c.DeleteClients, o.ID) })
	r.Connections = slices.DeleteFunc(r.Connections, func(o Connection) bool {
		return slices.Contains(c.DeleteConnections, ConnectionKey{o.Account, o.ID})
	})
	return nil
}

func empty(t *testing.T) *Snapshot {
	t.Helper()
	s, err := NewSnapshot(Records{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var day = time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)

func TestPlan(t *testing.T) {
	p := planning(day)
	s, _, lines := applied(t, empty(t), parsed(t, acmeFile, acmeEnv()), p)
	want := []string{"+ tenant acme", "+ client agent-app", "+ client spa", "+ client sbc", "+ connection corp"}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("first time (-want +got):\n%s", diff)
	}
	tenant, _ := s.Tenant("acme")
	if tenant.Owns("acme.example") || !tenant.Claims("acme.example") { // nobody has proven it yet
		t.Errorf("domains are %+v", tenant.Domains)
	}
	app, ok := s.Client("AGENT-APP")
	if !ok || !app.VerifySecret(day, acmeEnv()["APP"]) || app.VerifySecret(time.Date(2027, 12, 31, 0, 0, 0, 0, time.UTC), acmeEnv()["APP"]) {
		t.Error("agent-app's secret is not the file's until it expires")
	}
	if sbc, _ := s.Client("sbc"); len(sbc.WeakSecrets(day)) != 1 || !sbc.Secrets[0].Holds(acmeEnv()["SBC"]) || sbc.Secrets[0].Argon2id == "" {
		t.Error("sbc's weak secret is not stored as argon2id")
	}
	corp, _ := s.Connection("acme", "corp")
	if opened, err := p.Sealer.Open(corp.OIDC.SealedSecret, SecretContext("acme", "corp")); err != nil || string(opened) != "upstream secret" {
		t.Errorf("upstream secret opens to %q, %v", opened, err)
	}
	if corp.Rules() == nil {
		t.Error("rules are not compiled")
	}

	p.Now = day.Add(time.Hour)
	_, change, lines := applied(t, s, parsed(t, acmeFile, acmeEnv()), p)
	if !change.Empty() || len(lines) > 0 {
		t.Errorf("the same file again changes %v", lines)
	}
}

func TestPlanDifferences(t *testing.T) {
	p := planning(day)
	s, _, _ := applied(t, empty(t), parsed(t, acmeFile, acmeEnv()), p)
	env := acmeEnv()
	env["OTHER"], env["other.secret"] = strings.Repeat("o", 32), "rotated"
	for _, tc := range []struct {
		name, old, new string
		want           []string
	}{
		{"lifetime", "access_token_lifetime: 10m", "", []string{"~ client agent-app: access_token_lifetime: 10m → 15m"}},
		{"secret rotated", "value: \"${APP}\"", "value: \"${OTHER}\"", []string{"~ client agent-app: secrets: 1 added, 1 removed"}},
		{"weak secret rotated", "value: \"${SBC}\"", "value: \"${OTHER}\"", []string{"~ client sbc: secrets: 1 added, 1 removed"}},
		{"secret renamed", "description: production", "description: prod", []string{"~ client agent-app: secrets: descriptions, expiry or order changed"}},
		{"secrets unspoken of", "    secrets: [{ value: \"${SBC}\", weak: true }]\n", "", nil},
		{"upstream secret rotated", "corp.secret", "other.secret", []string{"~ connection corp: client_secret: changed"}},
		{"upstream secret unspoken of", "    client_secret_file: corp.secret\n", "", nil},
		{"client disabled", "id: spa", "id: spa\n    enabled: false", []string{"~ client spa: enabled: added false"}},
		{"domain added", "[acme.example]", "[acme.example, acme.test]", []string{"~ tenant acme: domains: [acme.example] → [acme.example, acme.test]"}},
		{"link dropped", "        link: true\n", "", []string{"~ connection corp: mapping[2]: " +
			`{name: verified e-mail of our own domain, when: {claim: hd, exists: true}, match: {email: "{{ .email }}"}, require: {email_verified: true, domain: [acme.example]}, link: true} → ` +
			`{name: verified e-mail of our own domain, when: {claim: hd, exists: true}, match: {email: "{{ .email }}"}, require: {email_verified: true, domain: [acme.example]}}`}},
		{"rule before all others", "    mapping:\n", "    mapping:\n      - { name: guests, when: { claim: hd, equals: guests }, refuse: guest }\n", []string{
			"~ connection corp: mapping[0]: added {name: guests, when: {claim: hd, equals: guests}, refuse: guest}",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := strings.Replace(acmeFile, tc.old, tc.new, 1)
			if text == acmeFile {
				t.Fatalf("%q is not in the file", tc.old)
			}
			_, change, lines := applied(t, s, parsed(t, text, env), p)
			if diff := cmp.Diff(tc.want, lines); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
			saved := len(change.Save.Tenants) + len(change.Save.Clients) + len(change.Save.Connections)
			if saved != len(tc.want) {
				t.Errorf("%d records are saved", saved)
			}
		})
	}
}

func TestPrune(t *testing.T) {
	p := planning(day)
	s, _, _ := applied(t, empty(t), parsed(t, acmeFile, acmeEnv()), p)
	s, _, _ = applied(t, s, parsed(t, "account: other\nname: Other\nlegacy_tenant: 2\nclients: [{ id: theirs, secrets: [{ value: \"${APP}\" }] }]", acmeEnv()), p)
	small := parsed(t, "account: acme\nname: Acme Support\nlegacy_tenant: 10010\ndomains: [acme.example]\nsip_domains: [pbx.acme.example]\n", nil)
	if _, change, lines := applied(t, s, small, p); !change.Empty() {
		t.Errorf("without prune: %v", lines)
	}
	p.Prune = true
	s, _, lines := applied(t, s, small, p)
	want := []string{"- client agent-app", "- client sbc", "- client spa", "- connection corp"}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if _, there := s.Client("theirs"); !there || len(s.Clients("acme")) > 0 || len(s.Connections("acme")) > 0 {
		t.Error("prune did not remove exactly the tenant's own records")
	}
}

func TestPlanRefusals(t *testing.T) {
	p := planning(day)
	s, _, _ := applied(t, empty(t), parsed(t, acmeFile, acmeEnv()), p)
	s = proven(t, s, "acme.example")
	const rival = "account: rival\nname: Rival\nlegacy_tenant: 2\n"
	applied(t, s, parsed(t, rival, nil), p) // positive control
	for _, tc := range []struct{ name, text, want string }{
		{"domain", rival + "domains: [acme.example]", `acme.yaml:4: domains[0]: "acme.example" belongs to tenant "acme"`},
		{"client id", rival + "clients: [{ id: SBC, secrets: [] }]", `acme.yaml:4: clients[0].id: "sbc" belongs to another tenant`},
		{"no secret", rival + "clients: [{ id: x }]", `acme.yaml:4: clients[0].secrets: is required`},
		{"sealed elsewhere", rival + "connections: [{ id: c, type: oidc, issuer: https://x.example, client_id: c, client_secret_sealed: AAAA }]", "acme.yaml:4: connections[0].client_secret: was sealed with another key"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, _, err := s.Plan(parsed(t, tc.text, nil), p)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got  %v\nwant … %s", err, tc.want)
			}
		})
	}
	t.Run("without the key file", func(t *testing.T) {
		p := p
		p.Sealer = nil
		_, _, err := empty(t).Plan(parsed(t, acmeFile, acmeEnv()), p)
		if err == nil || !strings.Contains(err.Error(), "cannot be sealed without the key file") {
			t.Errorf("got %v", err)
		}
	})
}

func TestExportIsAppliedUnchanged(t *testing.T) {
	p := planning(day)
	s, _, _ := applied(t, empty(t), parsed(t, acmeFile, acmeEnv()), p)
	data, err := s.Export("acme")
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range acmeEnv() {
		if strings.Contains(string(data), strings.TrimSpace(value)) {
			t.Errorf("the export shows a secret:\n%s", data)
		}
	}
	again := parsed(t, string(data), environment{})
	p.Prune = true
	if _, change, lines := applied(t, s, again, p); !change.Empty() {
		t.Errorf("the export differs from the registry: %v\n%s", lines, data)
	}
	restored, _, _ := applied(t, empty(t), again, p)
	if diff := cmp.Diff(recordsOf(s), recordsOf(restored), cmp.AllowUnexported(), cmp.FilterPath(func(path cmp.Path) bool {
		return path.Last().String() == ".rules"
	}, cmp.Ignore())); diff != "" {
		t.Errorf("restored from the export (-want +got):\n%s", diff)
	}
	if _, err := s.Export("nobody"); err == nil {
		t.Error("an unknown tenant is exported")
	}
}
