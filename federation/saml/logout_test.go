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
func query(t testing.TB, message *etree.Element, relayState string, key Key, signed bool) string {
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
		{name: "names that are escaped", key: f.idp, want: "no SAMLRequest", after: func(raw string) string { return strings.Replace(raw, "SAMLRequest=", "SAML%52equest=", 1) }},
		{name: "a request in front, escaped", key: f.idp, want: "", after: func(raw string) string { return "SAML%52equest=evil&" + raw }},
		{name: "escaped in another way than it was signed", key: f.idp, want: errSigner.Error(), after: func(raw string) string { return strings.Replace(raw, "RelayState=r", "RelayState=%72", 1) }},
		{name: "a long relay state", key: f.idp, want: "RelayState has", after: func(raw string) string {
			return strings.Replace(raw, "RelayState=r", "RelayState="+strings.Repeat("r", maxRelayState+1), 1)
		}},
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
		if err != nil || !strings.HasPrefix(answer.URL, "https://idp.example/slo/return?") || back.Query().Get("RelayState") != "r" || back.Query().Get("Signature") == "" {
			t.Errorf("%s: the answer goes to %s, %v", tc.name, answer.URL, err)
		}
	}
}

func TestAPostedLogoutRequestIsSigned(t *testing.T) {
	l := newLab(t, Config{})
	f := newForgery(t, l.now, l.request)
	signed := func() *etree.Element {
		el := l.logoutRequest(f)
		f.sign(el)
		return el
	}
	text := func(el *etree.Element) string {
		data, err := serialise(el)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	// wrapped hides what was signed where nobody looks for it, in a request about bob.
	wrapped := func(hide func(evil, signature, original *etree.Element)) string {
		original := signed()
		evil := original.Copy()
		evil.CreateAttr("ID", "_evil")
		find(evil, "./NameID").SetText("bob")
		original.RemoveChild(find(original, "./Signature"))
		hide(evil, find(evil, "./Signature"), original)
		return text(evil)
	}
	honest := func() string { return text(signed()) }
	for _, tc := range []struct {
		name    string
		request func() string
		form    url.Values // besides the request
		want    string     // in the error; empty is none
	}{
		{"positive control", honest, url.Values{"RelayState": {"r"}}, ""},
		{"altered", func() string { return strings.Replace(honest(), ">ana<", ">bob<", 1) }, nil, "it was altered"},
		{"unsigned LogoutRequest", func() string { return text(l.logoutRequest(f)) }, nil, "not signed"},
		{"signed by the query's rules", honest, url.Values{"SigAlg": {dsig.RSASHA256SignatureMethod}, "Signature": {"AAAA"}}, ""},
		{"attacker's key", func() string {
			el, evil := l.logoutRequest(f), *f
			evil.idp = attacker(t)
			evil.sign(el)
			return text(el)
		}, nil, errSigner.Error()},
		{"SHA-1", func() string {
			el, old := l.logoutRequest(f), *f
			old.method = dsig.RSASHA1SignatureMethod
			old.sign(el)
			return text(el)
		}, nil, "not believed"},
		{"what was signed in the signature", func() string {
			return wrapped(func(_, signature, original *etree.Element) { signature.CreateElement("ds:Object").AddChild(original) })
		}, nil, "unexpected child"},
		{"what was signed in Extensions", func() string {
			return wrapped(func(evil, _, original *etree.Element) { evil.CreateElement("samlp:Extensions").AddChild(original) })
		}, nil, "not to its own element"},
		{"two signatures", func() string {
			el := signed()
			el.AddChild(find(el, "./Signature").Copy())
			return text(el)
		}, nil, "2 Signature"},
		{"two NameIDs, signed", func() string {
			el := l.logoutRequest(f)
			el.AddChild(find(el, "./NameID").Copy())
			f.sign(el)
			return text(el)
		}, nil, "2 NameID"},
		{"comment in NameID", func() string { return strings.Replace(honest(), ">ana<", ">an<!-- -->a<", 1) }, nil, "a comment"},
		{"DOCTYPE", func() string { return "<!DOCTYPE x>" + honest() }, nil, "document type"},
		{"two requests", honest, url.Values{"SAMLRequest": {"AAAA"}}, "not one SAMLRequest"},
		{"two relay states", honest, url.Values{"RelayState": {"r", "s"}}, "one RelayState"},
		{"a long relay state", honest, url.Values{"RelayState": {strings.Repeat("r", maxRelayState+1)}}, "one RelayState"},
	} {
		form := url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString([]byte(tc.request()))}}
		for name, values := range tc.form {
			form[name] = append(form[name], values...)
		}
		notice, _, err := l.SingleLogout(t.Context(), federation.LogoutMessage{Form: form})
		switch {
		case tc.want == "" && (err != nil || notice.Subject != "ana"):
			t.Fatalf("%s: %+v, %v", tc.name, notice, err)
		case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want) || notice.Subject != ""):
			t.Errorf("%s: %+v, %v, want %q", tc.name, notice, err, tc.want)
		}
	}
}

// TestADeflateBomb is not opened before its signature is verified, and never further than a message may be large.
func TestADeflateBomb(t *testing.T) {
	l := newLab(t, Config{})
	f := newForgery(t, l.now, l.request)
	bomb := l.logoutRequest(f)
	bomb.CreateElement("samlp:Extensions").SetText(strings.Repeat("0", 64<<20))
	for _, tc := range []struct {
		name string
		key  Key
		want string
	}{
		{"a stranger's", attacker(t), errSigner.Error()},
		{"the identity provider's", f.idp, "more than"},
	} {
		raw := query(t, bomb, "", tc.key, true)
		if len(raw) > 256<<10 {
			t.Fatalf("it has %d bytes", len(raw))
		}
		fastest := time.Hour
		for try := 0; try < 3 || try < 20 && fastest > slower*maxCost; try++ {
			began := time.Now()
			_, _, err := l.SingleLogout(t.Context(), federation.LogoutMessage{Query: raw})
			fastest = min(fastest, time.Since(began))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("%s: %v, want %q", tc.name, err, tc.want)
			}
		}
		if fastest > slower*maxCost {
			t.Errorf("%s: refusing it took %s", tc.name, fastest)
		}
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
	if ends := l.now.Add(5*time.Minute + defaultSkew); !who.SessionEnds.Equal(ends) {
		t.Errorf("the session ends at %s, want %s", who.SessionEnds, ends)
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
	posts := newLab(t, Config{Metadata: []byte(strings.Replace(metadataOf(idpName, "", idpKey(t)), bindingRedirect, bindingPOST, 1))})
	if started, err = posts.Logout(t.Context(), federation.LogoutRequest{Hint: who.LogoutHint, State: "st&te"}); err != nil {
		t.Fatal(err)
	}
	if data, err = decodeBase64("SAMLRequest", started.Form.Get("SAMLRequest")); err != nil || started.URL != "https://idp.example/slo" ||
		started.Form.Get("RelayState") != "st&te" || !strings.Contains(string(data), "<ds:Signature") || len(started.Memo) == 0 {
		t.Errorf("an identity provider that takes forms only: %s, %v, %s, %v", started.URL, started.Form, data, err)
	}
	soap := newLab(t, Config{Metadata: []byte(strings.Replace(metadataOf(idpName, "", idpKey(t)), bindingRedirect, "urn:oasis:names:tc:SAML:2.0:bindings:SOAP", 1))})
	if started, err = soap.Logout(t.Context(), federation.LogoutRequest{Hint: who.LogoutHint, State: "s"}); err != nil || started.URL != "" {
		t.Errorf("an identity provider that takes neither: %q, %v", started.URL, err)
	}
	if started, err = l.Logout(t.Context(), federation.LogoutRequest{State: "s"}); err != nil || started.URL != "" {
		t.Errorf("without a hint: %q, %v", started.URL, err)
	}
}
