package interop

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// A service is one identity provider of samlp.mjs, and the connection to it.
type service struct {
	name string
	// policy is what the tenant file says about the connection besides where it leads.
	policy string
	// options are samlp's.
	options settings
	// refused is what the log says about a response that is not believed; empty for one that is.
	refused string
}

type settings map[string]any

const (
	aesGCM = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
	aesCBC = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"

	redirectBinding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	postBinding     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
)

// samlpServices are the ways in which npm's samlp can answer. The first is the positive control of the rest.
func samlpServices(stranger pair) []service {
	const required, gcm, response, both = "want_encrypted: required", "want_encrypted: gcm", "want_signed: response", "want_signed: both"
	bare, whole := settings{"signAssertion": false}, settings{"signResponse": true}
	sealed := settings{"encryptionAlgorithm": aesGCM}
	// The library itself refuses AES-CBC unless it is told not to.
	loose := settings{"encryptionAlgorithm": aesCBC, "disallowEncryptionWithInsecureAlgorithm": false}
	return []service{
		{"sha256", "", nil, ""},
		{"unsigned", "", bare, "Assertion is not signed"},
		{"unsigned-sealed", "", with(bare, sealed), "Assertion is not signed"},
		{"sha1", "", settings{"signatureAlgorithm": "rsa-sha1", "digestAlgorithm": "sha1"}, "#rsa-sha1"},
		{"sha1-digest", "", settings{"digestAlgorithm": "sha1"}, "digest method"},
		{"stranger", "", settings{"key": stranger.key, "cert": stranger.certificate}, "none of the identity provider's certificates"},
		{"other-audience", "", settings{"audience": "https://other.example"}, "it is for the audience"},
		{"other-recipient", "", settings{"recipient": "https://other.example/acs"}, "Recipient is"},
		{"other-destination", "", settings{"destination": "https://other.example/acs"}, "Destination is"},
		{"other-request", "", settings{"inResponseTo": "_0123456789abcdef"}, "answers the request"},

		{"response-signed", response, with(bare, whole), ""},
		{"response-alone", "", with(bare, whole), "Assertion is not signed"},
		{"assertion-alone", response, nil, "Response is not signed"},
		{"both-signed", both, whole, ""},
		{"both-wanted", both, nil, "Response is not signed"},

		{"gcm", gcm, sealed, ""},
		{"cbc", required, loose, ""},
		{"cbc-optional", "", loose, ""},
		{"cbc-not-gcm", gcm, loose, "is not authenticated"},
		{"plain", required, nil, "Assertion is not encrypted"},
		{"both-sealed", both + ", " + gcm, with(whole, sealed), ""},

		{"posted-request", "request_binding: post", nil, ""},

		{"logout-redirect", "logout: upstream", settings{"participant": settings{"binding": redirectBinding}}, ""},
		{"logout-post", "logout: upstream", settings{"participant": settings{"binding": postBinding}}, ""},
		{"logout-stranger", "logout: upstream", settings{
			"participant": settings{"binding": redirectBinding}, "logout": settings{"key": stranger.key, "cert": stranger.certificate},
		}, ""},
	}
}

func with(some, more settings) settings {
	all := maps.Clone(some)
	maps.Copy(all, more)
	return all
}

// samlpConnections are the connections to all of them, in YAML.
func samlpConnections(at socket, services []service) string {
	list := "connections:\n"
	for _, s := range services {
		place := fmt.Sprintf("%s/%s/FederationMetadata/2007-06/FederationMetadata.xml", at.origin, s.name)
		list += samlConnection(s.name, place, "{{ .NameID }}", s.policy)
	}
	return list
}

// TestSAMLP lets people log in through identity providers made of npm's samlp: believed is what the policy of
// the connection allows.
func TestSAMLP(t *testing.T) {
	needNode(t)
	at, services := takeSocket(t), samlpServices(newPair(t))
	p := run(t, samlClient()+samlpConnections(at, services))
	startSAMLP(t, p, at, services)
	im, someone := discover(t, p.Issuer), p.Users[0]
	for i, s := range services {
		t.Run(s.name, func(t *testing.T) {
			back, err := im.authorize(t, newPerson(t, someone), "openid email", s.name)
			if s.refused != "" {
				if err == nil || !strings.Contains(err.Error(), "400 Bad Request") {
					t.Fatalf("came back with %v, left with %v", back, err)
				}
				p.log.await(t, "path=/login/acme/"+s.name+"/saml/acs", s.refused)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := im.subject(t, im.redeem(t, back)); got != someone.UserID {
				t.Errorf("it is user %q, want %q", got, someone.UserID)
			}
		})
		if i == 0 && t.Failed() {
			t.Fatal("the positive control failed: what is refused would prove nothing")
		}
	}
	testSAMLPLogout(t, p, at)
	t.Run("connection test", func(t *testing.T) {
		p.examine(t, "sha256", warning+"the identity provider logs somebody in who has not been asked for a password")
		p.examine(t, "logout-redirect", warning+"the identity provider shows a page to log in at to anybody")
	})
}

// startSAMLP runs samlp.mjs until the test ends. Its services know the connections that lead to them.
func startSAMLP(t *testing.T, p patchbay, at socket, services []service) {
	t.Helper()
	all, own := map[string]settings{}, newPair(t)
	for _, s := range services {
		sp := p.serviceProvider(t, s.name)
		all[s.name] = settings{
			"recipient": sp.consumer(), "destination": sp.consumer(), // the library takes them from nowhere
			"signingCert": inPEM("CERTIFICATE", sp.certificate(t, "signing").Raw), // requests must be signed
		}
		maps.Copy(all[s.name], s.options)
		if participant, ok := s.options["participant"].(settings); ok {
			all[s.name]["participant"] = with(participant, settings{
				"serviceProviderId": sp.EntityID, "serviceProviderLogoutURL": sp.logout(t),
				"cert": inPEM("CERTIFICATE", sp.certificate(t, "signing").Raw), // logouts must be signed
			})
		}
		if s.options["encryptionAlgorithm"] != nil {
			certificate := sp.certificate(t, "encryption")
			public, err := x509.MarshalPKIXPublicKey(certificate.PublicKey)
			if err != nil {
				t.Fatal(err)
			}
			all[s.name]["encryptionCert"], all[s.name]["encryptionPublicKey"] = inPEM("CERTIFICATE", certificate.Raw), inPEM("PUBLIC KEY", public)
		}
	}
	login := p.Users[0].Login
	config, err := json.Marshal(map[string]any{
		"origin": at.origin, "cert": own.certificate, "key": own.key, "services": all,
		"person": map[string]any{
			"id": login, "displayName": login, "name": map[string]string{"givenName": "A", "familyName": "Person"},
			"emails": []map[string]string{{"value": login + "@acme.example"}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), needNode(t), "samlp.mjs", string(config)) //nolint:gosec // our own script
	command.ExtraFiles = []*os.File{at.file}
	if _, err := command.StdinPipe(); err != nil { // it ends when this pipe closes
		t.Fatal(err)
	}
	var ready struct{}
	start(t, command, &ready)
}
