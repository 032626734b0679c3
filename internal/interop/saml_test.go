package interop

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"encoding/xml"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A pair is a key with its certificate, both in PEM.
type pair struct{ certificate, key string }

// newPair makes what an identity provider signs with.
func newPair(t *testing.T) pair {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	certificate := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "idp"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, &certificate, &certificate, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pair{inPEM("CERTIFICATE", der), inPEM("PRIVATE KEY", private)}
}

func inPEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// A serviceProvider is what the administrator of an identity provider is given about one connection.
type serviceProvider struct {
	EntityID string `xml:"entityID,attr"`
	Role     struct {
		Keys []struct {
			Use         string `xml:"use,attr"`
			Certificate string `xml:"KeyInfo>X509Data>X509Certificate"`
		} `xml:"KeyDescriptor"`
		Consumers []struct {
			Binding  string `xml:"Binding,attr"`
			Location string `xml:"Location,attr"`
		} `xml:"AssertionConsumerService"`
		Logouts []struct {
			Binding  string `xml:"Binding,attr"`
			Location string `xml:"Location,attr"`
		} `xml:"SingleLogoutService"`
	} `xml:"SPSSODescriptor"`
	// document is the metadata as it came.
	document []byte
}

// serviceProvider fetches the metadata of a connection of the demo's first tenant.
func (p patchbay) serviceProvider(t *testing.T, connection string) serviceProvider {
	t.Helper()
	address := p.Base + "/login/acme/" + connection + "/saml/metadata"
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	status, document := send(t, r)
	if status != http.StatusOK {
		t.Fatalf("%s: %d %s", address, status, document)
	}
	sp := serviceProvider{document: document}
	if err := xml.Unmarshal(document, &sp); err != nil {
		t.Fatal(err)
	}
	if sp.EntityID != address || len(sp.Role.Consumers) == 0 {
		t.Fatalf("%s describes %q with %d consumers", address, sp.EntityID, len(sp.Role.Consumers))
	}
	return sp
}

// consumer returns where responses are posted to.
func (sp serviceProvider) consumer() string { return sp.Role.Consumers[0].Location }

// logout returns where logouts are sent, by whichever binding.
func (sp serviceProvider) logout(t *testing.T) string {
	t.Helper()
	at := sp.Role.Logouts
	if len(at) != 2 || at[0].Location != at[1].Location {
		t.Fatalf("the metadata of %s offers logouts at %v", sp.EntityID, at)
	}
	return at[0].Location
}

// certificates returns those for a use, signing or encryption, in base64.
func (sp serviceProvider) certificates(use string) []string {
	var list []string
	for _, k := range sp.Role.Keys {
		if k.Use == use {
			list = append(list, strings.TrimSpace(k.Certificate))
		}
	}
	return list
}

// certificate returns the first for a use.
func (sp serviceProvider) certificate(t *testing.T, use string) *x509.Certificate {
	t.Helper()
	all := sp.certificates(use)
	if len(all) == 0 {
		t.Fatalf("the metadata of %s has no certificate for %s", sp.EntityID, use)
	}
	der, err := base64.StdEncoding.DecodeString(all[0])
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// beginURI is where the application begins logins that somebody else suggests.
const beginURI = "http://127.0.0.1:9/begin"

// samlClient is the application that people log in to.
func samlClient() string {
	return fmt.Sprintf(`
  - id: interop-rp
    grant_types: [authorization_code, refresh_token]
    redirect_uris: [%q]
    post_logout_redirect_uris: [%q]
    initiate_login_uri: %q
    scopes: [openid, profile, email, offline_access]
    secrets: [{ description: test, value: %q }]
`, redirectURI, postLogoutURI, beginURI, clientSecret)
}

// samlConnection is a connection with the IdP whose metadata is there. People are found by their login name,
// which this template takes from what the IdP says. Keys of the policy are separated by commas.
func samlConnection(id, metadata, login, policy string) string {
	return fmt.Sprintf(`
  - id: %s
    type: saml
    metadata_url: %q
    allow_private_network: true
%s    mapping:
      - name: login name
        match: { login: %q }
`, id, metadata, lines(policy), login)
}

// oidcConnection is the same with an issuer of OpenID Connect, where patchbay has clientSecret.
func oidcConnection(id, issuer, client, login, policy string) string {
	return fmt.Sprintf(`
  - id: %s
    type: oidc
    issuer: %q
    client_id: %s
    client_secret: %q
    allow_private_network: true
%s    mapping:
      - name: login name
        match: { login: %q }
`, id, issuer, client, clientSecret, lines(policy), login)
}

// lines writes keys of a policy as YAML, each in a line of its own.
func lines(policy string) string {
	if policy == "" {
		return ""
	}
	return "    " + strings.ReplaceAll(policy, ", ", "\n    ") + "\n"
}

// subject returns the user whom an access token is about.
func (d discovered) subject(t *testing.T, login tokens) string {
	t.Helper()
	status, body := send(t, bearing(t, d.UserinfoEndpoint, login.AccessToken))
	var claims struct {
		Subject string `json:"sub"`
	}
	if err := json.Unmarshal(body, &claims); err != nil || status != http.StatusOK {
		t.Fatalf("userinfo: %d %s", status, body)
	}
	return claims.Subject
}
