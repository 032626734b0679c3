package registry

import (
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/patchbay-auth/patchbay/internal/yamlfault"
)

// everyRule has every key of rules and of what belongs to them.
const everyRule = `account: acme
name: Acme
legacy_tenant: "1"
connections:
  - id: corp
    type: oidc
    issuer: https://idp.example
    client_id: x
    claims: [staff, old, department, level, given, mail, family, lang]
    trace_claims: [level]
    create_users: true
    enrich:
      - when: { not: { claim: department, matches: "Guest.*" } }
        roles: [agent]
        groups: [All]
    mapping:
      - name: guests
        when:
          any:
            - { claim: department, equals: Guests }
            - all: [{ claim: level, in: ["0", "1"] }, { claim: staff, exists: false }]
        refuse: guest
        message: { en: "No ${entry}.", nb: Nei. }
      - name: linked
        match: { external_id: "{{ .external_id }}" }
      - name: staff
        match: { statement: user_by_staff_number, value: "{{ .staff }}" }
        link: true
        relink: { previous: "{{ .old }}" }
      - name: second key
        match: { statement: user_by_card, value: "{{ .mail }}" }
        link: true
        relink: { login: "{{ .staff }}" }
      - name: join
        require: { email_verified: true }
        create:
          login: "{{ .staff }}"
          email: "{{ .mail }}"
          given_name: "{{ .given }}"
          family_name: "{{ .family }}"
          display_name: "{{ .given }} {{ .family }}"
          locale: "{{ .lang }}"
          user_group: New
`

// TestRulesComeBack shows that what is exported says what was applied.
func TestRulesComeBack(t *testing.T) {
	read := func(text string) Connection {
		t.Helper()
		f, err := ParseTenantFile("acme.yaml", []byte(text), yamlfault.Process(""))
		if err != nil {
			t.Fatal(err)
		}
		return f.connections[0].Connection
	}
	first := read(strings.ReplaceAll(everyRule, "${entry}", "$${entry}"))
	data, err := yaml.MarshalWithOptions(yaml.MapSlice(outlineConnection(&first)), yaml.IndentSequence(true))
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	again := read("account: acme\nname: Acme\nlegacy_tenant: \"1\"\nconnections:\n  - " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ") + "\n")
	first.rules, again.rules = nil, nil
	if diff := cmp.Diff(first, again, cmp.AllowUnexported(Connection{})); diff != "" {
		t.Errorf("exported as\n%s(-first +again):\n%s", text, diff)
	}
	if first.Mapping[0].Message["en"] != "No ${entry}." || len(first.Enrich) != 1 || first.Mapping[4].Create.UserGroup != "New" {
		t.Errorf("positive control: %+v", first)
	}
}

func TestParseRules(t *testing.T) {
	c := &Connection{ID: "corp", Claims: []string{"staff"}}
	if _, err := c.ParseRules("new.yaml", []byte("mapping:\n  - { name: a, match: { login: '{{ .staff }}' } }\n"), nil); err != nil {
		t.Fatalf("positive control: %v", err)
	}
	for want, text := range map[string]string{
		"new.yaml: mapping: is required":                                "claims: [a]\n",
		"new.yaml:2: mapping[0].match.login: claim number is not among": "mapping:\n  - { name: a, match: { login: '{{ .number }}' } }\n",
		"mapping[0].create: the connection does not allow it":           "mapping:\n  - { name: a, create: { login: '{{ .staff }}' } }\n",
		"new.yaml:1: rules: unknown key":                                "rules: []\n",
		"new.yaml:2: mapping[0]: needs exactly one of":                  "mapping:\n  - name: a\n",
		"new.yaml:1: trace_claims[0]: claim nonce is the protocol's":    "trace_claims: [nonce]\nmapping:\n  - { name: a, match: { login: '{{ .staff }}' } }\n",
	} {
		if _, err := c.ParseRules("new.yaml", []byte(text), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want … %s", err, want)
		}
	}
}
