package saml

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/federation"
)

// TestKeptMetadataIsOfItsAddress: when a connection is given another address, the identity provider at the
// former one is not believed any more, not even while the new one is down.
func TestKeptMetadataIsOfItsAddress(t *testing.T) {
	former, present := publish(t, metadataOf(idpName, "", attacker(t))), publish(t, metadataOf(idpName, "", idpKey(t)))
	store := newMemory(testKey(t))
	get := func(p *publisher) error {
		_, err := open(t, Config{MetadataURL: p.url, Store: store}).source.get(t.Context())
		return err
	}
	if err := get(former); err != nil {
		t.Fatal(err)
	}
	former.set("")
	present.set("")
	if err := get(former); err != nil {
		t.Fatal("positive control: the last good copy:", err)
	}
	if err := get(present); !errors.Is(err, federation.ErrUnreachable) {
		t.Errorf("another address: %v", err)
	}
	store.metadata = []byte(metadataOf(idpName, "", attacker(t)))
	if err := get(former); !errors.Is(err, federation.ErrUnreachable) {
		t.Errorf("a copy of no address: %v", err)
	}
}

// broken is a Store of which some methods fail.
type broken struct {
	Store
	keys, once, metadata bool
}

var errBroken = errors.New("state database is down")

func (b *broken) Keys(ctx context.Context) ([]Key, error) {
	if b.keys {
		return nil, errBroken
	}
	return b.Store.Keys(ctx)
}

func (b *broken) Once(ctx context.Context, message [sha256.Size]byte, until time.Time) error {
	if b.once {
		return errBroken
	}
	return b.Store.Once(ctx, message, until)
}

func (b *broken) Metadata(ctx context.Context) ([]byte, error) {
	if b.metadata {
		return nil, errBroken
	}
	return b.Store.Metadata(ctx)
}

// TestTroubleOfOursIsNoRefusal: the person may come again with the very same response.
func TestTroubleOfOursIsNoRefusal(t *testing.T) {
	store := &broken{Store: newMemory(testKey(t))}
	l := newLab(t, Config{Store: store, SignRequests: true})
	text := newForgery(t, l.now, l.request).seal().text()
	request := newForgery(t, l.now, l.request)
	raw := query(t, l.logoutRequest(request), "r", request.idp, true)
	for name, tc := range map[string]struct {
		broken broken
		try    func() error
	}{
		"keys, at the start": {broken{keys: true}, func() error { _, err := l.Start(t.Context(), federation.StartRequest{MaxAge: -1}); return err }},
		"keys":               {broken{keys: true}, func() error { return l.finish(t, text) }},
		"the replay cache":   {broken{once: true}, func() error { return l.finish(t, text) }},
		"keys, at the logout": {broken{keys: true}, func() error {
			_, _, err := l.SingleLogout(t.Context(), federation.LogoutMessage{Query: raw})
			return err
		}},
		"metadata": {broken{metadata: true}, func() error {
			_, err := open(t, Config{MetadataURL: "https://idp.invalid", Store: store}).Start(t.Context(), federation.StartRequest{MaxAge: -1})
			return err
		}},
	} {
		tc.broken.Store = store.Store
		*store = tc.broken
		if err := tc.try(); !errors.Is(err, federation.ErrOurs) || !errors.Is(err, errBroken) || errors.Is(err, federation.ErrUnreachable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	*store = broken{Store: store.Store}
	if err := l.finish(t, text); err != nil {
		t.Fatal("the same response, when all is well:", err)
	}
	if err := l.finish(t, text); !isReplay(err) || errors.Is(err, federation.ErrOurs) {
		t.Errorf("a replay: %v", err)
	}
	if err := l.finish(t, "<a/>"); err == nil || errors.Is(err, federation.ErrOurs) {
		t.Errorf("no response: %v", err)
	}
}

// TestAnUnknownKeyWhileTheMetadataIsDown says so, because the remedy is another one.
func TestAnUnknownKeyWhileTheMetadataIsDown(t *testing.T) {
	p := publish(t, metadataOf(idpName, "", attacker(t)))
	l := newLab(t, Config{Metadata: []byte(metadataOf(idpName, "", idpKey(t)))})
	l.SAML = open(t, Config{MetadataURL: p.url, Now: l.cfg.Now})
	l.begin(t, federation.StartRequest{MaxAge: -1})
	p.set("")
	err := l.finish(t, newForgery(t, l.now, l.request).seal().text())
	if !errors.Is(err, errSigner) || errors.Is(err, federation.ErrUnreachable) || !strings.Contains(err.Error(), "status 502") {
		t.Errorf("error is %v", err)
	}
}

// TestOldKeysDecryptForAWhile: an identity provider may not have the present certificate yet, and every key
// that is tried costs.
func TestOldKeysDecryptForAWhile(t *testing.T) {
	l := newLab(t, Config{})
	var keys []Key
	for age := range maxOpening {
		k := attacker(t)
		k.UseFrom = l.now.Add(-time.Duration(age) * time.Hour)
		keys = append(keys, k)
	}
	for _, tc := range []struct {
		name string
		own  time.Duration // how old the key is to which the assertion is encrypted
		want string
	}{
		{"one of the latest", 0, ""},
		{"an older one", 24 * time.Hour, errDecrypt.Error()},
	} {
		own := testKey(t)
		own.UseFrom = l.now.Add(-tc.own)
		l.SAML = open(t, Config{Metadata: []byte(metadataOf(idpName, "", idpKey(t))), Now: l.cfg.Now, Store: newMemory(append([]Key{own}, keys...)...)})
		l.begin(t, federation.StartRequest{MaxAge: -1})
		f := newForgery(t, l.now, l.request)
		f.encrypt = aesGCM
		if err := l.finish(t, f.seal().text()); tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.want)
		}
	}
}

// TestCertificatesThatCannotBeUsed are told about, while others can.
func TestCertificatesThatCannotBeUsed(t *testing.T) {
	signer := idpKey(t)
	huge := &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), maxRSABits, 1), E: 65537}
	der, err := x509.CreateCertificate(nil, signer.Certificate, signer.Certificate, huge, signer.Private)
	if err != nil {
		t.Fatal(err)
	}
	good := metadataOf(idpName, "", signer)
	if d, err := readMetadata([]byte(good), Config{}); err != nil || len(d.unusable) != 0 {
		t.Fatal("positive control:", err)
	}
	for _, tc := range []struct{ certificate, want string }{
		{base64.StdEncoding.EncodeToString(der), fmt.Sprintf("RSA key of %d bits", maxRSABits+1)},
		{"AAAA", "X509Certificate"},
		{"!", "not base64"},
	} {
		descriptor := `<KeyDescriptor><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>` + tc.certificate + `</X509Certificate></X509Data></KeyInfo></KeyDescriptor>`
		both := strings.Replace(good, "<KeyDescriptor", descriptor+"<KeyDescriptor", 1)
		findings := found(open(t, Config{Metadata: []byte(both)}).Examine(t.Context()), "certificate")
		told := false
		for _, f := range findings {
			told = told || f.Grade == federation.Warning && strings.Contains(f.Message, tc.want)
		}
		if !told {
			t.Errorf("%s: %+v", tc.certificate, findings)
		}
	}
}

// TestALogoutWithoutAnAddressForTheAnswer ends the sessions all the same.
func TestALogoutWithoutAnAddressForTheAnswer(t *testing.T) {
	silent := strings.Replace(metadataOf(idpName, "", idpKey(t)), "SingleLogoutService ", "Other ", 1)
	l := newLab(t, Config{Metadata: []byte(silent)})
	f := newForgery(t, l.now, l.request)
	notice, answer, err := l.SingleLogout(t.Context(), federation.LogoutMessage{Query: query(t, l.logoutRequest(f), "r", f.idp, true)})
	if err != nil || notice.Subject != "ana" || answer.URL != "" {
		t.Errorf("%+v, %+v, %v", notice, answer, err)
	}
}

// TestWhoIsAskedToLogInAnewMustHave: an identity provider that ignores ForceAuthn is not believed.
func TestWhoIsAskedToLogInAnewMustHave(t *testing.T) {
	for _, tc := range []struct {
		name, prompt string
		age          time.Duration
		want         string
	}{
		{"positive control", "login", 0, ""},
		{"by the session there, and nothing was demanded", "", time.Hour, ""},
		{"by the session there", "login", time.Hour, "ForceAuthn"},
	} {
		l := newLab(t, Config{})
		l.begin(t, federation.StartRequest{MaxAge: -1, Prompt: tc.prompt})
		f := newForgery(t, l.now, l.request)
		find(f.assertion, "./AuthnStatement").CreateAttr("AuthnInstant", f.at(-tc.age))
		if err := l.finish(t, f.seal().text()); tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.want)
		}
	}
}

// TestANamedAttributeIsTheOnlySource of its claim.
func TestANamedAttributeIsTheOnlySource(t *testing.T) {
	for _, tc := range []struct{ from, want string }{{"department", "Support"}, {"http://other.example/department", ""}} {
		l := newLab(t, Config{ExternalIDClaim: "unit", Attributes: map[string]string{"unit": tc.from}})
		f := newForgery(t, l.now, l.request)
		own := f.parse(`<saml:Attribute xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" Name="unit"><saml:AttributeValue>Board</saml:AttributeValue></saml:Attribute>`)
		find(f.assertion, "./AttributeStatement").AddChild(own)
		who, err := l.Finish(t.Context(), federation.Response{Memo: l.started.Memo, Params: url.Values{
			"SAMLResponse": {base64.StdEncoding.EncodeToString([]byte(f.seal().text()))},
		}})
		if err != nil || who.ExternalID != tc.want {
			t.Errorf("unit from %s: %q, %v", tc.from, who.ExternalID, err)
		}
	}
}
