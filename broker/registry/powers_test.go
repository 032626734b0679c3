package registry

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const modestFile = `account: acme
name: Acme Support
legacy_tenant: 10010
domains: [acme.example]
clients:
  - id: app
    name: App
    grant_types: [client_credentials]
    scopes: [contact-centre]
    secrets: [{ value: "${APP}" }]
connections:
  - id: corp
    type: oidc
    issuer: https://login.example/
    client_id: patchbay
    client_secret: upstream secret
`

// Each case adds one power to a file that a tenant's administrator may apply: that one refuses it,
// the platform's administrator gives it, and then the tenant's may change something else.
func TestPowersOfATenantAdministrator(t *testing.T) {
	env := keysEnv(t)
	platform := planning(day)
	tenant := platform
	tenant.ByTenantAdmin = true
	s, _, _ := applied(t, empty(t), parsed(t, modestFile, env), platform)
	renamed := strings.Replace(modestFile, "name: App", "name: Application", 1)
	if _, _, lines := applied(t, s, parsed(t, renamed, env), tenant); len(lines) != 1 {
		t.Fatalf("positive control: %v", lines)
	}
	const only = "only a platform administrator may give "
	for _, tc := range []struct{ name, old, new, want string }{
		{"every tenant's tokens", "    name: App", "    introspection: { allow: platform }\n    name: App", "clients[0].introspection.allow: " + only},
		{"jwt-bearer", "[client_credentials]", `[client_credentials, "urn:ietf:params:oauth:grant-type:jwt-bearer"]` + "\n    trusted_issuers: [{ issuer: x, jwks_file: hr.jwks, subject_is: login }]", "clients[0].grant_types: " + only + "the grant urn"},
		{"token exchange", "[client_credentials]", `[client_credentials, "urn:ietf:params:oauth:grant-type:token-exchange"]` + "\n    token_exchange: { audiences: [x] }", "clients[0].token_exchange: " + only},
		{"the administration API", "[contact-centre]", "[contact-centre, patchbay.admin]", "clients[0].scopes: " + only + "the scope patchbay.admin"},
		{"another tenant's users", "legacy_tenant: 10010", "legacy_tenant: 10020", "legacy_tenant: " + only},
		{"another tenant's callers", "name: Acme Support", "name: Acme Support\ncustomer_number: \"4711\"", "customer_number: " + only},
		{"a tenant switched off", "name: Acme Support", "name: Acme Support\nenabled: false", "enabled: " + only},
		{"a private network", "client_id: patchbay", "client_id: patchbay\n    allow_private_network: true", "connections[0].allow_private_network: " + only},
		{"users in the legacy database", "client_id: patchbay", "client_id: patchbay\n    create_users: true", "connections[0].create_users: " + only},
		{"roles by claims", "client_id: patchbay", "client_id: patchbay\n    enrich: [{ when: { claim: a, equals: b }, roles: [admin] }]", "connections[0].enrich: " + only},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := strings.Replace(modestFile, tc.old, tc.new, 1)
			if text == modestFile {
				t.Fatalf("%q is not in the file", tc.old)
			}
			_, _, err := s.Plan(parsed(t, text, env), tenant)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got  %v\nwant … %s", err, tc.want)
			}
			given, _, _ := applied(t, s, parsed(t, text, env), platform)
			text = strings.Replace(text, "name: App\n", "name: Application\n", 1)
			_, _, lines := applied(t, given, parsed(t, text, env), tenant)
			if diff := cmp.Diff([]string{"~ client app: name: App → Application"}, lines); diff != "" {
				t.Errorf("afterwards the tenant's change (-want +got):\n%s", diff)
			}
		})
	}
}

func TestATenantAdministratorStaysAtHome(t *testing.T) {
	env := keysEnv(t)
	platform := planning(day)
	tenant := platform
	tenant.ByTenantAdmin = true
	s, _, _ := applied(t, empty(t), parsed(t, modestFile, env), platform)
	for name, file := range map[string]string{
		"another tenant": "account: rival\nname: Rival\nlegacy_tenant: 2\n",
		"the platform":   "platform: true\n",
	} {
		f := parsed(t, file, nil)
		applied(t, s, f, platform) // positive control
		if _, _, err := s.Plan(f, tenant); err == nil || !strings.Contains(err.Error(), "only a platform administrator may") {
			t.Errorf("%s: %v", name, err)
		}
	}

	// No file proves a domain, and none takes a proof away from one that it still names.
	s = proven(t, s, "acme.example")
	more := strings.Replace(modestFile, "[acme.example]", "[acme.example, bank.example]", 1)
	for _, p := range []Planning{tenant, platform} {
		claimed, _, _ := applied(t, s, parsed(t, more, env), p)
		if acme, _ := claimed.Tenant("acme"); !acme.Owns("acme.example") || acme.Owns("bank.example") || !acme.Claims("bank.example") {
			t.Errorf("after the claim the domains are %+v", acme.Domains)
		}
		if _, _, lines := applied(t, claimed, parsed(t, more, env), p); len(lines) != 0 {
			t.Errorf("claiming again changes %v", lines)
		}
	}
}

const platformFile = `platform: true
clients:
  - id: desktop
    name: Agent desktop
    grant_types: [authorization_code, client_credentials]
    redirect_uris: ["https://desk.example/cb"]
    scopes: [openid, contact-centre]
    secrets: [{ value: "${APP}" }]
    product_access: [{ platform: contact-centre, solution: 10010, user_id: 1 }, { platform: contact-centre, solution: 10020, user_id: 1 }]
    introspection: { allow: platform }
`

func TestThePlatformsFile(t *testing.T) {
	env := keysEnv(t)
	p := planning(day)
	s, _, _ := applied(t, empty(t), parsed(t, modestFile, env), p)
	change, lines, err := s.Plan(parsed(t, platformFile, env), p)
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) != 1 || lines[0].String() != "+ client desktop" || len(change.Save.Tenants) > 0 {
		t.Fatalf("the platform's file changes %v", lines)
	}
	records := recordsOf(s)
	records.Clients = append(records.Clients, change.Save.Clients...)
	s, err = NewSnapshot(records)
	if err != nil {
		t.Fatal(err)
	}
	if desktop, ok := s.Client("desktop"); !ok || !desktop.Platform() || len(s.Clients("")) != 1 {
		t.Errorf("desktop is %+v; the platform has %d clients", desktop, len(s.Clients("")))
	}
	data, err := s.ExportPlatform()
	if err != nil {
		t.Fatal(err)
	}
	p.Prune = true
	if change, lines, err := s.Plan(parsed(t, string(data), nil), p); err != nil || !change.Empty() {
		t.Errorf("the export changes %v, %v:\n%s", lines, err, data)
	}
	change, _, err = s.Plan(parsed(t, "platform: true\n", nil), p)
	if diff := cmp.Diff([]string{"desktop"}, change.DeleteClients); diff != "" || err != nil {
		t.Errorf("prune removes (-want +got): %v\n%s", err, diff)
	}
	for name, tc := range map[string]struct{ text, want string }{
		"the platform's client in a tenant": {strings.Replace(modestFile, "id: app", "id: desktop", 1), `clients[0].id: "desktop" belongs to the platform`},
		"a tenant's client in the platform": {strings.Replace(platformFile, "id: desktop", "id: app", 1), `clients[0].id: "app" belongs to another tenant`},
	} {
		if _, _, err := s.Plan(parsed(t, tc.text, env), planning(day)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
