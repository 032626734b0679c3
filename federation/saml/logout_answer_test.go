package saml

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/patchbay-auth/patchbay/federation"
)

// leave begins a logout and returns its memo and the id of its request.
func (l *lab) leave(t *testing.T) (text []byte, request string) {
	t.Helper()
	h, err := json.Marshal(hint{IdP: idpName, NameID: "ana", Session: "s-1"})
	if err != nil {
		t.Fatal(err)
	}
	started, err := l.Logout(t.Context(), federation.LogoutRequest{Hint: h, State: "st&te"})
	if err != nil || started.URL == "" {
		t.Fatalf("sent to %q, %v", started.URL, err)
	}
	var m memo
	if err := json.Unmarshal(started.Memo, &m); err != nil || m.Request == "" {
		t.Fatalf("the memo is %q, %v", started.Memo, err)
	}
	return started.Memo, m.Request
}

// logoutResponse is an honest answer to a request.
func (l *lab) logoutResponse(f *forgery, request string) *etree.Element {
	return f.parse(`<samlp:LogoutResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"` +
		` ID="` + newID() + `" Version="2.0" IssueInstant="` + f.at(0) + `" Destination="` + base + `/slo" InResponseTo="` + request + `">` +
		`<saml:Issuer>` + idpName + `</saml:Issuer>` +
		`<samlp:Status><samlp:StatusCode Value="` + statusSuccess + `"/></samlp:Status></samlp:LogoutResponse>`)
}

func TestALogoutIsBelievedByItsAnswer(t *testing.T) {
	l := newLab(t, Config{})
	f := newForgery(t, l.now, l.request)
	text, asked := l.leave(t)
	code := func(el *etree.Element) *etree.Element { return find(el, "./Status/StatusCode") }
	for _, tc := range []struct {
		name   string
		tamper func(el *etree.Element)
		key    Key
		after  func(raw string) string // of the query
		memo   func() []byte
		failed string // the identity provider's own code
		want   string // in the error; empty is none
	}{
		{name: "positive control", key: f.idp},
		{name: "attacker's key", key: attacker(t), want: errSigner.Error()},
		{name: "unsigned", key: f.idp, want: "not signed", after: func(raw string) string { before, _, _ := strings.Cut(raw, "&SigAlg"); return before }},
		{name: "SHA-1", key: f.idp, want: "not believed", after: func(raw string) string {
			return strings.Replace(raw, url.QueryEscape(dsig.RSASHA256SignatureMethod), url.QueryEscape(dsig.RSASHA1SignatureMethod), 1)
		}},
		{name: "no answer", key: f.idp, want: "no SAMLResponse", after: func(string) string { return "RelayState=st%26te" }},
		{name: "a signed request in its place", key: f.idp, want: "no SAMLResponse", after: func(raw string) string { return strings.Replace(raw, "SAMLResponse=", "SAMLRequest=", 1) }},
		{name: "another message", key: f.idp, want: "not a LogoutResponse", tamper: func(el *etree.Element) { el.Tag = "Response" }},
		{name: "Issuer of another IdP", key: f.idp, want: "was issued by", tamper: func(el *etree.Element) { find(el, "./Issuer").SetText("https://other.example") }},
		{name: "another service provider's", key: f.idp, want: "Destination", tamper: func(el *etree.Element) { el.CreateAttr("Destination", "https://other.example/slo") }},
		{name: "no Destination", key: f.idp, want: "Destination", tamper: func(el *etree.Element) { el.RemoveAttr("Destination") }},
		{name: "old", key: f.idp, want: "before", tamper: func(el *etree.Element) { el.CreateAttr("IssueInstant", f.at(-10*time.Minute)) }},
		{name: "answer to another request", key: f.idp, want: "not this browser's", tamper: func(el *etree.Element) { el.CreateAttr("InResponseTo", newID()) }},
		{name: "answer to no request", key: f.idp, want: "not this browser's", tamper: func(el *etree.Element) { el.RemoveAttr("InResponseTo") }},
		{name: "a logout at another IdP", key: f.idp, want: "not here", memo: func() []byte { return []byte(strings.Replace(string(text), idpName, "https://other.example", 1)) }},
		{name: "a logout without a memo", key: f.idp, want: "not one of ours", memo: func() []byte { return nil }},
		{name: "no Status", key: f.idp, want: "no Status", tamper: func(el *etree.Element) { el.RemoveChild(find(el, "./Status")) }},
		{name: "what does not belong", key: f.idp, want: "unexpected child", tamper: func(el *etree.Element) { el.CreateElement("samlp:Other") }},
		{name: "failed", key: f.idp, want: "Requester", failed: statusPrefix + "Requester", tamper: func(el *etree.Element) { code(el).CreateAttr("Value", statusPrefix+"Requester") }},
		{name: "failed, and why", key: f.idp, want: "RequestDenied", failed: statusPrefix + "RequestDenied", tamper: func(el *etree.Element) {
			code(el).CreateAttr("Value", statusPrefix+"Responder")
			code(el).CreateElement("samlp:StatusCode").CreateAttr("Value", statusPrefix+"RequestDenied")
		}},
		{name: "in part", key: f.idp, want: "PartialLogout", failed: statusPartialLogout, tamper: func(el *etree.Element) {
			code(el).CreateElement("samlp:StatusCode").CreateAttr("Value", statusPartialLogout)
		}},
		{name: "a success with other details", key: f.idp, tamper: func(el *etree.Element) {
			code(el).CreateElement("samlp:StatusCode").CreateAttr("Value", statusPrefix+"UnknownPrincipal")
		}},
	} {
		for _, posted := range []bool{false, true} {
			if posted && tc.after != nil {
				continue
			}
			response := l.logoutResponse(f, asked)
			if tc.tamper != nil {
				tc.tamper(response)
			}
			message := federation.LogoutMessage{}
			if posted {
				signer := *f
				signer.idp = tc.key
				signer.sign(response)
				data, err := serialise(response)
				if err != nil {
					t.Fatal(err)
				}
				message.Form = url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString(data)}, "RelayState": {"st&te"}}
			} else {
				location, err := redirectURL("https://x.example/", dispatch{message: response, kind: "SAMLResponse", relayState: "st&te", sign: true}, tc.key)
				if err != nil {
					t.Fatal(err)
				}
				if _, message.Query, _ = strings.Cut(location, "?"); tc.after != nil {
					message.Query = tc.after(message.Query)
				}
			}
			own := text
			if tc.memo != nil {
				own = tc.memo()
			}
			answer, err := l.LogoutAnswer(t.Context(), message)
			if err == nil {
				err = l.AnswersLogout(own, answer)
			}
			var failed *federation.ResponseError
			switch {
			case tc.want == "" && err != nil:
				t.Fatalf("%s, posted %v: %v", tc.name, posted, err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("%s, posted %v: %v, want %q", tc.name, posted, err, tc.want)
			case errors.As(err, &failed) != (tc.failed != "") || failed != nil && failed.Code != tc.failed:
				t.Errorf("%s, posted %v: %v, want the identity provider's own %q", tc.name, posted, err, tc.failed)
			}
		}
	}
}
