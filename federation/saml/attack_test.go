// What a SAML IdP, or whoever plays one, must not get away with, and where each line is tested. The fixtures
// are made by code, in forge_test.go.
//
//	signature wrapping, 1 to 8                TestSignatureWrapping; of logouts TestAPostedLogoutRequestIsSigned
//	signatures and their keys                 TestSignatures
//	  unsigned, another's key, HMAC, SHA-1, XSLT, several References, ds:Object, two signatures
//	comments, PIs, DOCTYPE, two roots         TestMarkup
//	ids, prefixes, encodings, line breaks     TestConfusion, TestOneTextInManyForms, TestBase64
//	encryption                                TestEncryption, TestOldKeysDecryptForAWhile
//	  unsigned, altered, malformed, RSA 1.5, 3DES, many keys
//	size, depth, namespaces, deflate bombs    TestMarkup, TestCostlyMarkup, TestADeflateBomb
//	audience, times, Destination, Recipient   TestWhatAnIdPSignsMayStillBeWrong
//	  InResponseTo, confirmation, NameID, Issuer, status, version, contexts
//	replay, another browser's request         TestAResponseIsForOneBrowserOnce, TestAResponseIsGoodOnce
//	another connection or tenant              TestAResponseIsForOneConnection
//	parameters of the callback, relay state   TestParametersOfTheCallback, TestALogoutRequestIsSigned
//	logins begun at the IdP                   TestALoginThatNobodyAskedFor
//	ForceAuthn ignored                        TestWhoIsAskedToLogInAnewMustHave
//	LogoutRequests                            TestALogoutRequestIsSigned, TestAPostedLogoutRequestIsSigned
//	metadata: several IdPs, addresses, ends   TestIdPMetadata, TestMetadataIsKeptWhileItIsValid
//	metadata of another address, a storm      TestKeptMetadataIsOfItsAddress, TestMetadataIsNotAskedForInAStorm
//	certificates removed                      TestARemovedCertificateStopsWorking
//	certificates that end or cannot be used   TestExamine, TestCertificatesThatCannotBeUsed
//	an artifact of another IdP                TestArtifacts
//	what the connection allows all the same   TestWhatAConnectionAllows
//
// In broker:
//
//	login CSRF, another connection or tenant  TestCallbacksThatBelongElsewhere, TestWhatIsNotKept
//	logins begun at the IdP, not allowed      TestALoginThatBeginsAtTheIdP
//	LogoutRequest replayed                    TestSingleLogout
//
// In cmd/patchbay/internal/server:
//
//	replayed at another node, or after a restart  TestNodesOfOneDatabaseAreOneServiceProvider
//	certificates, copies and metadata that end    TestWhatKeepsPeopleFromLoggingInIsTold, TestCertificatesThatEndAreTold

package saml

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// An attack is one change to a response that would have been believed.
type attack struct {
	name string
	cfg  Config
	// tamper changes the response before it is signed; after changes it when it has been sealed.
	tamper, after func(f *forgery)
	// text makes the message itself, where it is not XML that a tree can hold.
	text func(f *forgery) string
	// want is in the error, so that an attack is not refused for another's reason.
	want string
}

// maxCost is what an attack may cost before it is refused.
const maxCost = 50 * time.Millisecond

// refuse runs a table of attacks, the first of which is not one.
func refuse(t *testing.T, control Config, attacks []attack) {
	t.Helper()
	l := newLab(t, control)
	if err := l.finish(t, newForgery(t, l.now, l.request).seal().text()); err != nil {
		t.Fatal("positive control:", err)
	}
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			l := newLab(t, a.cfg)
			f := newForgery(t, l.now, l.request)
			if a.tamper != nil {
				a.tamper(f)
			}
			var text string
			if a.text != nil {
				text = a.text(f)
			} else {
				f.seal()
				if a.after != nil {
					a.after(f)
				}
				text = f.text()
			}
			fastest := time.Hour
			for try := 0; try < 3 || try < 20 && fastest > slower*maxCost; try++ { // others share the processor
				began := time.Now()
				err := l.finish(t, text)
				fastest = min(fastest, time.Since(began))
				if err == nil || !strings.Contains(err.Error(), a.want) {
					t.Fatalf("error is %v, want %q", err, a.want)
				}
				if strings.Contains(err.Error(), "could not be read") {
					t.Fatalf("it panicked: %v", err)
				}
			}
			if fastest > slower*maxCost {
				t.Errorf("refusing it took %s", fastest)
			}
		})
	}
}

// wrapped are the eight shapes of XML signature wrapping (Somorovsky et al., "On Breaking SAML", 2012):
// what is verified is moved to where it is not looked for, and something else put in its place.
func TestSignatureWrapping(t *testing.T) {
	response := Config{WantSigned: SignedResponse}
	signResponse := func(f *forgery) { f.signAssertion, f.signResponse = false, true }
	signature := func(el *etree.Element) *etree.Element { return find(el, "./Signature") }
	refuse(t, Config{}, []attack{
		{name: "XSW 1", cfg: response, tamper: signResponse, want: "is there twice", after: func(f *forgery) {
			original := f.response
			evil := original.Copy()
			find(evil, "./Assertion/Subject/NameID").SetText("admin")
			original.RemoveChild(signature(original))
			signature(evil).AddChild(original)
			f.response = evil
		}},
		{name: "XSW 1, another ID", cfg: response, tamper: signResponse, want: "a Response inside", after: func(f *forgery) {
			original := f.response
			evil := f.parse(f.text())
			evil.CreateAttr("ID", "_evil")
			evil.RemoveChild(find(evil, "./Assertion"))
			evil.AddChild(f.about("admin"))
			original.RemoveChild(signature(original))
			signature(evil).AddChild(original)
			f.response = evil
		}},
		{name: "XSW 2", cfg: response, tamper: signResponse, want: "a Response inside", after: func(f *forgery) {
			original := f.response
			evil := f.parse(f.text())
			evil.CreateAttr("ID", "_evil")
			evil.RemoveChild(find(evil, "./Assertion"))
			evil.AddChild(f.about("admin"))
			original.RemoveChild(signature(original))
			evil.InsertChildAt(signature(evil).Index(), original)
			f.response = evil
		}},
		{name: "XSW 3", want: "Response has 2 Assertion", after: func(f *forgery) {
			f.response.InsertChildAt(find(f.response, "./Assertion").Index(), f.about("admin"))
		}},
		{name: "XSW 4", want: "Assertion inside Assertion", after: func(f *forgery) {
			original := find(f.response, "./Assertion")
			evil := f.about("admin")
			evil.AddChild(original)
			f.response.AddChild(evil)
		}},
		{name: "XSW 5", want: "is there twice", after: func(f *forgery) {
			original := find(f.response, "./Assertion")
			evil := original.Copy()
			find(evil, "./Subject/NameID").SetText("admin")
			original.RemoveChild(signature(original))
			f.response.InsertChildAt(original.Index(), evil)
		}},
		{name: "XSW 5, another ID", want: "Response has 2 Assertion", after: func(f *forgery) {
			original := find(f.response, "./Assertion")
			evil := original.Copy()
			evil.CreateAttr("ID", "_evil")
			find(evil, "./Subject/NameID").SetText("admin")
			original.RemoveChild(signature(original))
			f.response.InsertChildAt(original.Index(), evil)
		}},
		{name: "XSW 6", want: "Assertion inside Signature", after: func(f *forgery) {
			original := find(f.response, "./Assertion")
			evil := original.Copy()
			evil.CreateAttr("ID", "_evil")
			find(evil, "./Subject/NameID").SetText("admin")
			original.RemoveChild(signature(original))
			signature(evil).AddChild(original)
			f.response.AddChild(evil)
		}},
		{name: "XSW 7", want: "Assertion inside Extensions", after: func(f *forgery) {
			extensions := etree.NewElement("samlp:Extensions")
			extensions.AddChild(f.about("admin"))
			f.response.InsertChildAt(1, extensions)
		}},
		{name: "XSW 8", want: "Assertion inside Object", after: func(f *forgery) {
			original := find(f.response, "./Assertion")
			evil := original.Copy()
			evil.CreateAttr("ID", "_evil")
			find(evil, "./Subject/NameID").SetText("admin")
			original.RemoveChild(signature(original))
			signature(evil).CreateElement("ds:Object").AddChild(original)
			f.response.AddChild(evil)
		}},
		{name: "two assertions, both signed", want: "Response has 2 Assertion", after: func(f *forgery) {
			second := f.about("admin")
			f.sign(second)
			f.response.AddChild(second)
		}},
		{name: "an assertion and an encrypted one", want: "not exactly one assertion", after: func(f *forgery) {
			f.encrypt = aesGCM
			f.response.AddChild(f.encrypted(f.about("admin")))
		}},
	})
}

func TestSignatures(t *testing.T) {
	signature := func(f *forgery) *etree.Element { return find(f.response, "./Assertion/Signature") }
	refuse(t, Config{}, []attack{
		{name: "tampered text", want: "it was altered", after: func(f *forgery) { find(f.response, "./Assertion/Subject/NameID").SetText("admin") }},
		{name: "tampered attribute", want: "it was altered", after: func(f *forgery) { find(f.response, "./Assertion").CreateAttr("IssueInstant", f.at(time.Second)) }},
		{name: "unsigned", want: "is not signed", tamper: func(f *forgery) { f.signAssertion = false }},
		{name: "encrypted but unsigned", want: "is not signed", tamper: func(f *forgery) { f.signAssertion, f.encrypt = false, aesGCM }},
		{
			name: "unsigned assertion in a signed response", want: "Assertion is not signed",
			tamper: func(f *forgery) { f.signAssertion, f.signResponse = false, true },
		},
		{name: "bad response signature with good assertion", want: "it was altered", tamper: func(f *forgery) { f.signResponse = true }, after: func(f *forgery) {
			f.response.CreateAttr("Consent", "urn:x")
		}},
		{name: "unsigned response where that is wanted", cfg: Config{WantSigned: SignedResponse}, want: "Response is not signed"},
		{name: "unsigned response where both are wanted", cfg: Config{WantSigned: SignedBoth}, want: "Response is not signed"},
		{name: "attacker's key with own certificate", want: errSigner.Error(), tamper: func(f *forgery) { f.idp = attacker(f.t) }},
		{name: "attacker's key with the IdP's certificate", want: errSigner.Error(), tamper: func(f *forgery) {
			evil := attacker(f.t)
			evil.Certificate = f.idp.Certificate
			f.idp = evil
		}},
		{name: "attacker's key without KeyInfo", want: errSigner.Error(), tamper: func(f *forgery) { f.idp = attacker(f.t) }, after: func(f *forgery) {
			signature(f).RemoveChild(find(signature(f), "./KeyInfo"))
		}},
		{name: "HMAC with the certificate", want: "is not believed", after: func(f *forgery) {
			find(signature(f), "./SignedInfo/SignatureMethod").CreateAttr("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")
		}},
		{name: "RSA-SHA1", want: "is not believed", tamper: func(f *forgery) { f.method = dsig.RSASHA1SignatureMethod }},
		{name: "SHA-1 digest", want: "is not believed", after: func(f *forgery) {
			f.resign(signature(f), func(info *etree.Element) {
				find(info, "./Reference/DigestMethod").CreateAttr("Algorithm", "http://www.w3.org/2000/09/xmldsig#sha1")
			})
		}},
		{name: "no signature method", want: "is not believed", after: func(f *forgery) {
			find(signature(f), "./SignedInfo/SignatureMethod").CreateAttr("Algorithm", "")
		}},
		{name: "XSLT", want: "transform", after: func(f *forgery) {
			f.resign(signature(f), func(info *etree.Element) {
				find(info, "./Reference/Transforms").CreateElement("ds:Transform").CreateAttr("Algorithm", "http://www.w3.org/TR/1999/REC-xslt-19991116")
			})
		}},
		{name: "XPath in place of the enveloped signature", want: "transform", after: func(f *forgery) {
			f.resign(signature(f), func(info *etree.Element) {
				find(info, "./Reference/Transforms/Transform").CreateAttr("Algorithm", "http://www.w3.org/TR/1999/REC-xpath-19991116")
			})
		}},
		{name: "inclusive canonicalisation", want: "not the exclusive one", after: func(f *forgery) {
			find(signature(f), "./SignedInfo/CanonicalizationMethod").CreateAttr("Algorithm", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315")
		}},
		{name: "two signatures", want: "2 Signature", after: func(f *forgery) {
			find(f.response, "./Assertion").InsertChildAt(1, signature(f).Copy())
		}},
		{name: "two signatures, the other in the subject", want: "a signature inside Subject", after: func(f *forgery) {
			find(f.response, "./Assertion/Subject").AddChild(signature(f).Copy())
		}},
		{name: "several References", want: "2 Reference", after: func(f *forgery) {
			f.resign(signature(f), func(info *etree.Element) { info.AddChild(find(info, "./Reference").Copy()) })
		}},
		{name: "no Reference", want: "no Reference", after: func(f *forgery) {
			f.resign(signature(f), func(info *etree.Element) { info.RemoveChild(find(info, "./Reference")) })
		}},
		{name: "a Reference to the response", want: "not to its own element", after: func(f *forgery) {
			f.resign(signature(f), func(info *etree.Element) {
				id, _ := attribute(f.response, "ID")
				find(info, "./Reference").CreateAttr("URI", "#"+id)
			})
		}},
		{name: "an empty Reference", want: "not to its own element", after: func(f *forgery) {
			f.resign(signature(f), func(info *etree.Element) { find(info, "./Reference").CreateAttr("URI", "") })
		}},
		{name: "junk in ds:Object", want: "unexpected child", after: func(f *forgery) { signature(f).CreateElement("ds:Object").SetText("junk") }},
		{name: "signature value that is not base64", want: "not base64", after: func(f *forgery) { find(signature(f), "./SignatureValue").SetText("!") }},
		{name: "empty signature value", want: "is empty", after: func(f *forgery) { find(signature(f), "./SignatureValue").SetText("") }},
		{name: "no SignedInfo", want: "no SignedInfo", after: func(f *forgery) { signature(f).RemoveChild(find(signature(f), "./SignedInfo")) }},
	})
}

func TestMarkup(t *testing.T) {
	in := func(old, evil string) func(f *forgery) string {
		return func(f *forgery) string {
			text := f.seal().text()
			if !strings.Contains(text, old) {
				f.t.Fatalf("no %q in the response", old)
			}
			return strings.Replace(text, old, evil, 1)
		}
	}
	constant := func(text string) func(*forgery) string { return func(*forgery) string { return text } }
	refuse(t, Config{}, []attack{
		{name: "comment in NameID", want: "a comment", text: in(">ana<", ">a<!-- x -->na<")},
		{name: "comment that the canonical form leaves out", want: "a comment", text: func(f *forgery) string {
			find(f.assertion, "./Subject/NameID").SetText("ana@acme.example.evil.example")
			return strings.Replace(f.seal().text(), "acme.example.evil", "acme.example<!---->.evil", 1)
		}},
		{name: "PI in NameID", want: "a processing instruction", text: in(">ana<", ">a<?x y?>na<")},
		{name: "an XML declaration in NameID", want: "xml", text: in(">ana<", `>a<?xml version="1.0"?>na<`)},
		{name: "an element in NameID", want: "it was altered", text: in(">ana<", ">a<x/>na<")},
		{name: "CDATA in NameID", want: "it was altered", text: in(">ana<", "><![CDATA[admin]]><")},
		{name: "DOCTYPE with entities", want: "a document type", text: func(f *forgery) string {
			return `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>` + f.seal().text()
		}},
		{name: "DOCTYPE without entities", want: "a document type", text: func(f *forgery) string { return "<!DOCTYPE x>" + f.seal().text() }},
		{name: "an undeclared entity", want: "xml", text: in(">ana<", ">&e;<")},
		{name: "another encoding", want: "xml", text: func(f *forgery) string { return `<?xml version="1.0" encoding="UTF-7"?>` + f.seal().text() }},
		{name: "not UTF-8", want: "not UTF-8", text: in(">ana<", ">\xff<")},
		{name: "an attribute twice", want: "twice", text: in(` Version="2.0"`, ` Version="2.0" Version="2.0"`)},
		{name: "two roots", want: "2 elements at the top", text: func(f *forgery) string { return f.seal().text() + "<x/>" }},
		{name: "text behind the root", want: "text outside", text: func(f *forgery) string { return f.seal().text() + "x" }},
		{name: "nothing", want: "missing", text: constant("")},
		{name: "no XML", want: "xml", text: constant("{}")},
		{name: "an open element", want: "xml", text: constant("<a>")},
		{name: "2 MB of <a/>", want: "bytes", text: constant("<a>" + strings.Repeat("<a/>", 1<<19) + "</a>")},
		{name: "too many elements", want: "elements", text: constant("<a>" + strings.Repeat("<a/>", 6000) + "</a>")},
		{name: "40 000 levels", want: "bytes", text: constant(strings.Repeat("<a>", 40_000) + strings.Repeat("</a>", 40_000))},
		{name: "30 000 levels", want: "deep", text: constant(strings.Repeat("<a>", 30_000) + strings.Repeat("</a>", 30_000))},
		{name: "many attributes", want: "attributes", text: constant("<a " + strings.Repeat(`b="" `, 20_000) + "/>")},
		{name: "many namespaces", want: "attributes", text: func(*forgery) string {
			var b strings.Builder
			b.WriteString("<a")
			for i := range 5000 {
				b.WriteString(" xmlns:n" + strings.Repeat("x", i%20+1) + string(rune('a'+i%26)) + `="u"`)
			}
			return b.String() + "/>"
		}},
		{name: "deflate bomb", want: "xml", text: func(*forgery) string {
			var b bytes.Buffer
			w, err := flate.NewWriter(&b, flate.BestCompression)
			if err != nil {
				panic(err)
			}
			_, _ = w.Write(bytes.Repeat([]byte("<a/>"), 1<<20))
			_ = w.Close()
			return b.String()
		}},
		{name: "another message", want: "not a Response", text: constant(`<samlp:LogoutResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"/>`)},
		{name: "a response of SAML 1.1", want: "not a Response", text: constant(`<Response xmlns="urn:oasis:names:tc:SAML:1.0:protocol"/>`)},
	})
}

func TestEncryption(t *testing.T) {
	// The ciphertext is not what is signed: anybody can make one.
	envelope := func(algorithm, keyAlgorithm string, ciphertext []byte) func(*forgery) string {
		return func(f *forgery) string {
			f.encrypt = aesGCM
			honest := f.encrypted(f.assertion)
			key, err := base64.StdEncoding.DecodeString(honest.FindElement(".//EncryptedKey/CipherData/CipherValue").Text())
			if err != nil {
				f.t.Fatal(err)
			}
			f.response.AddChild(f.envelope(algorithm, keyAlgorithm, ciphertext, key))
			return f.text()
		}
	}
	sealed := func(encrypt string, edit func(*etree.Element)) func(*forgery) string {
		return func(f *forgery) string {
			f.encrypt = encrypt
			f.seal()
			edit(find(f.response, "./EncryptedAssertion"))
			return f.text()
		}
	}
	flip := func(el *etree.Element) {
		value := find(el, "./EncryptedData/CipherData/CipherValue")
		data, err := base64.StdEncoding.DecodeString(value.Text())
		if err != nil {
			panic(err)
		}
		data[len(data)/2] ^= 1
		value.SetText(base64.StdEncoding.EncodeToString(data))
	}
	for _, algorithm := range []string{aesGCM, aesCBC} {
		l := newLab(t, Config{WantEncrypted: EncryptionRequired})
		f := newForgery(t, l.now, l.request)
		f.encrypt = algorithm
		if err := l.finish(t, f.seal().text()); err != nil {
			t.Fatalf("positive control, %s: %v", algorithm, err)
		}
	}
	refuse(t, Config{}, []attack{
		{name: "in the clear where encryption is wanted", cfg: Config{WantEncrypted: EncryptionRequired}, want: "not encrypted"},
		{name: "CBC where GCM is wanted", cfg: Config{WantEncrypted: EncryptionGCM}, want: "not authenticated", tamper: func(f *forgery) { f.encrypt = aesCBC }},
		{name: "altered GCM", want: errDecrypt.Error(), text: sealed(aesGCM, flip)},
		{name: "altered CBC", want: "", text: sealed(aesCBC, flip)},
		{name: "malformed ciphertext: 17-byte CBC", want: errDecrypt.Error(), text: envelope(aesCBC, oaep1, make([]byte, 17))},
		{name: "malformed ciphertext: 16-byte CBC", want: errDecrypt.Error(), text: envelope(aesCBC, oaep1, make([]byte, 16))},
		{name: "malformed ciphertext: 5-byte GCM", want: errDecrypt.Error(), text: envelope(aesGCM, oaep1, make([]byte, 5))},
		{name: "malformed ciphertext: no bytes", want: "is empty", text: envelope(aesGCM, oaep1, nil)},
		{name: "RSA1_5", want: "not RSA-OAEP", text: envelope(aesGCM, rsa15, make([]byte, 64))},
		{name: "3DES", want: "not AES", text: envelope(tripleD, oaep1, make([]byte, 64))},
		{name: "another's key", want: errDecrypt.Error(), tamper: func(f *forgery) { f.own, f.encrypt = attacker(f.t), aesGCM }},
		{name: "no EncryptedKey", want: "0 encrypted keys", text: sealed(aesGCM, func(el *etree.Element) {
			find(el, "./EncryptedData").RemoveChild(find(el, "./EncryptedData/KeyInfo"))
		})},
		{name: "a hundred EncryptedKeys", want: "101 encrypted keys", text: sealed(aesGCM, func(el *etree.Element) {
			key := find(el, "./EncryptedData/KeyInfo/EncryptedKey")
			for range 100 {
				key.Parent().AddChild(key.Copy())
			}
		})},
		{name: "a CipherReference", want: "unexpected child", text: sealed(aesGCM, func(el *etree.Element) {
			find(el, "./EncryptedData/CipherData").CreateElement("xenc:CipherReference").CreateAttr("URI", "http://127.0.0.1/")
		})},
		{name: "what is encrypted is no assertion", want: "not an assertion", text: func(f *forgery) string {
			f.encrypt = aesGCM
			f.response.AddChild(f.encrypted(f.parse("<x/>")))
			return f.text()
		}},
		{name: "what is encrypted has a DOCTYPE", want: errDecrypt.Error(), text: func(f *forgery) string {
			f.encrypt = aesGCM
			doctype := etree.NewElement("x")
			doctype.AddChild(etree.NewDirective("DOCTYPE x"))
			f.response.AddChild(f.encrypted(doctype))
			return f.text()
		}},
	})
}
