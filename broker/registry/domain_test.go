package registry

import (
	"strings"
	"testing"
)

func TestCanonicalDomain(t *testing.T) {
	for typed, want := range map[string]string{
		"acme.example":                         "acme.example", // control
		"ACME.Example":                         "acme.example",
		"acme.example.":                        "acme.example",
		"ａｃｍｅ。example":                         "acme.example", // wide letters and an ideographic full stop (UTS 46)
		"blåbær.example":                       "xn--blbr-roah.example",
		"BLÅBÆR.example":                       "xn--blbr-roah.example",
		"xn--blbr-roah.example":                "xn--blbr-roah.example",
		"аcme.example":                         "xn--cme-5cd.example", // Cyrillic а: another domain
		"acme.example..":                       "",
		".acme.example":                        "",
		"acme..example":                        "",
		"acme":                                 "",
		"":                                     "",
		".":                                    "",
		"acme_.example":                        "",
		"-acme.example":                        "",
		"acme example":                         "",
		"acme.example\x00":                     "",
		"acme.example@x.test":                  "",
		"192.0.2.1":                            "",
		"xn--a.example":                        "", // no punycode of anything
		strings.Repeat("a", 64) + ".example":   "",
		strings.Repeat("a.", 200) + "example":  "",
		strings.Repeat("å", 2000) + ".example": "",
	} {
		got, ok := CanonicalDomain(typed)
		if got != want || ok != (want != "") {
			t.Errorf("%q is %q, %v; want %q", typed, got, ok, want)
		}
	}
	for login, want := range map[string]string{
		"ana@acme.example": "acme.example", " ana@acme.example ": "acme.example",
		"ana": "", "@acme.example": "", "ana@": "", "a@b@acme.example": "", "ana＠acme.example": "",
	} {
		if got, _ := DomainOf(login); got != want {
			t.Errorf("the domain of %q is %q, want %q", login, got, want)
		}
	}
}

const routedFile = `account: acme
name: Acme Support
legacy_tenant: 10010
domains: [acme.example, acme.test]
connections:
  - { id: corp, type: oidc, issuer: "https://login.example/", client_id: patchbay, domains: [acme.example], break_glass: ["4711"] }
  - { id: partner, type: oidc, issuer: "https://login.example/", client_id: patchbay, domains: [acme.test], enforce: false, default: true }
`

func TestRoutesOfConnections(t *testing.T) {
	p := planning(day)
	s, _, _ := applied(t, empty(t), parsed(t, routedFile, nil), p)
	corp, _ := s.Connection("acme", "corp")
	partner, _ := s.Connection("acme", "partner")
	if !corp.Enforce || len(corp.BreakGlass) != 1 || partner.Enforce || !partner.Default {
		t.Fatalf("corp %+v, partner %+v", corp, partner)
	}
	if _, ok := s.DomainConnection("acme", "acme.example"); ok || s.EnforcesAnywhere() {
		t.Error("a mere claim leads somewhere")
	}
	s = proven(t, s, "acme.example")
	if c, ok := s.DomainConnection("acme", "acme.example"); !ok || c.ID != "corp" || !s.EnforcesAnywhere() {
		t.Error("a verified domain leads nowhere")
	}
	if _, ok := s.DomainConnection("rival", "acme.example"); ok {
		t.Error("it leads people of another tenant")
	}
	if c, ok := s.DefaultConnection("acme"); !ok || c.ID != "partner" {
		t.Error("there is no default connection")
	}
	exported, err := s.Export("acme")
	if err != nil {
		t.Fatal(err)
	}
	if _, change, lines := applied(t, s, parsed(t, string(exported), nil), p); !change.Empty() {
		t.Errorf("what was exported differs: %v", lines)
	}
}

func TestFaultsOfRoutes(t *testing.T) {
	p := planning(day)
	s, _, _ := applied(t, empty(t), parsed(t, routedFile, nil), p) // control
	for _, tc := range []struct{ name, old, new, want string }{
		{"not the tenant's", "domains: [acme.test]", "domains: [other.test]", `connections[1].domains[0]: "other.test" is not among the tenant's domains`},
		{"a subdomain", "domains: [acme.test]", "domains: [eu.acme.test]", `connections[1].domains[0]: "eu.acme.test" is not among`},
		{"in capitals", "domains: [acme.test]", "domains: [ACME.test]", `connections[1].domains[0]: "ACME.test" is not a domain name in lower case`},
		{"twice in one", "domains: [acme.test]", "domains: [acme.test, acme.test]", `connections[1].domains[1]: "acme.test" is there twice`},
		{"in two", "domains: [acme.test]", "domains: [acme.example]", `connections[0].domains[0]: "acme.example" leads to connection "partner" already`},
		{"two defaults", `break_glass: ["4711"]`, "default: true", `connections[0].default: connection "partner" is the default already`},
		{"break-glass of nothing", "enforce: false", `enforce: false, break_glass: ["1"]`, "connections[1].break_glass: has no effect without enforce: true"},
		{"break-glass of nobody", `["4711"]`, `[""]`, "connections[0].break_glass[0]: is empty"},
		{"given up by the tenant", routedFile[strings.Index(routedFile, "domains"):], "domains: [acme.test]\n", `domains: connection "corp" leads people of a domain that is not here any more`},
		{"taken from one that is not named", routedFile[strings.Index(routedFile, "connections"):], "connections:\n  - { id: new, type: oidc, issuer: \"https://login.example/\", client_id: patchbay, domains: [acme.example] }\n", `connections[0].domains[0]: "acme.example" leads to connection "corp" already`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := strings.Replace(routedFile, tc.old, tc.new, 1)
			if text == routedFile {
				t.Fatalf("%q is not in the file", tc.old)
			}
			f, err := ParseTenantFile("acme.yaml", []byte(text), nil)
			if err == nil {
				_, _, err = s.Plan(f, p)
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got  %v\nwant … %s", err, tc.want)
			}
		})
	}
	// One that goes may leave its domain to one that comes.
	p.Prune = true
	moved := strings.Replace(strings.Replace(routedFile, "id: corp", "id: entra", 1), "id: partner", "id: other", 1)
	applied(t, s, parsed(t, moved, nil), p)
}
