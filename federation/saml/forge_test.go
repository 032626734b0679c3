package saml

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // what must be refused
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/patchbay-auth/patchbay/federation"
)

const (
	idpName  = "https://idp.example/metadata"
	mfa      = "https://refeds.org/profile/mfa"
	password = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
)

// A forgery is a response in the making: an honest one, until somebody tampers with it. Everything is built
// by code, so that each attack is one change to what would have been believed.
type forgery struct {
	t       testing.TB
	idp     Key // whose key signs
	own     Key // to whom it is encrypted
	now     time.Time
	request string

	response, assertion *etree.Element
	// signAssertion and signResponse say what is signed, in that order, after tampering.
	signAssertion, signResponse bool
	// encrypt is the algorithm of the data; empty leaves the assertion in the clear.
	encrypt string
	method  string // of signatures
}

func newForgery(t testing.TB, now time.Time, request string) *forgery {
	t.Helper()
	f := &forgery{
		t: t, idp: idpKey(t), own: testKey(t), now: now, request: request, signAssertion: true,
		method: dsig.RSASHA256SignatureMethod,
	}
	f.response, f.assertion = f.parse(fmt.Sprintf(responseXML, newID(), f.at(0), base+"/acs", request, idpName)), f.honest()
	return f
}

const responseXML = `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"` +
	` ID="%s" Version="2.0" IssueInstant="%s" Destination="%s" InResponseTo="%s"><saml:Issuer>%s</saml:Issuer>` +
	`<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status></samlp:Response>`

const assertionXML = `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="%[1]s" Version="2.0" IssueInstant="%[2]s">` +
	`<saml:Issuer>%[3]s</saml:Issuer><saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">%[4]s</saml:NameID>` +
	`<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData Recipient="%[5]s"` +
	` NotOnOrAfter="%[6]s" InResponseTo="%[7]s"/></saml:SubjectConfirmation></saml:Subject>` +
	`<saml:Conditions NotBefore="%[2]s" NotOnOrAfter="%[6]s"><saml:AudienceRestriction><saml:Audience>%[8]s</saml:Audience>` +
	`</saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="%[2]s" SessionIndex="s-1" SessionNotOnOrAfter="%[6]s">` +
	`<saml:AuthnContext><saml:AuthnContextClassRef>%[9]s</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>` +
	`<saml:AttributeStatement><saml:Attribute Name="department"><saml:AttributeValue>Support</saml:AttributeValue></saml:Attribute>` +
	`</saml:AttributeStatement></saml:Assertion>`

// honest is an assertion that would be believed.
func (f *forgery) honest() *etree.Element { return f.about("ana") }

func (f *forgery) about(who string) *etree.Element {
	return f.parse(fmt.Sprintf(assertionXML, newID(), f.at(0), idpName, who, base+"/acs", f.at(5*time.Minute), f.request, base+"/metadata", password))
}

func (f *forgery) at(d time.Duration) string { return f.now.Add(d).UTC().Format(time.RFC3339) }

func (f *forgery) parse(text string) *etree.Element {
	f.t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromString(text); err != nil {
		f.t.Fatal(err)
	}
	return doc.Root()
}

// find returns an element of the response or the assertion by its path below it.
func find(el *etree.Element, path string) *etree.Element {
	found := el.FindElement(path)
	if found == nil {
		panic("no " + path)
	}
	return found
}

var otherKeys = sync.OnceValues(func() ([]Key, error) {
	var keys []Key
	for _, name := range []string{"idp", "attacker"} {
		k, err := federation.NewKeyPair(name, time.Now())
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, nil
})

func otherKey(t testing.TB, i int) Key {
	t.Helper()
	keys, err := otherKeys()
	if err != nil {
		t.Fatal(err)
	}
	return keys[i]
}

func idpKey(t testing.TB) Key   { return otherKey(t, 0) }
func attacker(t testing.TB) Key { return otherKey(t, 1) }

// sign puts an enveloped signature into el, behind its Issuer.
func (f *forgery) sign(el *etree.Element) *etree.Element {
	f.t.Helper()
	ctx, err := dsig.NewSigningContext(f.idp.Private, [][]byte{f.idp.Certificate.Raw})
	if err != nil {
		f.t.Fatal(err)
	}
	ctx.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if err := ctx.SetSignatureMethod(f.method); err != nil {
		f.t.Fatal(err)
	}
	signature, err := ctx.ConstructSignature(el, true)
	if err != nil {
		f.t.Fatal(err)
	}
	el.InsertChildAt(1, signature)
	return signature
}

// seal signs what has to be signed and puts the assertion into the response.
func (f *forgery) seal() *forgery {
	f.t.Helper()
	if f.signAssertion {
		f.sign(f.assertion)
	}
	inner := f.assertion
	if f.encrypt != "" {
		inner = f.encrypted(f.assertion)
	}
	f.response.AddChild(inner)
	if f.signResponse {
		f.sign(f.response)
	}
	return f
}

// text is the response as it stands.
func (f *forgery) text() string {
	f.t.Helper()
	data, err := serialise(f.response)
	if err != nil {
		f.t.Fatal(err)
	}
	return string(data)
}

const (
	aesGCM  = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
	aesCBC  = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
	oaep1   = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"
	rsa15   = "http://www.w3.org/2001/04/xmlenc#rsa-1_5"
	tripleD = "http://www.w3.org/2001/04/xmlenc#tripledes-cbc"
)

// encrypted encrypts an element as IdPs do (XML Encryption 1.1).
func (f *forgery) encrypted(el *etree.Element) *etree.Element {
	f.t.Helper()
	plain, err := serialise(el)
	if err != nil {
		f.t.Fatal(err)
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		f.t.Fatal(err)
	}
	var ciphertext []byte
	if f.encrypt == aesGCM {
		aead, err := cipher.NewGCM(block)
		if err != nil {
			f.t.Fatal(err)
		}
		nonce := make([]byte, aead.NonceSize())
		_, _ = rand.Read(nonce)
		ciphertext = aead.Seal(nonce, nonce, plain, nil)
	} else {
		padding := aes.BlockSize - len(plain)%aes.BlockSize
		plain = append(plain, make([]byte, padding)...)
		plain[len(plain)-1] = byte(padding)
		ciphertext = make([]byte, aes.BlockSize+len(plain))
		_, _ = rand.Read(ciphertext[:aes.BlockSize])
		cipher.NewCBCEncrypter(block, ciphertext[:aes.BlockSize]).CryptBlocks(ciphertext[aes.BlockSize:], plain) //nolint:gosec // which was filled with random bytes
	}
	sealedKey, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, &f.own.Private.PublicKey, key, nil) //nolint:gosec // the default of XML Encryption
	if err != nil {
		f.t.Fatal(err)
	}
	return f.envelope(f.encrypt, oaep1, ciphertext, sealedKey)
}

func (f *forgery) envelope(algorithm, keyAlgorithm string, ciphertext, sealedKey []byte) *etree.Element {
	return f.parse(fmt.Sprintf(`<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">`+
		`<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Type="http://www.w3.org/2001/04/xmlenc#Element">`+
		`<xenc:EncryptionMethod Algorithm="%s"/><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><xenc:EncryptedKey>`+
		`<xenc:EncryptionMethod Algorithm="%s"/><xenc:CipherData><xenc:CipherValue>%s</xenc:CipherValue></xenc:CipherData>`+
		`</xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue>%s</xenc:CipherValue></xenc:CipherData>`+
		`</xenc:EncryptedData></saml:EncryptedAssertion>`,
		algorithm, keyAlgorithm, base64.StdEncoding.EncodeToString(sealedKey), base64.StdEncoding.EncodeToString(ciphertext)))
}

// resign replaces what a signature says about itself and signs that with the IdP's own key: the IdP has made
// it, and it is still not to be believed.
func (f *forgery) resign(signature *etree.Element, edit func(info *etree.Element)) {
	f.t.Helper()
	info := find(signature, "./SignedInfo")
	edit(info)
	canonical, err := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("").Canonicalize(detached(info))
	if err != nil {
		f.t.Fatal(err)
	}
	h := crypto.SHA256.New()
	h.Write(canonical)
	value, err := f.idp.Private.Sign(rand.Reader, h.Sum(nil), crypto.SHA256)
	if err != nil {
		f.t.Fatal(err)
	}
	find(signature, "./SignatureValue").SetText(base64.StdEncoding.EncodeToString(value))
}

// metadataOf is the metadata of an IdP with these certificates.
func metadataOf(entityID, extra string, keys ...Key) string {
	var descriptors strings.Builder
	for _, k := range keys {
		fmt.Fprintf(&descriptors, `<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>%s`+
			`</X509Certificate></X509Data></KeyInfo></KeyDescriptor>`, base64.StdEncoding.EncodeToString(k.Certificate.Raw))
	}
	return fmt.Sprintf(`<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="%s"%s>`+
		`<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">%s`+
		`<SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/slo" ResponseLocation="https://idp.example/slo/return"/>`+
		`<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/sso?x=1"/>`+
		`</IDPSSODescriptor></EntityDescriptor>`, entityID, extra, descriptors.String())
}

// A lab is an upstream whose IdP exists on paper only, and one login that is under way.
type lab struct {
	*SAML
	now     time.Time
	started federation.Started
	request string
}

func newLab(t testing.TB, cfg Config) *lab {
	t.Helper()
	l := &lab{now: time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)}
	cfg.Now = func() time.Time { return l.now }
	if len(cfg.Metadata) == 0 {
		cfg.Metadata = []byte(metadataOf(idpName, "", idpKey(t)))
	}
	l.SAML = open(t, cfg)
	l.begin(t, federation.StartRequest{MaxAge: -1})
	return l
}

// begin starts another login.
func (l *lab) begin(t testing.TB, r federation.StartRequest) {
	t.Helper()
	var err error
	if l.started, err = l.Start(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	idp, err := l.source.get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m, err := l.readMemo(l.started.Memo, idp)
	if err != nil {
		t.Fatal(err)
	}
	l.request = m.Request
}

// finish brings a response back, a second after the request.
func (l *lab) finish(t testing.TB, text string) error {
	t.Helper()
	_, err := l.Finish(t.Context(), federation.Response{Memo: l.started.Memo, Params: url.Values{
		"SAMLResponse": {base64.StdEncoding.EncodeToString([]byte(text))},
	}})
	return err
}
