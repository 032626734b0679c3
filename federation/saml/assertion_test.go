package saml

import (
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/patchbay-auth/patchbay/federation"
)

// TestWhatAnIdPSignsMayStillBeWrong: every response here is signed with the IdP's own key.
func TestWhatAnIdPSignsMayStillBeWrong(t *testing.T) {
	// set returns a change of an attribute; an empty value removes it.
	set := func(path, key string, value func(*forgery) string) func(*forgery) {
		return func(f *forgery) {
			el := f.assertion
			if path != "." {
				el = find(f.assertion, path)
			}
			if v := value(f); v != "" {
				el.CreateAttr(key, v)
			} else {
				el.RemoveAttr(key)
			}
		}
	}
	to := func(value string) func(*forgery) string { return func(*forgery) string { return value } }
	at := func(d time.Duration) func(*forgery) string { return func(f *forgery) string { return f.at(d) } }
	text := func(path, value string) func(*forgery) {
		return func(f *forgery) { find(f.assertion, path).SetText(value) }
	}
	without := func(path string) func(*forgery) {
		return func(f *forgery) { el := find(f.assertion, path); el.Parent().RemoveChild(el) }
	}
	response := func(key, value string) func(*forgery) {
		return func(f *forgery) {
			if value == "" {
				f.response.RemoveAttr(key)
			} else {
				f.response.CreateAttr(key, value)
			}
		}
	}
	again := func(path string) func(*forgery) {
		return func(f *forgery) { el := find(f.assertion, path); el.Parent().AddChild(el.Copy()) }
	}
	const data, conditions, statement = "./Subject/SubjectConfirmation/SubjectConfirmationData", "./Conditions", "./AuthnStatement"
	transient := func(f *forgery) { find(f.assertion, "./Subject/NameID").CreateAttr("Format", FormatTransient) }
	refuse(t, Config{}, []attack{
		{name: "wrong audience", want: "audience", tamper: text("./Conditions/AudienceRestriction/Audience", "https://other.example")},
		{name: "missing audience", want: "no AudienceRestriction", tamper: without("./Conditions/AudienceRestriction")},
		{name: "two restrictions, one for another", want: "audience", tamper: func(f *forgery) {
			again("./Conditions/AudienceRestriction")(f)
			text("./Conditions/AudienceRestriction/Audience", "https://other.example")(f)
		}},
		{name: "a condition that is unknown", want: "unexpected child", tamper: func(f *forgery) { find(f.assertion, conditions).CreateElement("saml:Condition") }},
		{name: "expired", want: "Conditions ended", tamper: set(conditions, "NotOnOrAfter", at(-2*time.Minute))},
		{name: "future", want: "in the future", tamper: set(conditions, "NotBefore", at(2*time.Minute))},
		{name: "confirmation expired", want: "SubjectConfirmationData ended", tamper: set(data, "NotOnOrAfter", at(-2*time.Minute))},
		{name: "confirmation without end", want: "no NotOnOrAfter", tamper: set(data, "NotOnOrAfter", to(""))},
		{name: "a time that is none", want: "is not a time", tamper: set(data, "NotOnOrAfter", to("tomorrow"))},
		{name: "IssueInstant +24 h", want: "in the future", tamper: set(".", "IssueInstant", at(24*time.Hour))},
		{name: "IssueInstant before the login began", want: "before the login began", tamper: set(".", "IssueInstant", at(-2*time.Minute))},
		{name: "no IssueInstant", want: "before the login began", tamper: set(".", "IssueInstant", to(""))},
		{name: "response issued +24 h", want: "in the future", tamper: func(f *forgery) { f.response.CreateAttr("IssueInstant", f.at(24*time.Hour)) }},
		{name: "version 1.1", want: "version", tamper: set(".", "Version", to("1.1"))},
		{name: "response of version 1.1", want: "version", tamper: response("Version", "1.1")},
		{name: "SessionNotOnOrAfter past", want: "session ended", tamper: set(statement, "SessionNotOnOrAfter", at(-2*time.Minute))},
		{name: "InResponseTo mismatch", want: "not this browser's", tamper: set(data, "InResponseTo", to("_other"))},
		{name: "InResponseTo empty", want: "not this browser's", tamper: func(f *forgery) { find(f.assertion, data).CreateAttr("InResponseTo", "") }},
		{name: "InResponseTo missing", want: "not this browser's", tamper: set(data, "InResponseTo", to(""))},
		{name: "response's InResponseTo mismatch", want: "not this browser's", tamper: response("InResponseTo", "_other")},
		{name: "response's InResponseTo missing", want: "not this browser's", tamper: response("InResponseTo", "")},
		{name: "wrong Destination", want: "Destination", tamper: response("Destination", "https://other.example/acs")},
		{name: "missing Destination", want: "Destination", tamper: response("Destination", "")},
		{name: "Destination of the IdP-initiated address", want: "Destination", tamper: response("Destination", base+"/acs/idp")},
		{name: "wrong Recipient: another SP's ACS", want: "Recipient", tamper: set(data, "Recipient", to("https://other.example/acs"))},
		{name: "missing Recipient", want: "Recipient", tamper: set(data, "Recipient", to(""))},
		{name: "missing SubjectConfirmation", want: "no SubjectConfirmation", tamper: without("./Subject/SubjectConfirmation")},
		{name: "missing SubjectConfirmationData", want: "no SubjectConfirmationData", tamper: without(data)},
		{name: "two SubjectConfirmations", want: "2 SubjectConfirmation", tamper: again("./Subject/SubjectConfirmation")},
		{
			name: "holder-of-key", want: "not bearer",
			tamper: set("./Subject/SubjectConfirmation", "Method", to("urn:oasis:names:tc:SAML:2.0:cm:holder-of-key")),
		},
		{name: "Issuer of another IdP", want: "was issued by", tamper: text("./Issuer", "https://other.example")},
		{name: "missing Issuer", want: "no Issuer", tamper: func(f *forgery) {
			f.assertion.InsertChildAt(0, etree.NewElement("saml:Advice"))
			without("./Issuer")(f)
		}},
		{name: "response of another IdP", want: "was issued by", tamper: func(f *forgery) { find(f.response, "./Issuer").SetText("https://other.example") }},
		{name: "response without Issuer", want: "no Issuer", tamper: func(f *forgery) { f.response.RemoveChild(find(f.response, "./Issuer")) }},
		{name: "Issuer that is no entity", want: "format", tamper: set("./Issuer", "Format", to(FormatEmail))},
		{name: "missing Subject", want: "no Subject", tamper: without("./Subject")},
		{name: "missing Conditions", want: "no Conditions", tamper: without(conditions)},
		{name: "missing AuthnStatement", want: "no AuthnStatement", tamper: without(statement)},
		{name: "missing AuthnInstant", want: "no AuthnInstant", tamper: set(statement, "AuthnInstant", to(""))},
		{name: "AuthnInstant in the future", want: "in the future", tamper: set(statement, "AuthnInstant", at(2*time.Minute))},
		{name: "missing AuthnContext", want: "no AuthnContext", tamper: without("./AuthnStatement/AuthnContext")},
		{name: "empty NameID", want: "NameID has 0 bytes", tamper: text("./Subject/NameID", "")},
		{name: "missing NameID", want: "no NameID", tamper: without("./Subject/NameID")},
		{name: "two NameIDs", want: "2 NameID", tamper: again("./Subject/NameID")},
		{name: "NameID of 300 bytes", want: "300 bytes", tamper: text("./Subject/NameID", strings.Repeat("a", 300))},
		{name: "NameID with a space behind", want: "white space", tamper: text("./Subject/NameID", "ana ")},
		{name: "NameID with a line break", want: "not text", tamper: text("./Subject/NameID", "a\nna")},
		{name: "foreign-namespace NameID", want: "unexpected child", tamper: func(f *forgery) {
			find(f.assertion, "./Subject/NameID").CreateAttr("xmlns:saml", "urn:evil")
		}},
		{name: "encrypted NameID", want: "unexpected child", tamper: func(f *forgery) { find(f.assertion, "./Subject").CreateElement("saml:EncryptedID") }},
		{name: "wrong NameID format", cfg: Config{NameIDFormat: FormatEmail}, want: "has the format"},
		{name: "transient NameID as key", want: "is transient", tamper: transient},
		{name: "status not Success", want: "AuthnFailed", tamper: func(f *forgery) {
			code := find(f.response, "./Status/StatusCode")
			code.CreateAttr("Value", "urn:oasis:names:tc:SAML:2.0:status:Responder")
			code.CreateElement("samlp:StatusCode").CreateAttr("Value", "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed")
		}},
		{name: "missing Status", want: "no Status", tamper: func(f *forgery) { f.response.RemoveChild(find(f.response, "./Status")) }},
		{name: "requested MFA context not met", cfg: Config{AuthnContexts: []string{mfa}}, want: "authentication context"},
		{name: "authentication older than the connection allows", cfg: Config{MaxAge: time.Hour}, want: "max_age", tamper: set(statement, "AuthnInstant", at(-2*time.Hour))},
		{name: "external id with several values", cfg: Config{ExternalIDClaim: "department"}, want: "several values", tamper: again("./AttributeStatement/Attribute")},
		{name: "attribute without a name", want: "no Name", tamper: set("./AttributeStatement/Attribute", "Name", to(""))},
	})
}

func TestWhatTheIdPRefusesIsItsError(t *testing.T) {
	l := newLab(t, Config{})
	f := newForgery(t, l.now, l.request)
	find(f.response, "./Status/StatusCode").CreateAttr("Value", "urn:oasis:names:tc:SAML:2.0:status:Requester")
	find(f.response, "./Status").CreateElement("samlp:StatusMessage").SetText(strings.Repeat("no ", 1000))
	err := l.finish(t, f.text())
	var refused *federation.ResponseError
	if !errors.As(err, &refused) || refused.Code != "urn:oasis:names:tc:SAML:2.0:status:Requester" || len(refused.Description) != maxErrorText {
		t.Errorf("error is %v", err)
	}
}

// TestClocksMayDifferAsConfigured: a minute, unless the connection says otherwise.
func TestClocksMayDifferAsConfigured(t *testing.T) {
	for _, tc := range []struct {
		skew, ahead time.Duration
		want        string
	}{
		{0, time.Minute, ""},
		{0, 61 * time.Second, "in the future"},
		{3 * time.Minute, 3 * time.Minute, ""},
		{3 * time.Minute, 181 * time.Second, "in the future"},
		{time.Second, 2 * time.Second, "in the future"},
	} {
		l := newLab(t, Config{ClockSkew: tc.skew})
		err := l.finish(t, newForgery(t, l.now.Add(tc.ahead), l.request).seal().text())
		if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s ahead, with clock_skew %s: %v, want %q", tc.ahead, tc.skew, err, tc.want)
		}
	}
}

// TestWhoGivesUpAtTheIdP is not told that it failed, and whom it cannot log in is.
func TestWhoGivesUpAtTheIdP(t *testing.T) {
	for _, tc := range []struct {
		outer, inner string
		cancelled    bool
	}{
		{"Responder", "RequestDenied", true},
		{"Responder", "AuthnFailed", true},
		{"Requester", "RequestDenied", true},
		{"Responder", "NoPassive", false},
		{"Responder", "NoAuthnContext", false},
		{"Requester", "InvalidNameIDPolicy", false},
		{"Responder", "", false},
	} {
		l := newLab(t, Config{})
		f := newForgery(t, l.now, l.request)
		code := find(f.response, "./Status/StatusCode")
		code.CreateAttr("Value", statusPrefix+tc.outer)
		want := statusPrefix + tc.outer
		if tc.inner != "" {
			want = statusPrefix + tc.inner
			code.CreateElement("samlp:StatusCode").CreateAttr("Value", want)
		}
		var refused *federation.ResponseError
		if err := l.finish(t, f.text()); !errors.As(err, &refused) || refused.Code != want || refused.Cancelled() != tc.cancelled {
			t.Errorf("%s, %s: %v", tc.outer, tc.inner, err)
		}
	}
}

func TestAResponseIsForOneBrowserOnce(t *testing.T) {
	l := newLab(t, Config{})
	other := l.request
	l.begin(t, federation.StartRequest{MaxAge: -1})
	if err := l.finish(t, newForgery(t, l.now, other).seal().text()); err == nil || !strings.Contains(err.Error(), "not this browser's") {
		t.Errorf("InResponseTo for another browser: %v", err)
	}
	text := newForgery(t, l.now, l.request).seal().text()
	if err := l.finish(t, text); err != nil {
		t.Fatal("positive control:", err)
	}
	if err := l.finish(t, text); !isReplay(err) {
		t.Errorf("replay: %v", err)
	}
	l.now = l.now.Add(10 * time.Minute)
	if err := l.finish(t, newForgery(t, l.now, l.request).seal().text()); err != nil {
		t.Errorf("a late answer to the same request: %v", err)
	}
}

func TestParametersOfTheCallback(t *testing.T) {
	l := newLab(t, Config{})
	for _, tc := range []struct {
		name   string
		memo   []byte
		params url.Values
		want   string
	}{
		{"no response", l.started.Memo, url.Values{}, "missing"},
		{"two responses", l.started.Memo, url.Values{"SAMLResponse": {"a", "b"}}, "2 values"},
		{"two relay states", l.started.Memo, url.Values{"SAMLResponse": {"a"}, "state": {"b", "c"}}, "2 values"},
		{"response and artifact", l.started.Memo, url.Values{"SAMLResponse": {"a"}, "SAMLart": {"b"}}, "both"},
		{"no base64", l.started.Memo, url.Values{"SAMLResponse": {"<a/>"}}, "not base64"},
		{"too long", l.started.Memo, url.Values{"SAMLResponse": {strings.Repeat("A", 1<<20)}}, "bytes"},
		{"an artifact of nobody", l.started.Memo, url.Values{"SAMLart": {"AAQAAA=="}}, "not one of type 4"},
		{"no memo", nil, url.Values{"SAMLResponse": {"a"}}, "not one of ours"},
		{"an empty memo", []byte("{}"), url.Values{"SAMLResponse": {"a"}}, "incomplete"},
		{"a memo of another IdP", []byte(`{"idp":"https://other.example","request":"_a","max_age":-1,"started":1}`), url.Values{"SAMLResponse": {"a"}}, "not here"},
	} {
		_, err := l.Finish(t.Context(), federation.Response{Memo: tc.memo, Params: tc.params})
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.want)
		}
	}
}

func TestARequestedContextThatIsMet(t *testing.T) {
	l := newLab(t, Config{AuthnContexts: []string{mfa, password}})
	l.begin(t, federation.StartRequest{MaxAge: -1, ACRValues: []string{"urn:unheard", password}})
	query, err := url.Parse(l.started.URL)
	if err != nil {
		t.Fatal(err)
	}
	data, err := decodeBase64("SAMLRequest", query.Query().Get("SAMLRequest"))
	if err == nil {
		data, err = inflate(data)
	}
	if err != nil || !strings.Contains(string(data), ">"+password+"<") || strings.Contains(string(data), "urn:unheard") || strings.Contains(string(data), mfa) {
		t.Errorf("asked %s, %v", data, err)
	}
	if err := l.finish(t, newForgery(t, l.now, l.request).seal().text()); err != nil {
		t.Error(err)
	}
}

// unasked makes a response one that answers nothing.
func unasked(f *forgery) {
	const data = "./Subject/SubjectConfirmation/SubjectConfirmationData"
	f.response.CreateAttr("Destination", base+"/acs/idp")
	f.response.RemoveAttr("InResponseTo")
	find(f.assertion, data).CreateAttr("Recipient", base+"/acs/idp")
	find(f.assertion, data).RemoveAttr("InResponseTo")
}

// TestALoginThatNobodyAskedFor: what answers no request has its own address, says that it answers none, and
// is young.
func TestALoginThatNobodyAskedFor(t *testing.T) {
	const data = "./Subject/SubjectConfirmation/SubjectConfirmationData"
	for _, tc := range []struct {
		name   string
		tamper func(f *forgery)
		want   string
	}{
		{"positive control", func(*forgery) {}, ""},
		{"an answer to a request", func(f *forgery) { f.response.CreateAttr("InResponseTo", f.request) }, "nothing was asked"},
		{"an assertion that answers a request", func(f *forgery) { find(f.assertion, data).CreateAttr("InResponseTo", f.request) }, "nothing was asked"},
		{"an empty InResponseTo", func(f *forgery) { f.response.CreateAttr("InResponseTo", "") }, "nothing was asked"},
		{"for the other address", func(f *forgery) { f.response.CreateAttr("Destination", base+"/acs") }, "Destination"},
		{"with the other recipient", func(f *forgery) { find(f.assertion, data).CreateAttr("Recipient", base+"/acs") }, "Recipient"},
		{"old", func(f *forgery) { f.assertion.CreateAttr("IssueInstant", f.at(-10*time.Minute)) }, "before the login began"},
		{"unsigned", func(f *forgery) { f.signAssertion = false }, "not signed"},
	} {
		l := newLab(t, Config{})
		f := newForgery(t, l.now, l.request)
		unasked(f)
		tc.tamper(f)
		params := url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString([]byte(f.seal().text()))}}
		who, err := l.Unasked(t.Context(), params)
		switch {
		case tc.want == "" && (err != nil || who.ExternalID != "ana"):
			t.Fatalf("%s: %+v, %v", tc.name, who, err)
		case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
			t.Errorf("%s: %v, want %q", tc.name, err, tc.want)
		}
		if _, err := l.Unasked(t.Context(), params); err == nil || tc.want == "" && !isReplay(err) {
			t.Errorf("%s, again: %v", tc.name, err)
		}
	}
	l := newLab(t, Config{})
	f := newForgery(t, l.now, l.request)
	unasked(f)
	if err := l.finish(t, f.seal().text()); err == nil {
		t.Error("an answer to nothing was taken for an answer to the request")
	}
}
