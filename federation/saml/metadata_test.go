package saml

import (
	"context"
	"encoding/xml"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crewjam/saml"

	"github.com/patchbay-auth/patchbay/federation"
)

func TestIdPMetadata(t *testing.T) {
	one := metadataOf(idpName, "", idpKey(t))
	aggregate := func(documents ...string) string {
		return `<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" validUntil="2030-01-01T00:00:00Z"><!-- ours -->` +
			strings.Join(documents, "") + `</EntitiesDescriptor>`
	}
	other := metadataOf("https://other.example", "", attacker(t))
	service := `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://sp.example"><SPSSODescriptor/></EntityDescriptor>`
	// AD FS describes itself as three things more, of other protocols too, and signs the whole.
	withRoles := strings.Replace(one, "<IDPSSODescriptor", `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo/></ds:Signature>`+
		`<RoleDescriptor xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:fed="http://docs.oasis-open.org/wsfed/federation/200706" `+
		`xsi:type="fed:SecurityTokenServiceType" protocolSupportEnumeration="http://docs.oasis-open.org/ws-sx/ws-trust/200512">`+
		`<fed:TokenTypesOffered><fed:TokenType Uri="urn:oasis:names:tc:SAML:2.0:assertion"/></fed:TokenTypesOffered></RoleDescriptor>`+
		`<SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"/><IDPSSODescriptor`, 1)
	for _, tc := range []struct {
		name, document, entityID string
		want                     string // in the error; empty is none
	}{
		{"positive control", one, "", ""},
		{"a named entity", one, idpName, ""},
		{"the other roles of AD FS", withRoles, "", ""},
		{"another entity", one, "https://other.example", "lacks the identity provider"},
		{"several IdPs in an aggregate", aggregate(one, other), "", "entity_id has to name one"},
		{"several IdPs in an aggregate, one named", aggregate(other, aggregate(one)), idpName, ""},
		{"one IdP among services", aggregate(service, one), "", ""},
		{"none of them", aggregate(service, other), idpName, "among many"},
		{"a service provider's", service, "", "lacks the identity provider"},
		{"two certificates", metadataOf(idpName, "", idpKey(t), attacker(t)), "", ""},
		{"no certificate", metadataOf(idpName, ""), "", "no usable signing certificate"},
		{"a certificate that is none", strings.Replace(one, "<X509Certificate>", "<X509Certificate>AAAA", 1), "", "no usable signing certificate"},
		{"for encryption only", strings.Replace(one, `use="signing"`, `use="encryption"`, 1), "", "no usable signing certificate"},
		{"plain http", strings.Replace(one, "https://idp.example/sso", "http://idp.example/sso", 1), "", "not https"},
		{"link-local", strings.Replace(one, "https://idp.example/sso", "https://169.254.169.254/sso", 1), "", "not a public one"},
		{"javascript", strings.Replace(one, "https://idp.example/sso", "javascript:alert(1)//", 1), "", "SingleSignOnService"},
		{"no SingleSignOnService", strings.Replace(one, "SingleSignOnService ", "Other ", 1), "", "names no SingleSignOnService"},
		{"two roles", strings.Replace(one, "</EntityDescriptor>", "<IDPSSODescriptor/></EntityDescriptor>", 1), "", "2 IDPSSODescriptor"},
		{"a time that is none", metadataOf(idpName, ` validUntil="soon"`, idpKey(t)), "", "is not a time"},
		{"DOCTYPE", "<!DOCTYPE x>" + one, "", "document type"},
		{"HTML", "<html><body>Sign in</body></html>", "", "not metadata"},
		{"nothing", "", "", "exactly one of"},
	} {
		err := Check(Config{Connection: "adfs", Metadata: []byte(tc.document), EntityID: tc.entityID})
		switch {
		case tc.want == "" && err != nil:
			t.Errorf("%s: %v", tc.name, err)
		case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
			t.Errorf("%s: %v, want %q", tc.name, err, tc.want)
		}
	}
}

func TestConfigFaultsAllAtOnce(t *testing.T) {
	_, err := Open(Config{
		NameIDFormat: FormatTransient, WantSigned: "x", WantEncrypted: "x", RequestBinding: BindingArtifact, ResponseBinding: BindingRedirect,
		Attributes: map[string]string{NameID: "mail"}, ClockSkew: time.Hour, MaxAge: -1, Timeout: -1,
	})
	for _, key := range []string{
		"id:", "base:", "store:", "metadata_url:", "name_id_format:", "want_signed:", "want_encrypted:", "request_binding:",
		"response_binding:", "attributes:", "clock_skew:", "max_age:", "timeout:",
	} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("no fault of %s in %v", key, err)
		}
	}
	if err := Check(Config{Connection: "adfs", MetadataURL: "http://idp.example/metadata"}); err == nil || !strings.Contains(err.Error(), "metadata_url") {
		t.Errorf("plain http: %v", err)
	}
}

// A publisher is an IdP that publishes whatever it is told.
type publisher struct {
	url   string
	text  atomic.Pointer[string]
	asked atomic.Int64
}

func publish(t *testing.T, text string) *publisher {
	t.Helper()
	p := new(publisher)
	p.text.Store(&text)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		p.asked.Add(1)
		if text := *p.text.Load(); text != "" {
			_, _ = w.Write([]byte(text))
			return
		}
		w.WriteHeader(http.StatusBadGateway)
	}))
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

func (p *publisher) set(text string) { p.text.Store(&text) }

func TestMetadataIsKeptWhileItIsValid(t *testing.T) {
	now := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	until := now.Add(48 * time.Hour).Format(time.RFC3339)
	p := publish(t, metadataOf(idpName, ` validUntil="`+until+`"`, idpKey(t)))
	store := newMemory(testKey(t))
	clock := atomic.Pointer[time.Time]{}
	clock.Store(&now)
	cfg := Config{MetadataURL: p.url, Store: store, Now: func() time.Time { return *clock.Load() }}
	s := open(t, cfg)
	get := func(s *SAML) error { _, err := s.source.get(context.WithoutCancel(t.Context())); return err }
	move := func(d time.Duration) { next := now.Add(d); clock.Store(&next) }
	for range 3 {
		if err := get(s); err != nil {
			t.Fatal("positive control:", err)
		}
	}
	if n := p.asked.Load(); n != 1 {
		t.Errorf("asked %d times, want once", n)
	}
	p.set("")
	move(24 * time.Hour)
	if err := get(s); err != nil {
		t.Errorf("the IdP is down: %v", err)
	}
	if err := get(open(t, cfg)); err != nil {
		t.Errorf("the IdP is down when we start: %v", err)
	}
	move(49 * time.Hour)
	for name, s := range map[string]*SAML{"known": s, "kept": open(t, cfg)} {
		if err := get(s); !errors.Is(err, federation.ErrUnreachable) || !strings.Contains(err.Error(), "valid until") {
			t.Errorf("metadata validUntil past, %s: %v", name, err)
		}
	}
	p.set(metadataOf(idpName, "", idpKey(t)))
	move(50 * time.Hour)
	if err := get(s); err != nil {
		t.Errorf("renewed: %v", err)
	}
	p.set(metadataOf(idpName, ` validUntil="2020-01-01T00:00:00Z"`, idpKey(t)))
	if err := get(open(t, Config{MetadataURL: p.url})); !errors.Is(err, federation.ErrUnreachable) {
		t.Errorf("published too late: %v", err)
	}
}

func TestMetadataIsNotAskedForInAStorm(t *testing.T) {
	p := publish(t, metadataOf(idpName, "", attacker(t))) // so that no signature verifies
	l := newLab(t, Config{Metadata: []byte(metadataOf(idpName, "", idpKey(t)))})
	s := open(t, Config{MetadataURL: p.url, Now: l.cfg.Now})
	l.SAML = s
	l.begin(t, federation.StartRequest{MaxAge: -1})
	for range 50 {
		if err := l.finish(t, newForgery(t, l.now, l.request).seal().text()); !errors.Is(err, errSigner) {
			t.Fatalf("error is %v", err)
		}
	}
	if n := p.asked.Load(); n > fetchBurst {
		t.Errorf("asked %d times, want at most %d", n, fetchBurst)
	}
}

func TestHugeMetadataIsCutOff(t *testing.T) {
	p := publish(t, "<a>"+strings.Repeat("<b/>", maxMetadata/4)+"</a>")
	if _, err := open(t, Config{MetadataURL: p.url}).source.get(t.Context()); !errors.Is(err, federation.ErrUnreachable) || !strings.Contains(err.Error(), "larger") {
		t.Errorf("error is %v", err)
	}
}

// TestKeyRollover: the next certificate is announced before it is used, and the old one decrypts after.
func TestKeyRollover(t *testing.T) {
	l := newLab(t, Config{SignRequests: true})
	old, next := testKey(t), attacker(t)
	old.UseFrom, next.UseFrom = l.now.Add(-time.Hour), l.now.Add(time.Hour)
	l.SAML = open(t, Config{Metadata: []byte(metadataOf(idpName, "", idpKey(t))), Now: l.cfg.Now, Store: newMemory(old, next), SignRequests: true})
	certificates := func() (signing, encryption int) {
		document, err := l.ServiceMetadata(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var d saml.EntityDescriptor
		if err := xml.Unmarshal(document, &d); err != nil || d.EntityID != base+"/metadata" {
			t.Fatalf("%v: %s", err, document)
		}
		for _, k := range d.SPSSODescriptors[0].KeyDescriptors {
			if k.Use == "signing" {
				signing++
			} else {
				encryption++
			}
		}
		return signing, encryption
	}
	login := func(own Key) {
		t.Helper()
		l.begin(t, federation.StartRequest{MaxAge: -1})
		f := newForgery(t, l.now, l.request)
		f.own, f.encrypt = own, aesGCM
		if err := l.finish(t, f.seal().text()); err != nil {
			t.Errorf("encrypted to %s: %v", own.Certificate.Subject, err)
		}
	}
	signer := func() Key {
		keys, err := l.cfg.Store.Keys(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		k, err := federation.Signing(keys, l.now)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	if s, e := certificates(); s != 2 || e != 2 || signer().Private != old.Private {
		t.Errorf("announced: %d certificates to sign, %d to encrypt", s, e)
	}
	login(old)
	login(next)
	l.now = l.now.Add(2 * time.Hour)
	if s, e := certificates(); s != 1 || e != 1 || signer().Private != next.Private {
		t.Errorf("in use: %d certificates to sign, %d to encrypt", s, e)
	}
	login(old)
	login(next)
}

// TestMetadataNamesTheUnaskedAddress where it is one to post to, and never as the default.
func TestMetadataNamesTheUnaskedAddress(t *testing.T) {
	for _, allowed := range []bool{true, false} {
		document, err := open(t, Config{Metadata: []byte(metadataOf(idpName, "", idpKey(t))), IDPInitiated: allowed}).ServiceMetadata(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var d saml.EntityDescriptor
		if err := xml.Unmarshal(document, &d); err != nil {
			t.Fatal(err)
		}
		named := 0
		for i, acs := range d.SPSSODescriptors[0].AssertionConsumerServices {
			if acs.Index != i || (acs.IsDefault != nil && *acs.IsDefault) != (acs.Location == base+"/acs" && i == 0) {
				t.Errorf("consumer %d is %+v", i, acs)
			}
			if acs.Location == base+"/acs/idp" && acs.Binding == bindingPOST {
				named++
			}
		}
		if (named == 1) != allowed {
			t.Errorf("with IDPInitiated %v it is named %d times:\n%s", allowed, named, document)
		}
	}
}
