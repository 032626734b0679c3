package server

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/federation/idptest"
)

// TestWhatKeepsPeopleFromLoggingInIsTold: also while the last good copy of the metadata hides it.
func TestWhatKeepsPeopleFromLoggingInIsTold(t *testing.T) {
	idp, err := idptest.StartSAML(idptest.SAMLConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = idp.Close() })
	n := newNodes(t, idp.MetadataURL())
	certificate := idp.Certificate()
	copied := func(until time.Duration) registry.SAML {
		return registry.SAML{Metadata: `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example" validUntil="` +
			n.now.Add(until).UTC().Format(time.RFC3339) + `"><IDPSSODescriptor><KeyDescriptor><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#">` +
			`<X509Data><X509Certificate>` + certificate + `</X509Certificate></X509Data></KeyInfo></KeyDescriptor>` +
			`<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/sso"/>` +
			`</IDPSSODescriptor></EntityDescriptor>`}
	}
	published := registry.SAML{MetadataURL: idp.MetadataURL(), AllowPrivateNetwork: true}
	const unread, ends, copyEnds = "cannot be read", "signing certificate of a SAML identity provider ends", "the copy of a SAML"
	for _, tc := range []struct {
		name    string
		saml    registry.SAML
		down    bool
		after   time.Duration
		want    string // in the log; empty is silence
		unknown bool   // whether nothing is known of its certificate
	}{
		{"never fetched", published, true, 0, unread, true},
		{"positive control", published, false, 0, "", false},
		{"fetched before, and down now", published, true, 0, unread, false},
		{"its certificate ends", copied(200 * 24 * time.Hour), false, 70 * 24 * time.Hour, ends, false},
		{"a good copy", copied(60 * 24 * time.Hour), false, 0, "", false},
		{"a copy that ends", copied(20 * 24 * time.Hour), false, 0, copyEnds, false},
		{"a copy that has ended", copied(-time.Hour), false, 0, copyEnds, false},
	} {
		var log bytes.Buffer
		s := &Server{State: n.open(), base: "http://127.0.0.1:9", log: slog.New(slog.NewTextHandler(&log, nil))}
		s.now = func() time.Time { return n.now.Add(tc.after) }
		idp.Down(tc.down)
		c := &registry.Connection{Account: "acme", ID: "adfs", SAML: &tc.saml}
		known := s.lookAt(t.Context(), c)
		if said := log.String(); tc.want == "" && said != "" || !strings.Contains(said, tc.want) || strings.Count(said, "\n") > 1 {
			t.Errorf("%s: %s", tc.name, said)
		}
		if known.Certificate.IsZero() != tc.unknown {
			t.Errorf("%s: the certificate ends at %s", tc.name, known.Certificate)
		}
	}
}

// TestConnectionsAreLookedAtInTurn: one that was added at the next round, the others twice a day.
func TestConnectionsAreLookedAtInTurn(t *testing.T) {
	idp, err := idptest.StartSAML(idptest.SAMLConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = idp.Close() })
	n := newNodes(t, idp.MetadataURL())
	var log bytes.Buffer
	s := &Server{State: n.open(), base: "http://127.0.0.1:9", log: slog.New(slog.NewTextHandler(&log, nil))}
	adfs, looked := registry.ConnectionKey{Account: "acme", ID: "adfs"}, map[registry.ConnectionKey]time.Time{}
	for _, round := range []struct {
		name  string
		after time.Duration
		down  bool
		told  bool
	}{
		{"added", 0, false, false},
		{"a minute later", time.Minute, true, false},
		{"half a day later", certificatesEvery, true, true},
		{"and not again", certificatesEvery + time.Minute, true, false},
	} {
		log.Reset()
		idp.Down(round.down)
		s.now = func() time.Time { return n.now.Add(round.after) }
		s.lookAtCertificates(t.Context(), looked)
		if s.certificates.get()[adfs].IsZero() {
			t.Errorf("%s: nothing is known of its certificate", round.name)
		}
		if told := strings.Contains(log.String(), "cannot be read"); told != round.told {
			t.Errorf("%s: told is %v: %s", round.name, told, log.String())
		}
	}
}
