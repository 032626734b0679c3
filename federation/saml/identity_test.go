package saml

import (
	"encoding/base64"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/federation"
)

// TestAnExternalIDOfSeveralClaims: all of them together, or none.
func TestAnExternalIDOfSeveralClaims(t *testing.T) {
	department := func(value string) func(f *forgery) {
		return func(f *forgery) { find(f.assertion, "./AttributeStatement/Attribute/AttributeValue").SetText(value) }
	}
	transient := func(f *forgery) { find(f.assertion, "./Subject/NameID").CreateAttr("Format", FormatTransient) }
	attributes := map[string]string{"unit": "department"}
	for _, tc := range []struct {
		name, claim string
		tamper      func(f *forgery)
		want, fault string
	}{
		{"positive control", "department", nil, "Support", ""},
		{"attribute and NameID", "department+NameID", nil, "Support/ana", ""},
		{"NameID and attribute", "NameID+department", nil, "ana/Support", ""},
		{"under the name that the connection gives", "unit+NameID", nil, "Support/ana", ""},
		{"of which one is missing", "NameID+employeeNumber", nil, "", ""},
		{"of which one is empty", "NameID+department", department(""), "", ""},
		{"that could be told apart in two ways", "department+NameID", department("Support/bob"), "", "their / alone"},
		{"of which one has a tab", "department+NameID", department("a\tb"), "", "not text"},
		{"long in all", "department+NameID", department(strings.Repeat("d", 252)), "", "256 bytes"},
		{"with several values", "NameID+department", func(f *forgery) {
			value := find(f.assertion, "./AttributeStatement/Attribute/AttributeValue")
			value.Parent().AddChild(value.Copy())
		}, "", "several values"},
		{"a transient NameID", "department+NameID", transient, "", "is transient"},
		{"a transient NameID beside it", "department", transient, "Support", ""},
	} {
		l := newLab(t, Config{ExternalIDClaim: tc.claim, Attributes: attributes})
		f := newForgery(t, l.now, l.request)
		if tc.tamper != nil {
			tc.tamper(f)
		}
		who, err := l.Finish(t.Context(), federation.Response{Memo: l.started.Memo, Params: url.Values{
			"SAMLResponse": {base64.StdEncoding.EncodeToString([]byte(f.seal().text()))},
		}})
		switch {
		case tc.fault == "" && (err != nil || who.ExternalID != tc.want):
			t.Errorf("%s: %q, %v", tc.name, who.ExternalID, err)
		case tc.fault != "" && (err == nil || !strings.Contains(err.Error(), tc.fault)):
			t.Errorf("%s: %v, want %q", tc.name, err, tc.fault)
		}
	}
	for claim, faulty := range map[string]bool{"department": false, "NameID": true, "department+NameID": true, "NameID+department": true, "NameIDs+department": false} {
		err := Check(Config{
			Connection: "adfs", Metadata: []byte(metadataOf(idpName, "", idpKey(t))), ExternalIDClaim: claim, NameIDFormat: FormatTransient,
		})
		if faulty != (err != nil && strings.Contains(err.Error(), "name_id_format: a transient NameID")) || !faulty && err != nil {
			t.Errorf("%s with transient NameIDs: %v", claim, err)
		}
	}
}

// FuzzClaims: whatever attributes are called and hold, NameID is the assertion's, a claim that the connection names
// has that attribute and no other, every claim is of an attribute that there is, and an external id is made of
// exactly its parts.
func FuzzClaims(f *testing.F) {
	named := map[string]string{"unit": "department", "email": "contact"}
	s := open(f, Config{Metadata: []byte(metadataOf(idpName, "", idpKey(f))), Attributes: named, ExternalIDClaim: "unit+NameID"})
	for _, name := range []string{
		"department", "unit", "contact", "email", "mail", NameID, "urn:oid:0.9.2342.19200300.100.1.3", "unit+NameID", "sub", "",
		"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
	} {
		f.Add(name, "Support", "department", "Sales", "ana", true)
		f.Add(name, "Support", name, "Board/1", "an/a", false)
	}
	f.Fuzz(func(t *testing.T, name, value, name2, value2, subject string, address bool) {
		a := assertion{
			nameID:     nameID{value: subject, format: FormatPersistent},
			attributes: []attributeValues{{name, []string{value}}, {name2, []string{value2}}, {"empty", nil}},
		}
		if address {
			a.nameID.format = FormatEmail
		}
		sent := map[string][]any{}
		for _, attr := range a.attributes {
			for _, v := range attr.values {
				sent[attr.name] = append(sent[attr.name], v)
			}
		}
		claims := s.claims(a)
		if claims[NameID] != subject {
			t.Fatalf("NameID is %q, not %q", claims[NameID], subject)
		}
		for claim, got := range claims {
			sources := []any{sent[claim]}
			if from, ok := named[claim]; ok {
				sources = []any{sent[from]}
			} else if claim == NameID {
				sources = []any{[]any{subject}}
			} else if sent[claim] == nil {
				sources = nil
				for of, values := range sent {
					if claimNames(of) == claim {
						sources = append(sources, values)
					}
				}
			}
			list, several := got.([]any)
			if !several {
				list = []any{got}
			}
			if !slices.ContainsFunc(sources, func(source any) bool { return reflect.DeepEqual(source, list) }) {
				t.Fatalf("claim %q is %q, which comes from nowhere: %q", claim, got, sent)
			}
		}
		for claim, from := range named {
			if _, got := claims[claim]; got != (sent[from] != nil) {
				t.Fatalf("claim %q is %q of %q", claim, claims[claim], sent)
			}
		}
		who, err := s.identity(&idp{entityID: idpName}, a)
		if err != nil {
			return
		}
		if unit, _ := claims["unit"].(string); who.Subject != subject || who.ExternalID != "" && who.ExternalID != unit+"/"+subject ||
			strings.Count(who.ExternalID, "/") > 1 {
			t.Fatalf("%q is %q, by the claims %q", who.Subject, who.ExternalID, claims)
		}
	})
}
