package saml

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/beevik/etree"

	"github.com/patchbay-auth/patchbay/federation"
)

// TestConfusion: two readers of one text may differ about which id an element has, what a prefix means, and
// what the characters are. What could be read in two ways is refused, or read as it was signed.
func TestConfusion(t *testing.T) {
	assertion := func(f *forgery) *etree.Element { return find(f.response, "./Assertion") }
	id := func(el *etree.Element) string { v, _ := attribute(el, "ID"); return v }
	utf16text := func(order func(uint16) [2]byte) func(*forgery) string {
		return func(f *forgery) string {
			var b []byte
			for _, unit := range utf16.Encode([]rune("\ufeff" + `<?xml version="1.0" encoding="UTF-16"?>` + f.seal().text())) {
				two := order(unit)
				b = append(b, two[:]...)
			}
			return string(b)
		}
	}
	in := func(old, evil string) func(f *forgery) string {
		return func(f *forgery) string {
			text := f.seal().text()
			if !strings.Contains(text, old) {
				f.t.Fatalf("no %q in the response", old)
			}
			return strings.Replace(text, old, evil, 1)
		}
	}
	refuse(t, Config{}, []attack{
		// ids
		{name: "the signed ID under another name, and another ID", want: "not to its own element", after: func(f *forgery) {
			el := assertion(f)
			el.CreateAttr("Id", id(el))
			el.CreateAttr("ID", "_evil")
		}},
		{name: "the signed ID twice under two names", want: "is there twice", after: func(f *forgery) {
			el := assertion(f)
			el.CreateAttr("id", id(el))
		}},
		{name: "the signed ID as xml:id elsewhere", want: "is there twice", after: func(f *forgery) {
			find(assertion(f), "./Subject").CreateAttr("xml:id", id(assertion(f)))
		}},
		{name: "the signed ID as wsu:Id elsewhere", want: "is there twice", after: func(f *forgery) {
			f.response.CreateAttr("xmlns:wsu", "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd")
			find(f.response, "./Status").CreateAttr("wsu:Id", id(assertion(f)))
		}},
		{name: "the signed ID in a namespace of its own", want: "not to its own element", after: func(f *forgery) {
			el := assertion(f)
			el.CreateAttr("xmlns:e", "urn:evil")
			el.CreateAttr("e:ID", id(el))
			el.RemoveAttr("ID")
		}},
		{name: "a Reference by XPointer", want: "not to its own element", after: func(f *forgery) {
			f.resign(find(assertion(f), "./Signature"), func(info *etree.Element) {
				find(info, "./Reference").CreateAttr("URI", "#xpointer(id('"+id(assertion(f))+"'))")
			})
		}},
		// namespaces
		{name: "another namespace for the prefix of the assertion", want: "a signature inside", after: func(f *forgery) {
			assertion(f).CreateAttr("xmlns:saml", "urn:evil")
		}},
		{name: "another namespace for the prefix of the subject", want: "it was altered", after: func(f *forgery) {
			find(assertion(f), "./Subject").CreateAttr("xmlns:saml", "urn:evil")
		}},
		{name: "no namespace for the prefix of the subject", want: "it was altered", after: func(f *forgery) {
			find(assertion(f), "./Subject").CreateAttr("xmlns:saml", "")
		}},
		{name: "a prefix that is declared nowhere", want: "undeclared namespace prefix", after: func(f *forgery) {
			find(assertion(f), "./Subject").CreateElement("evil:x")
		}},
		{name: "a signature in no namespace beside the assertion's own", want: "unexpected child", tamper: func(f *forgery) {
			f.assertion.AddChild(etree.NewElement("Signature"))
		}},
		{name: "the prefix xmlns declared", want: "namespace", after: func(f *forgery) {
			assertion(f).CreateAttr("xmlns:xmlns", "urn:oasis:names:tc:SAML:2.0:assertion")
		}},
		{name: "one attribute under two prefixes", want: "twice", text: in(` Version="2.0"`, ` xmlns:a="u" xmlns:b="u" a:x="" b:x="" Version="2.0"`)},
		{name: "prefixes that the canonical form is told to keep", want: "it was altered", after: func(f *forgery) {
			f.resign(find(assertion(f), "./Signature"), func(info *etree.Element) {
				list := find(info, "./Reference/Transforms").ChildElements()[1].CreateElement("ec:InclusiveNamespaces")
				list.CreateAttr("xmlns:ec", algorithmNamespace)
				list.CreateAttr("PrefixList", "saml samlp")
			})
			assertion(f).CreateAttr("xmlns:samlp", "urn:evil")
		}},
		// characters
		{name: "UTF-16, little end first", want: "xml", text: utf16text(func(u uint16) [2]byte { return [2]byte{byte(u), byte(u >> 8)} })},
		{name: "UTF-16, big end first", want: "xml", text: utf16text(func(u uint16) [2]byte { return [2]byte{byte(u >> 8), byte(u)} })},
		{name: "UTF-8 that says it is UTF-16", want: "xml", text: func(f *forgery) string { return `<?xml version="1.0" encoding="UTF-16"?>` + f.seal().text() }},
		{name: "an overlong character", want: "not UTF-8", text: in(">ana<", ">\xc1\xa1na<")},
		{name: "a line break in the NameID", want: "it was altered", text: in(">ana<", ">a\r\nna<")},
		{name: "a carriage return by reference", want: "it was altered", text: in(">ana<", ">a&#13;na<")},
		{name: "NUL by reference", want: "xml", text: in(">ana<", ">a&#0;na<")},
		{name: "half a surrogate by reference", want: "", text: in(">ana<", ">a&#xD800;na<")},
		{name: "a line break in an attribute", want: "", text: in(`Recipient="http`, "Recipient=\"\nhttp")},
		{name: "a second declaration behind the root", want: "processing instruction", text: func(f *forgery) string { return f.seal().text() + `<?xml version="1.0"?>` }},
		{name: "XML 1.1", want: "xml", text: func(f *forgery) string { return `<?xml version="1.1"?>` + f.seal().text() }},
		{name: "an end tag of another prefix", want: "xml", text: func(f *forgery) string {
			return strings.Replace(f.seal().text(), "</saml:NameID>", "</samlp:NameID>", 1)
		}},
	})
}

// TestOneTextInManyForms: what says the same is the same.
func TestOneTextInManyForms(t *testing.T) {
	for name, rewrite := range map[string]func(string) string{
		"as it is":                 func(s string) string { return s },
		"a declaration":            func(s string) string { return `<?xml version="1.0" encoding="utf-8" standalone="yes"?>` + "\r\n" + s },
		"a character by reference": func(s string) string { return strings.Replace(s, ">ana<", ">&#x61;na<", 1) },
		"CDATA":                    func(s string) string { return strings.Replace(s, ">ana<", "><![CDATA[ana]]><", 1) },
		"other quotes":             func(s string) string { return strings.Replace(s, `Version="2.0"`, `Version = '2.0'`, 1) },
		"white space behind":       func(s string) string { return s + "\n\n" },
		"a namespace that nobody uses": func(s string) string {
			return strings.Replace(s, "<samlp:Response ", `<samlp:Response xmlns:u="urn:unused" `, 1)
		},
		"white space in the base64 there": func(s string) string {
			return strings.Replace(s, "<ds:SignatureValue>", "<ds:SignatureValue>\r\n\t ", 1)
		},
	} {
		l := newLab(t, Config{})
		who, err := l.Finish(t.Context(), federation.Response{Memo: l.started.Memo, Params: url.Values{
			"SAMLResponse": {base64.StdEncoding.EncodeToString([]byte(rewrite(newForgery(t, l.now, l.request).seal().text())))},
		}})
		if err != nil || who.Subject != "ana" {
			t.Errorf("%s: %q, %v", name, who.Subject, err)
		}
	}
}

// TestBase64 is that of RFC 4648 §4, with line breaks, and nothing that another reader skips.
func TestBase64(t *testing.T) {
	l := newLab(t, Config{})
	honest := base64.StdEncoding.EncodeToString([]byte(newForgery(t, l.now, l.request).seal().text()))
	for _, tc := range []struct{ name, encoded, want string }{
		{"characters of another alphabet", strings.NewReplacer("+", "-", "/", "_").Replace(honest), "not base64"},
		{"characters that are none", honest[:40] + "!" + honest[40:], "not base64"},
		{"padding inside", honest[:40] + "====" + honest[40:], "not base64"},
		{"something behind the padding", strings.TrimRight(honest, "=") + "==AAAA", "not base64"},
		{"positive control: line breaks", honest[:76] + "\r\n" + honest[76:] + "\r\n", ""},
	} {
		_, err := l.Finish(t.Context(), federation.Response{Memo: l.started.Memo, Params: url.Values{"SAMLResponse": {tc.encoded}}})
		if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.want)
		}
	}
}

// TestAResponseIsForOneConnection: the identity provider may be the same, and so may the person.
func TestAResponseIsForOneConnection(t *testing.T) {
	here, there := newLab(t, Config{}), newLab(t, Config{})
	there.cfg.Base = "http://127.0.0.1:9/login/globex/adfs/saml"
	text := newForgery(t, here.now, here.request).seal().text()
	response := federation.Response{Memo: here.started.Memo, Params: url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString([]byte(text))}}}
	if _, err := there.Finish(t.Context(), response); err == nil || !strings.Contains(err.Error(), "Destination") {
		t.Errorf("a response to another tenant's connection: %v", err)
	}
	f := newForgery(t, here.now, here.request)
	f.response.CreateAttr("Destination", there.consumer()) // which is not signed
	response.Params.Set("SAMLResponse", base64.StdEncoding.EncodeToString([]byte(f.seal().text())))
	if _, err := there.Finish(t.Context(), response); err == nil || !strings.Contains(err.Error(), "Recipient") {
		t.Errorf("sent to another address: %v", err)
	}
	if err := here.finish(t, text); err != nil {
		t.Error("positive control:", err)
	}
}

// TestWhatAConnectionAllows are the positive controls of what other connections refuse.
func TestWhatAConnectionAllows(t *testing.T) {
	for _, tc := range []struct {
		name   string
		cfg    Config
		tamper func(*forgery)
	}{
		{"an unsigned assertion in a signed response", Config{WantSigned: SignedResponse}, func(f *forgery) { f.signAssertion, f.signResponse = false, true }},
		{"the same, encrypted", Config{WantSigned: SignedResponse, WantEncrypted: EncryptionRequired}, func(f *forgery) {
			f.signAssertion, f.signResponse, f.encrypt = false, true, aesCBC
		}},
		{"both signed", Config{WantSigned: SignedBoth}, func(f *forgery) { f.signResponse = true }},
		{"both signed, encrypted", Config{WantSigned: SignedBoth, WantEncrypted: EncryptionGCM}, func(f *forgery) { f.signResponse, f.encrypt = true, aesGCM }},
		{"a demanded NameID format", Config{NameIDFormat: FormatPersistent}, func(*forgery) {}},
		{"a transient NameID beside another key", Config{ExternalIDClaim: "department"}, func(f *forgery) {
			find(f.assertion, "./Subject/NameID").CreateAttr("Format", FormatTransient)
		}},
	} {
		l := newLab(t, tc.cfg)
		f := newForgery(t, l.now, l.request)
		tc.tamper(f)
		if err := l.finish(t, f.seal().text()); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}
