package registry

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// The files have between them every key of presets and policies.
const (
	presetHead = `account: acme
name: Acme
legacy_tenant: 1
connections:
  - id: corp
    type: oidc
    client_id: patchbay
`
	entraFile = presetHead + `    preset: entra
    issuer: https://login.microsoftonline.com/{tenantid}/v2.0
    tenants: [11111111-aaaa-4aaa-8aaa-111111111111, 22222222-bbbb-4bbb-8bbb-222222222222]
    client_auth: private_key_jwt
    max_age: 8h
    clock_skew: 2m
    acr_values: [urn:mfa, urn:pwd]
    session_lifetime: 12h
    logout: upstream
`
	auth0File = presetHead + `    preset: auth0
    issuer: https://acme.eu.auth0.com/
    auth0_connection: acme-adfs
    organization: org_Acme7
    client_auth: client_secret_post
    client_secret: "a secret of the upstream"
    trust_amr: false
`
	googleFile = presetHead + `    preset: google
    issuer: https://accounts.google.com
    hosted_domain: acme.example
`
)

// planned is a snapshot of what a file says.
func planned(t *testing.T, text string) (*Snapshot, error) {
	t.Helper()
	file, err := ParseTenantFile("acme.yaml", []byte(text), nil)
	if err != nil {
		return nil, err
	}
	empty, err := NewSnapshot(Records{})
	if err != nil {
		t.Fatal(err)
	}
	change, _, err := empty.Plan(file, planning(time.Now()))
	if err != nil {
		return nil, err
	}
	return NewSnapshot(change.Save)
}

// TestPresetsAndPoliciesAreExported: what is exported is what was applied, and a key that is taken away or
// changed is a difference that names it.
func TestPresetsAndPoliciesAreExported(t *testing.T) {
	for name, text := range map[string]string{"entra": entraFile, "auth0": auth0File, "google": googleFile} {
		snapshot, err := planned(t, text)
		if err != nil {
			t.Fatal(err)
		}
		exported, err := snapshot.Export("acme")
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseTenantFile("exported.yaml", exported, nil)
		if err != nil {
			t.Fatalf("%s: %v in\n%s", name, err, exported)
		}
		if change, lines, err := snapshot.Plan(again, planning(time.Now())); err != nil || !change.Empty() {
			t.Errorf("%s: %v, %v in\n%s", name, lines, err, exported)
		}
		for line := range strings.Lines(text[len(presetHead):]) {
			key, _, _ := strings.Cut(strings.TrimSpace(line), ":")
			shown := key
			if key == "client_secret" {
				shown = "client_secret_sealed"
			}
			if !strings.Contains(string(exported), " "+shown+":") {
				t.Errorf("%s: %s was not exported:\n%s", name, key, exported)
			}
			if key == "issuer" || key == "preset" || key == "tenants" || key == "client_secret" {
				continue // the rest of the file needs it
			}
			without, err := ParseTenantFile("acme.yaml", []byte(strings.Replace(text, line, "", 1)), nil)
			if err != nil {
				t.Fatalf("%s without %s: %v", name, key, err)
			}
			change, lines, err := snapshot.Plan(without, planning(time.Now()))
			if err != nil || change.Empty() || !strings.Contains(fmt.Sprint(lines), key) {
				t.Errorf("%s: the difference without %s is %q, %v", name, key, lines, err)
			}
		}
	}
}

// TestDefaultsAreNotWritten: a file may name a default or not.
func TestDefaultsAreNotWritten(t *testing.T) {
	plain := presetHead + "    issuer: https://idp.example\n"
	snapshot, err := planned(t, plain)
	if err != nil {
		t.Fatal(err)
	}
	named, err := ParseTenantFile("acme.yaml", []byte(plain+"    preset: generic\n    trust_amr: true\n    logout: local\n    external_id_claim: sub\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if change, lines, err := snapshot.Plan(named, planning(time.Now())); err != nil || !change.Empty() {
		t.Errorf("%v, %v", lines, err)
	}
	corp, ok := snapshot.Connection("acme", "corp")
	if !ok || corp.ExternalIDClaim != "sub" {
		t.Fatalf("connection is %+v", corp)
	}
	if snapshot, err = planned(t, entraFile); err != nil {
		t.Fatal(err)
	}
	if corp, _ = snapshot.Connection("acme", "corp"); corp.ExternalIDClaim != "tid+oid" {
		t.Errorf("Entra ID's people are told apart by %q", corp.ExternalIDClaim)
	}
}

func TestPresetAndPolicyFaults(t *testing.T) {
	const at = "connections[0]."
	for _, tc := range []struct{ name, text, old, new, want string }{
		{"positive control: Entra ID", entraFile, "", "", ""},
		{"positive control: Auth0", auth0File, "", "", ""},
		{"positive control: Google", googleFile, "", "", ""},

		{"no such preset", googleFile, "preset: google", "preset: okta", at + `preset: "okta" is not one of`},
		{"Google's key elsewhere", googleFile, "preset: google", "preset: auth0", at + "hosted_domain: belongs to preset: google"},
		{"Google's key without a preset", googleFile, "    preset: google\n", "", at + "hosted_domain: belongs to preset: google"},
		{"Auth0's connection elsewhere", auth0File, "preset: auth0", "preset: google", at + "auth0_connection: belongs to preset: auth0"},
		{"Auth0's organization elsewhere", auth0File, "preset: auth0", "preset: google", at + "organization: belongs to preset: auth0"},
		{"connection that is no name", auth0File, "auth0_connection: acme-adfs", `auth0_connection: "a b"`, at + `auth0_connection: "a b"`},
		{"organization that is no name", auth0File, "organization: org_Acme7", "organization: acme.example", at + `organization: "acme.example"`},
		{"domain in upper case", googleFile, "hosted_domain: acme.example", "hosted_domain: Acme.example", at + `hosted_domain: "Acme.example"`},
		{"any domain", googleFile, "hosted_domain: acme.example", `hosted_domain: "*"`, at + `hosted_domain: "*"`},
		{"address as a domain", googleFile, "hosted_domain: acme.example", `hosted_domain: "@acme.example"`, at + `hosted_domain: "@acme`},

		{"template without the preset", entraFile, "    preset: entra\n", "", at + "issuer: {tenantid} belongs to preset: entra"},
		{"template without tenants", entraFile, "tenants: [11111111-aaaa-4aaa-8aaa-111111111111, 22222222-bbbb-4bbb-8bbb-222222222222]", "tenants: []", at + "tenants: is required with {tenantid}"},
		{"tenants without the template", entraFile, "{tenantid}", "11111111-aaaa-4aaa-8aaa-111111111111", at + "tenants: has no effect without {tenantid}"},
		{"common", entraFile, "{tenantid}", "common", at + "issuer: no token has it"},
		{"organizations", entraFile, "{tenantid}", "organizations", at + "issuer: no token has it"},
		{"consumers", entraFile, "{tenantid}", "consumers", at + "issuer: no token has it"},
		{"tenant by its domain", entraFile, "tenants: [11111111-aaaa-4aaa-8aaa-111111111111", "tenants: [acme.example", at + `tenants[0]: "acme.example" is not a tenant's id`},
		{"tenant in upper case", entraFile, "11111111-aaaa", "11111111-AAAA", at + "tenants[0]: "},
		{"tenant twice", entraFile, "22222222-bbbb-4bbb-8bbb-222222222222", "11111111-aaaa-4aaa-8aaa-111111111111", at + "tenants[1]: "},

		{"no such method", entraFile, "private_key_jwt", "client_secret_jwt", at + `client_auth: "client_secret_jwt" is not one of`},
		{"a key and a secret", auth0File, "client_secret_post", "private_key_jwt", at + "client_secret: has no effect with client_auth: private_key_jwt"},

		{"negative age", entraFile, "max_age: 8h", "max_age: -1s", at + "max_age: want a duration"},
		{"endless age", entraFile, "max_age: 8h", "max_age: 721h", at + "max_age: 721h is not between"},
		{"half a second", entraFile, "max_age: 8h", "max_age: 1500ms", at + "max_age: 1.5s is not between"},
		{"endless skew", entraFile, "clock_skew: 2m", "clock_skew: 301s", at + "clock_skew: 5m1s is not between 1s and 5m"},
		{"negative skew", entraFile, "clock_skew: 2m", "clock_skew: -1s", at + "clock_skew: want a duration"},
		{"half a second of skew", entraFile, "clock_skew: 2m", "clock_skew: 1500ms", at + "clock_skew: 1.5s is not between"},
		{"short session", entraFile, "session_lifetime: 12h", "session_lifetime: 4m", at + "session_lifetime: 4m is not between"},
		{"negative session", entraFile, "session_lifetime: 12h", "session_lifetime: -12h", at + "session_lifetime: want a duration"},
		{"endless session", entraFile, "session_lifetime: 12h", "session_lifetime: 721h", at + "session_lifetime: 721h is not between"},
		{"acr with a space", entraFile, "[urn:mfa, urn:pwd]", `["urn:mfa urn:pwd"]`, at + "acr_values[0]: want printable ASCII"},
		{"acr that is empty", entraFile, "[urn:mfa, urn:pwd]", `[""]`, at + "acr_values[0]: want printable ASCII"},
		{"acr twice", entraFile, "[urn:mfa, urn:pwd]", "[urn:mfa, urn:mfa]", at + `acr_values[1]: "urn:mfa" is there twice`},
		{"acr that is not believed", entraFile, "    logout: upstream\n", "    trust_amr: false\n", at + "trust_amr: must be true"},
		{"no such logout", entraFile, "logout: upstream", "logout: global", at + `logout: "global" is not one of`},
	} {
		text := strings.Replace(tc.text, tc.old, tc.new, 1)
		if tc.want != "" && text == tc.text {
			t.Fatalf("%s: %q is not in the file", tc.name, tc.old)
		}
		_, err := planned(t, text)
		switch {
		case tc.want == "" && err != nil:
			t.Fatalf("%s: %v", tc.name, err)
		case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
			t.Errorf("%s: %v, want … %s", tc.name, err, tc.want)
		}
	}
}

// TestSAMLHasNoPreset: a key that would be dropped in silence may be one that somebody relies on.
func TestSAMLHasNoPreset(t *testing.T) {
	const connection = "    type: saml\n"
	if _, err := ParseTenantFile("acme.yaml", []byte(samlFile), acmeEnv()); err != nil {
		t.Fatal("positive control:", err)
	}
	for key, value := range map[string]string{
		"preset": "auth0", "auth0_connection": "acme", "organization": "acme", "hosted_domain": "acme.example",
		"tenants": "[11111111-aaaa-4aaa-8aaa-111111111111]", "client_auth": "private_key_jwt", "access_tokens": "{ type: JWT }",
	} {
		text := strings.Replace(samlFile, connection, connection+"    "+key+": "+value+"\n", 1)
		want := "connections[0]." + key + ": belongs to a connection of type oidc"
		if _, err := ParseTenantFile("acme.yaml", []byte(text), acmeEnv()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
