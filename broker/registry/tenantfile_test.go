package registry

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/patchbay-auth/patchbay/mapping"
)

type environment map[string]string

func (e environment) Getenv(name string) (string, bool)    { v, ok := e[name]; return v, ok }
func (e environment) ReadFile(name string) ([]byte, error) { return []byte(e[name]), nil }

func acmeEnv() environment {
	return environment{"APP": strings.Repeat("s", 43), "SBC": "short and weak", "corp.secret": "upstream secret\n"}
}

const acmeFile = `account: acme
name: Acme Support
legacy_tenant: 10010
domains: [acme.example]
sip_domains: [pbx.acme.example]
clients:
  - id: Agent-App
    name: Agent application
    grant_types: [authorization_code, refresh_token]
    redirect_uris: [https://agent.acme.example/callback, "http://127.0.0.1/cb"]
    post_logout_redirect_uris: [https://agent.acme.example/]
    scopes: [openid, profile, email, offline_access, roles, groups, contact-centre]
    default_scopes: [openid]
    secrets:
      - { description: production, value: "${APP}", expires: 2027-12-31 }
    access_token_lifetime: 10m
    refresh: { grace: 0s, sliding: 2h30m }
  - id: spa
    grant_types: [authorization_code, refresh_token]
    redirect_uris: [https://spa.acme.example/]
    scopes: [openid]
    require_secret: false
  - id: sbc
    name: AudioCodes SBC
    description: costs $${5}
    secrets: [{ value: "${SBC}", weak: true }]
    introspection: { allow: tenant, profile: audiocodes }
connections:
  - id: corp
    name: Acme Entra ID
    type: oidc
    issuer: https://login.example/tenant/v2.0
    client_id: patchbay
    client_secret_file: corp.secret
    external_id_claim: oid
    email_trust: domain
    mapping:
      - name: linked external id
        match: { external_id: "{{ .oid }}" }
      - name: support
        when: { claim: department, in: [Support, Sales] }
        match: { login: "{{ .employeeid | trim | lower }}" }
      - name: verified e-mail of our own domain
        when: { claim: hd, exists: true }
        match: { email: "{{ .email }}" }
        require: { email_verified: true, domain: [acme.example] }
        link: true
      - name: everyone else
        refuse: not_provisioned
`

func TestParseTenantFile(t *testing.T) {
	f, err := ParseTenantFile("acme.yaml", []byte(acmeFile), acmeEnv())
	if err != nil {
		t.Fatal(err)
	}
	want := Tenant{
		Account: "acme", Name: "Acme Support", Enabled: true, LegacyTenant: "10010",
		Domains: []Domain{{Name: "acme.example"}}, SIPDomains: []string{"pbx.acme.example"},
	}
	if diff := cmp.Diff(want, f.Tenant); diff != "" {
		t.Errorf("tenant (-want +got):\n%s", diff)
	}
	app, spa, sbc := f.clients[0].Client, f.clients[1].Client, f.clients[2].Client
	if app.ID != "agent-app" || !app.RequireSecret || !app.Enabled {
		t.Errorf("agent-app is %+v", app)
	}
	// A client with a loopback redirect is a native one: its families live 30 days.
	if want := (Refresh{Rotation: true, Grace: 0, Sliding: 150 * time.Minute, Absolute: 720 * time.Hour}); app.Refresh != want {
		t.Errorf("agent-app refreshes with %+v, want %+v", app.Refresh, want)
	}
	if want := (Refresh{Rotation: true, Grace: 10 * time.Second, Sliding: 9000 * time.Second, Absolute: 12 * time.Hour}); spa.Refresh != want || !spa.Public() {
		t.Errorf("spa refreshes with %+v, want %+v", spa.Refresh, want)
	}
	if app.AccessTokenLifetime != 10*time.Minute || spa.AccessTokenLifetime != 15*time.Minute || spa.IdentityTokenLifetime != 5*time.Minute {
		t.Errorf("lifetimes are %s, %s, %s", app.AccessTokenLifetime, spa.AccessTokenLifetime, spa.IdentityTokenLifetime)
	}
	if want := (Introspection{Allow: AllowTenant, Profile: ProfileAudioCodes, RequiredScope: mapping.ScopeContactCentre}); sbc.Introspection != want {
		t.Errorf("sbc introspects with %+v", sbc.Introspection)
	}
	if sbc.Description != "costs ${5}" {
		t.Errorf("description is %q", sbc.Description)
	}
}

// Each case changes one thing in the good file, which is the positive control.
func TestTenantFileFaults(t *testing.T) {
	if _, err := ParseTenantFile("acme.yaml", []byte(acmeFile), acmeEnv()); err != nil {
		t.Fatalf("positive control: %v", err)
	}
	for _, tc := range []struct{ name, old, new, want string }{
		{"account", "account: acme", "account: Acme", "acme.yaml:1: account: \"Acme\" must consist"},
		{"reserved account", "account: acme", "account: attempt", "acme.yaml:1: account: \"attempt\" is reserved"},
		{"account of a hyphen", "account: acme", "account: \"-\"", "acme.yaml:1: account:"},
		{"no legacy tenant", "legacy_tenant: 10010\n", "", "acme.yaml: legacy_tenant: is required"},
		{"domain", "domains: [acme.example]", "domains: [Acme.example]", "acme.yaml:4: domains[0]: \"Acme.example\" is not a domain"},
		{"domain twice", "domains: [acme.example]", "domains: [a.example, a.example]", "acme.yaml:4: domains[1]: \"a.example\" is there twice"},
		{"sip domain", "[pbx.acme.example]", "[\"pbx.acme.example:5060\"]", "acme.yaml:5: sip_domains[0]:"},
		{"both account and platform", "name: Acme Support", "platform: true", "acme.yaml:1: account: give either account or platform: true"},
		{"neither account nor platform", "account: acme\n", "", "acme.yaml: account: is required; a file of the platform's clients says platform: true"},
		{"a platform with a tenant's keys", "account: acme", "platform: true", "acme.yaml:2: name: belongs to a tenant"},
		{"client id", "id: spa", "id: s_pa", "acme.yaml:18: clients[1].id: \"s_pa\" must consist"},
		{"client id of digits", "id: spa", "id: 4711", "acme.yaml:18: clients[1].id: \"4711\" must consist"},
		{"client id by case", "id: spa", "id: AGENT-app", "acme.yaml:18: clients[1].id: \"agent-app\" is there twice"},
		{"unknown grant", "[authorization_code, refresh_token]", "[authorization_code, magic]", "acme.yaml:9: clients[0].grant_types[1]: \"magic\" is not one of"},
		{"redirect", "https://agent.acme.example/callback", "http://agent.acme.example/callback", "acme.yaml:10: clients[0].redirect_uris[0]: \"http://agent.acme.example/callback\" must be https"},
		{"post logout", "[https://agent.acme.example/]", "[\"javascript:x\"]", "acme.yaml:11: clients[0].post_logout_redirect_uris[0]:"},
		{"no redirect", "    redirect_uris: [https://spa.acme.example/]\n", "", "acme.yaml:18: clients[1].redirect_uris: is required"},
		{"unknown scope", "groups, contact-centre", "groups, everything", "acme.yaml:12: clients[0].scopes[6]: \"everything\" is not one of"},
		{"default scope", "default_scopes: [openid]", "default_scopes: [masterdata]", "acme.yaml:13: clients[0].default_scopes[0]: \"masterdata\" is not among"},
		{"short secret", "value: \"${APP}\"", "value: \"${SBC}\"", "acme.yaml:15: clients[0].secrets[0].value: has 14 characters: generate"},
		{"unset variable", "${APP}", "${NOPE}", "acme.yaml:15: clients[0].secrets[0].value: environment variable NOPE is not set"},
		{"two forms", "value: \"${SBC}\"", "value: \"${SBC}\", sha256: abcd", "clients[2].secrets[0].value: give exactly one of"},
		{"bad hash", "{ value: \"${SBC}\", weak: true }", "{ sha256: abcd }", "clients[2].secrets[0].sha256: sha256 has 2 bytes"},
		{"secret of a public client", "require_secret: false", "require_secret: false\n    secrets: [{ value: \"${APP}\" }]", "acme.yaml:23: clients[1].secrets: a client with require_secret: false has none"},
		{"grace of a public client", "require_secret: false", "require_secret: false\n    refresh: { grace: 11s }", "acme.yaml:23: clients[1].refresh.grace: 11s is not between 0s and 10s"},
		{"rotation of a public client", "require_secret: false", "require_secret: false\n    refresh: { rotation: false }", "clients[1].refresh.rotation: a public client's"},
		{"lifetime", "access_token_lifetime: 10m", "access_token_lifetime: 25h", "acme.yaml:16: clients[0].access_token_lifetime: 25h is not between 1s and 24h"},
		{"sliding beyond absolute", "sliding: 2h30m", "sliding: 2h30m, absolute: 1h", "acme.yaml:17: clients[0].refresh.sliding: 2h30m is not between 1m and 1h"},
		{"refresh without the grant", "introspection: {", "refresh: { grace: 1s }\n    introspection: {", "clients[2].refresh: is of use only"},
		{"introspection of a public client", "require_secret: false", "require_secret: false\n    introspection: { allow: own }", "clients[1].introspection: needs a client that authenticates"},
		{"introspection allow", "allow: tenant", "allow: everybody", "clients[2].introspection.allow: \"everybody\" is not one of"},
		{"introspection profile", "profile: audiocodes", "profile: sonus", "clients[2].introspection.profile: \"sonus\""},
		{"algorithm", "id: spa", "id: spa\n    id_token_signing_alg: none", "clients[1].id_token_signing_alg: \"none\" is not one of"},
		{"unknown key", "id: spa", "id: spa\n    require_magic: true", "acme.yaml:19: clients[1].require_magic: unknown key"},
		{"connection id", "id: corp", "id: Corp", "connections[0].id: \"Corp\" must consist"},
		{"connection id of passwords", "id: corp", "id: local", "connections[0].id: \"local\" is how logins with a password"},
		{"type", "type: oidc", "type: ldap", "connections[0].type: \"ldap\" is not one of"},
		{"issuer", "https://login.example", "http://login.example", "connections[0].issuer: \"http://login.example/tenant/v2.0\" must be https"},
		{"issuer on this machine", "https://login.example", "http://localhost:4000", "needs allow_private_network"},
		{"e-mail as key", "external_id_claim: oid", "external_id_claim: email", "connections[0].external_id_claim: an e-mail address"},
		{"trust", "email_trust: domain", "email_trust: always", "connections[0].email_trust: \"always\" is not one of"},
		{"template", "{{ .oid }}", "{{ range .oid }}{{ end }}", "connections[0].mapping[0].match.external_id: template"},
		{"e-mail alone", "        require: { email_verified: true, domain: [acme.example] }\n", "", "connections[0].mapping[2].require: an e-mail address alone finds nobody"},
		{"rule key", "refuse: not_provisioned", "refuses: not_provisioned", "connections[0].mapping[3].refuses: unknown key"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := strings.Replace(acmeFile, tc.old, tc.new, 1)
			if text == acmeFile {
				t.Fatalf("%q is not in the file", tc.old)
			}
			_, err := ParseTenantFile("acme.yaml", []byte(text), acmeEnv())
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("got  %v\nwant … %s", err, tc.want)
			}
			for _, value := range acmeEnv() {
				if strings.Contains(err.Error(), value) {
					t.Errorf("the fault shows a secret: %v", err)
				}
			}
		})
	}
}

func TestWithoutExpanderTheServerIsNotRead(t *testing.T) {
	_, err := ParseTenantFile("acme.yaml", []byte(acmeFile), nil)
	if err == nil || !strings.Contains(err.Error(), "client_secret_file: files are read by the command line only") {
		t.Fatalf("got %v", err)
	}
	text := strings.Replace(acmeFile, "client_secret_file: corp.secret", "client_secret: x", 1)
	text = strings.Replace(text, "${APP}", "${HOME}"+strings.Repeat("x", 32), 1)
	text = strings.Replace(text, "${SBC}", "long enough", 1)
	f, err := ParseTenantFile("acme.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := f.clients[0].secrets[0].value.Reveal(); !strings.HasPrefix(got, "${HOME}") {
		t.Errorf("the variable became %q", got)
	}
}

func FuzzParseTenantFile(f *testing.F) {
	f.Add(acmeFile)
	f.Add("account: a\nclients: [{id: b, secrets: []}]")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := ParseTenantFile("f.yaml", []byte(text), nil)
		if err != nil {
			return
		}
		for _, c := range file.clients {
			if c.Account != file.Tenant.Account || c.AccessTokenLifetime > MaxTokenLifetime || c.ID != foldASCII(c.ID) {
				t.Errorf("%q gives %+v", text, c.Client)
			}
		}
	})
}
