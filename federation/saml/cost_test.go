package saml

import (
	"fmt"
	"strings"
	"testing"
)

// attributes returns n attributes, each as format makes it of its number.
func attributes(n, from int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, from+i)
	}
	return b.String()
}

// TestCostlyMarkup: what is within the limits of size and is dear all the same. Where it stands decides who can
// send it: anybody at all in SignedInfo, and whoever has a signature of the IdP's in the assertion.
func TestCostlyMarkup(t *testing.T) {
	const declaration, plain = ` xmlns:p%d="u"`, ` a%d=""`
	nested := func(open, leaf string, levels, leaves int) string {
		return strings.Repeat("<x"+open+">", levels) + strings.Repeat(leaf, leaves) + strings.Repeat("</x>", levels)
	}
	long := `<x xmlns:p="` + strings.Repeat("u", 200_000) + `">` + strings.Repeat("<p:x/>", 900) + "</x>"
	scopes := "<x" + attributes(28, 0, declaration) + "><x" + attributes(20, 28, declaration) + ">" + strings.Repeat("<a/>", 4900) + "</x></x>"
	rich := func(n int) string { return strings.Repeat("<a"+attributes(20, 0, plain)+"/>", n) }
	deep := nested("", "<x><a/></x>", 57, 2400)
	const altered = "it was altered"
	var attacks []attack
	for _, tc := range []struct{ name, evil, inSignedInfo, inAssertion string }{
		{"a long namespace that every element names", long, "namespaces of more than", "namespaces of more than"},
		{"many attributes at every level", nested(attributes(31, 0, plain), "<a/>", 57, 4900), "attributes on one element and those around it", "attributes on one element and those around it"},
		{"many namespaces at every level", nested(attributes(31, 0, declaration), "<a/>", 57, 850), "attributes on one element and those around it", "attributes on one element and those around it"},
		{"many elements in many namespaces", scopes, "SignedInfo has", altered},
		{"many elements with many attributes", rich(490), "SignedInfo has", altered},
		{"more elements with many attributes", rich(1500), "10000 attributes", "10000 attributes"},
		{"many elements deep inside", deep, "SignedInfo has", altered},
		{"many CDATA sections", strings.Repeat("<![CDATA[A]]>", 19_000), errSigner.Error(), altered},
		{"many character references", strings.Repeat("&#13;", 45_000), errSigner.Error(), altered},
	} {
		inside := func(end string) func(*forgery) string {
			return func(f *forgery) string {
				text := f.seal().text()
				if !strings.Contains(text, end) {
					f.t.Fatalf("no %s in the response", end)
				}
				return strings.Replace(text, end, tc.evil+end, 1)
			}
		}
		attacks = append(
			attacks,
			attack{name: tc.name + ", in SignedInfo", want: tc.inSignedInfo, text: inside("</ds:SignedInfo>")},
			attack{name: tc.name + ", in the assertion", want: tc.inAssertion, text: inside("</saml:Subject>")},
		)
	}
	sections := strings.Repeat("<![CDATA[A]]>", 19_000)
	attacks = append(attacks, attack{name: "many CDATA sections in the signature value", want: errSigner.Error(), text: func(f *forgery) string {
		return strings.Replace(f.seal().text(), "</ds:SignatureValue>", sections+"</ds:SignatureValue>", 1)
	}})
	attacks = append(attacks, attack{name: "many CDATA sections in another's certificate", want: errSigner.Error(), text: func(f *forgery) string {
		f.idp = attacker(f.t)
		return strings.Replace(f.seal().text(), "</ds:X509Certificate>", sections+"</ds:X509Certificate>", 1)
	}})
	attacks = append(attacks, attack{name: "many CDATA sections in the words of a refusal", want: "status:Requester", text: func(f *forgery) string {
		return strings.Replace(f.seal().text(), `status:Success"/>`, `status:Requester"/><samlp:StatusMessage>`+sections+"</samlp:StatusMessage>", 1)
	}})
	refuse(t, Config{}, attacks)
}

// TestAThousandGroups: people have them.
func TestAThousandGroups(t *testing.T) {
	l := newLab(t, Config{WantSigned: SignedBoth})
	f := newForgery(t, l.now, l.request)
	f.signResponse = true
	groups := find(f.assertion, "./AttributeStatement/Attribute")
	for i := range 2000 {
		groups.CreateElement("saml:AttributeValue").SetText(fmt.Sprintf("CN=group %d,OU=Groups,DC=acme,DC=example", i))
	}
	if err := l.finish(t, f.seal().text()); err != nil {
		t.Error(err)
	}
}

// TestAByteOrderMark: metadata of Microsoft's has one.
func TestAByteOrderMark(t *testing.T) {
	l := newLab(t, Config{Metadata: []byte(byteOrderMark + metadataOf(idpName, "", idpKey(t)))})
	if err := l.finish(t, byteOrderMark+newForgery(t, l.now, l.request).seal().text()); err != nil {
		t.Error(err)
	}
	if _, err := messageLimits.parse([]byte(byteOrderMark + byteOrderMark + "<a/>")); err == nil {
		t.Error("two of them are white space")
	}
}
