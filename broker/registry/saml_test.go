package registry

import (
	"strings"
	"testing"
	"time"
)

const samlFile = `account: acme
name: Acme
legacy_tenant: 1
domains: [acme.example]
clients:
  - id: portal
    grant_types: [authorization_code]
    redirect_uris: [https://portal.acme.example/cb]
    initiate_login_uri: https://portal.acme.example/start
    require_secret: false
connections:
  - id: adfs
    type: saml
    metadata_url: https://adfs.acme.example/metadata.xml
    entity_id: https://adfs.acme.example/trust
    external_id_claim: employee
    name_id_format: transient
    attributes:
      - { claim: employee, from: "http://schemas.example/$${employee" }
    want_signed: both
    want_encrypted: gcm
    sign_requests: false
    request_binding: post
    response_binding: artifact
    idp_initiated: portal
    email_trust: domain
    acr_values: [urn:mfa]
    clock_skew: 90s
`

func samlSnapshot(t *testing.T, text string) (*Snapshot, TenantFile) {
	t.Helper()
	file, err := ParseTenantFile("acme.yaml", []byte(text), acmeEnv())
	if err != nil {
		t.Fatal(err)
	}
	empty, err := NewSnapshot(Records{})
	if err != nil {
		t.Fatal(err)
	}
	change, _, err := empty.Plan(file, Planning{By: "test", Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := NewSnapshot(change.Save)
	if err != nil {
		t.Fatal(err)
	}
	return snapshot, file
}

// TestSAMLConnectionIsExported: what is exported is what was applied, key by key.
func TestSAMLConnectionIsExported(t *testing.T) {
	snapshot, file := samlSnapshot(t, samlFile)
	exported, err := snapshot.Export("acme")
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseTenantFile("exported.yaml", exported, acmeEnv())
	if err != nil {
		t.Fatalf("%v in\n%s", err, exported)
	}
	for name, f := range map[string]TenantFile{"applied again": file, "exported": again} {
		change, lines, err := snapshot.Plan(f, Planning{By: "test", Now: time.Now()})
		if err != nil || !change.Empty() {
			t.Errorf("%s: %v, %v in\n%s", name, lines, err, exported)
		}
	}
	for _, line := range strings.Split(strings.TrimSpace(samlFile[strings.Index(samlFile, "    type: saml"):]), "\n") {
		key, _, _ := strings.Cut(strings.TrimSpace(line), ":")
		if key = strings.TrimPrefix(key, "- { "); !strings.Contains(string(exported), key+":") {
			t.Errorf("%s was not exported:\n%s", key, exported)
		}
	}
}

func TestSAMLConnectionFaults(t *testing.T) {
	for _, tc := range []struct{ name, old, new, want string }{
		{"no metadata", "    metadata_url: https://adfs.acme.example/metadata.xml\n", "", "connections[0].metadata_url: give exactly one of"},
		{"plain http", "https://adfs.acme.example/metadata.xml", "http://adfs.acme.example/metadata.xml", "connections[0].metadata_url: "},
		{"metadata that is none", "metadata_url: https://adfs.acme.example/metadata.xml", "metadata: <html/>", "connections[0].metadata: "},
		{"transient NameID as key", "external_id_claim: employee", "external_id_claim: NameID", "connections[0].name_id_format: a transient NameID"},
		{"transient NameID in the key", "external_id_claim: employee", "external_id_claim: employee+NameID", "connections[0].name_id_format: a transient NameID"},
		{"a key with a part that is nothing", "external_id_claim: employee", "external_id_claim: employee+", `connections[0].external_id_claim: "employee+" has a + without`},
		{"format", "name_id_format: transient", "name_id_format: windows", "connections[0].name_id_format: \"windows\""},
		{"signed", "want_signed: both", "want_signed: nothing", "connections[0].want_signed: \"nothing\" is not one of"},
		{"encrypted", "want_encrypted: gcm", "want_encrypted: rot13", "connections[0].want_encrypted: \"rot13\" is not one of"},
		{"request", "request_binding: post", "request_binding: artifact", "connections[0].request_binding: \"artifact\" is not one of"},
		{"response", "response_binding: artifact", "response_binding: redirect", "connections[0].response_binding: \"redirect\" is not one of"},
		{"claim that no attribute sets", "{ claim: employee", "{ claim: NameID", "connections[0].attributes: "},
		{"a key of OpenID Connect", "    type: saml\n", "    type: saml\n    client_id: x\n", "connections[0].client_id: belongs to a connection of type oidc"},
		{
			"keys of SAML", "    type: saml\n", "    type: oidc\n    issuer: https://idp.example\n    client_id: x\n",
			"connections[0].want_signed: belongs to a connection of type saml",
		},
		{"e-mail as key", "external_id_claim: employee", "external_id_claim: email", "connections[0].external_id_claim: an e-mail address"},
		{"initiate_login_uri", "https://portal.acme.example/start", "javascript:alert(1)", "clients[0].initiate_login_uri: "},
	} {
		text := strings.Replace(samlFile, tc.old, tc.new, 1)
		if text == samlFile {
			t.Fatalf("%s: %q is not in the file", tc.name, tc.old)
		}
		if _, err := ParseTenantFile("acme.yaml", []byte(text), acmeEnv()); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want … %s", tc.name, err, tc.want)
		}
	}
	empty, err := NewSnapshot(Records{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, old, new, want string }{
		{"positive control", "name: Acme", "name: Acme Support", ""},
		{"no such client", "idp_initiated: portal", "idp_initiated: other", `idp_initiated: there is no client "other"`},
		{"a client that begins no logins", "    initiate_login_uri: https://portal.acme.example/start\n", "", "idp_initiated: client \"portal\" has no initiate_login_uri"},
	} {
		file, err := ParseTenantFile("acme.yaml", []byte(strings.Replace(samlFile, tc.old, tc.new, 1)), nil)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = empty.Plan(file, Planning{By: "test", Now: time.Now()})
		if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.want)
		}
	}
}
