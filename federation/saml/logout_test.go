package saml

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/patchbay-auth/patchbay/federation"
)

// logoutRequest is an honest one.
func (l *lab) logoutRequest(f *forgery) *etree.Element {
	return f.parse(`<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"` +
		` ID="` + newID() + `" Version="2.0" IssueInstant="` + f.at(0) + `" NotOnOrAfter="` + f.at(time.Minute) + `" Destination="` + base + `/slo">` +
		`<saml:Issuer>` + idpName + `</saml:Issuer><saml:NameID>ana</saml:NameID><samlp:SessionIndex>s-1</samlp:SessionIndex>` +
		`<samlp:SessionIndex>s-2</samlp:SessionIndex></samlp:LogoutRequest>`)
}

// query signs a message of the redirect binding with a key.
func query(t *testing.T, message *etree.Element, relayState string, key Key, signed bool) string {
	t.Helper()
	location, err := redirectURL("https://x.example/", dispatch{message: message, kind: "SAMLRequest", relayState: relayState, sign: signed}, key)
	if err != nil {
		t.Fatal(err)
	}
	_, raw, _ := strings.Cut(location, "?")
	return raw
}

func TestALogoutRequestIsSigned(t *testing.T) {
	l := newLab(t, Config{})
	f := newForgery(t, l.now, l.request)
	for _, tc := range []struct {
		name   string
		tamper func(el *etree.Element)
		key    Key
		after  func(raw string) string
		want   string // in the error; empty is none
	}{
		{name: "positive control", key: f.idp},
		{name: "unsigned LogoutRequest", key: f.idp, want: "not signed", after: func(raw string) string { before, _, _ := strings.Cut(raw, "&SigAlg"); return before }},
		{name: "attacker's key", key: attacker(t), want: errSigner.Error()},
		{name: "another relay state", key: f.idp, want: errSigner.Error(), after: func(raw string) string { return strings.Replace(raw, "RelayState=r", "RelayState=s", 1) }},
		{name: "RelayState injection", key: f.idp, want: `two "RelayState"`, after: func(raw string) string { return raw + "&RelayState=s" }},
		{name: "two requests", key: f.idp, want: `two "SAMLRequest"`, after: func(raw string) string { return raw + "&SAMLRequest=s" }},
		{name: "SHA-1", key: f.idp, want: "not believed", after: func(raw string) string {
			return strings.Replace(raw, url.QueryEscape(dsig.RSASHA256SignatureMethod), url.QueryEscape(dsig.RSASHA1SignatureMethod), 1)
		}},
		{name: "a signature by HMAC", key: f.idp, want: "not believed", after: func(raw string) string {
			return strings.Replace(raw, url.QueryEscape(dsig.RSASHA256SignatureMethod), url.QueryEscape("http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"), 1)
		}},
		{name: "Issuer of another IdP", key: f.idp, want: "was issued by", tamper: func(el *etree.Element) { find(el, "./Issuer").SetText("https://other.example") }},
		{name: "another service provider's", key: f.idp, want: "Destination", tamper: func(el *etree.Element) { el.CreateAttr("Destination", "https://other.example/slo") }},
		{name: "expired", key: f.idp, want: "ended", tamper: func(el *etree.Element) { el.CreateAttr("NotOnOrAfter", f.at(-2*time.Minute)) }},
		{name: "old", key: f.idp, want: "before", tamper: func(el *etree.Element) { el.CreateAttr("IssueInstant", f.at(-10*time.Minute)) }},
		{name: "version 1.1", key: f.idp, want: "version", tamper: func(el *etree.Element) { el.CreateAttr("Version", "1.1") }},
		{name: "no NameID", key: f.idp, want: "no NameID", tamper: func(el *etree.Element) { el.RemoveChild(find(el, "./NameID")) }},
		{name: "a hundred sessions", key: f.idp, want: "more than", tamper: func(el *etree.Element) {
			for range 100 {
				el.CreateElement("samlp:SessionIndex").SetText("s")
			}
		}},
		{name: "another message", key: f.idp, want: "not a LogoutRequest", tamper: func(el *etree.Element) { el.Tag = "AuthnRequest" }},
		{name: "what does not belong", key: f.idp, want: "unexpected child", tamper: func(el *etree.Element) { el.CreateElement("samlp:Other") }},
	} {
		request := l.logoutRequest(f)
		if tc.tamper != nil {
			tc.tamper(request)
		}
		raw := query(t, request, "r", tc.key, true)
		if tc.after != nil {
			raw = tc.after(raw)
		}
		notice, answer, err := l.SingleLogout(t.Context(), federation.LogoutMessage{Query: raw})
		if tc.want != "" {
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s: %v, want %q", tc.name, err, tc.want)
			}
			continue
		}
		if err != nil || notice.Subject != "ana" || !slices.Equal(notice.Sessions, []string{"s-1", "s-2"}) || notice.ID == "" {
			t.Fatalf("%s: %+v, %v", tc.name, notice, err)
		}
		back, err := url.Parse(answer.URL)
		if err != nil || !strings.HasPrefix(answer.URL, "https://idp.example/slo?") || back.Query().Get("RelayState") != "r" || back.Query().Get("Signature") == "" {
			t.Errorf("%s: the answer goes to %s, %v", tc.name, answer.URL, err)
		}
	}
}

func TestAPostedLogoutRequestIsSigned(t *testing.T) {
	l := newLab(t, Config{})
	f := newForgery(t, l.now, l.request)
	post := func(el *etree.Element) error {
		data, err := serialise(el)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = l.SingleLogout(t.Context(), federation.LogoutMessage{Form: url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString(data)}}})
		return err
	}
	honest := l.logoutRequest(f)
	f.sign(honest)
	if err := post(honest); err != nil {
		t.Fatal("positive control:", err)
	}
	find(honest, "./NameID").SetText("bob")
	if err := post(honest); err == nil || !strings.Contains(err.Error(), "it was altered") {
		t.Errorf("altered: %v", err)
	}
	if err := post(l.logoutRequest(f)); err == nil || !strings.Contains(err.Error(), "not signed") {
		t.Errorf("unsigned LogoutRequest: %v", err)
	}
}

func TestLogoutNamesWhomItIsAbout(t *testing.T) {
	l := newLab(t, Config{})
	response := newForgery(t, l.now, l.request).seal().text()
	who, err := l.Finish(t.Context(), federation.Response{Memo: l.started.Memo, Params: url.Values{
		"SAMLResponse": {base64.StdEncoding.EncodeToString([]byte(response))},
	}})
	if err != nil {
		t.Fatal(err)
	}
	started, err := l.Logout(t.Context(), federation.LogoutRequest{Hint: who.LogoutHint, State: "st&te"})
	if err != nil {
		t.Fatal(err)
	}
	to, err := url.Parse(started.URL)
	if err != nil {
		t.Fatal(err)
	}
	data, err := decodeBase64("SAMLRequest", to.Query().Get("SAMLRequest"))
	if err == nil {
		data, err = inflate(data)
	}
	for _, part := range []string{`Destination="https://idp.example/slo"`, ">ana<", ">s-1<", FormatPersistent, base + "/metadata"} {
		if err != nil || !strings.Contains(string(data), part) {
			t.Errorf("no %s in %s, %v", part, data, err)
		}
	}
	if to.Query().Get("RelayState") != "st&te" || to.Query().Get("Signature") == "" {
		t.Errorf("the browser is sent to %s", started.URL)
	}
	if started, err = l.Logout(t.Context(), federation.LogoutRequest{State: "s"}); err != nil || started.URL != "" {
		t.Errorf("without a hint: %q, %v", started.URL, err)
	}
}
