package saml

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/crewjam/saml"

	"github.com/patchbay-auth/patchbay/federation"
)

// TestExaminePages: what a page means is told by the pages that others get.
func TestExaminePages(t *testing.T) {
	const (
		form    = `<html><title>Sign in</title><body><form><input type="text" name="user"><input type="password" name="pw"></form>`
		unknown = `<html><head><title>Unknown service</title></head><body><p>The application &quot;%s&quot; is not registered with this login service. Ask whoever runs it.</p>`
		invalid = `<html><head><title>Error</title></head><body><p>The request has no signature that can be believed. Ask whoever runs the application.</p>`
		script  = `<html><head><title>Sign in</title></head><body><noscript>You need JavaScript to sign in here, so please allow it and try again</noscript><div id="app"></div>`
	)
	for name, test := range map[string]struct {
		ours, nobodys, forged string // the page for each
		status                int
		grade                 federation.Grade
		message, fix          string
	}{
		"control: a login page, for those it knows": {form, unknown, invalid, 200, federation.Good, "knows this connection", ""},
		"a login page for everybody":                {form, form, form, 200, federation.Warning, "stays open", "Log in once"},
		"not registered":                            {unknown, unknown, invalid, 200, federation.Fault, `does not know: a page that says "Unknown service", with HTTP status 200`, base + "/acs"},
		"not registered, and it says so":            {unknown, unknown, invalid, 404, federation.Fault, "with HTTP status 404", base + "/metadata"},
		"another certificate":                       {invalid, unknown, invalid, 200, federation.Fault, "does not believe our signature", "Load our metadata anew"},
		"something else":                            {invalid, unknown, form, 500, federation.Fault, `refuses our request: a page that says "Error"`, "log"},
		"made by its script":                        {script, script, script, 200, federation.Warning, "may be its login page", "Log in once"},
	} {
		t.Run(name, func(t *testing.T) {
			idp := startIdP(t)
			s := open(t, Config{MetadataURL: idp.MetadataURL(), SignRequests: true})
			known, err := s.source.get(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				page, issuer := test.forged, requestedBy(t, r)
				switch {
				case issuer != s.entityID():
					page = test.nobodys
				case isOurs(t, r):
					page = test.ours
				}
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(strings.ReplaceAll(page, "%s", issuer)))
			}))
			defer server.Close()
			d := *known
			d.sso = endpoints{bindingRedirect: {location: server.URL}}
			var f federation.Findings
			s.examineRequest(t.Context(), &d, &f)
			if len(f) != 1 || f[0].Code != codeRequest || f[0].Grade != test.grade || !strings.Contains(f[0].Message, test.message) || !strings.Contains(f[0].Fix, test.fix) {
				t.Errorf("found %+v", f)
			}
		})
	}
}

// TestExamineAnswers: what the IdP has us read tells what to do, and so does who has signed it.
func TestExamineAnswers(t *testing.T) {
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	own := testKey(t) // the IdP's as well, here
	for name, test := range map[string]struct {
		status  string
		key     *rsa.PrivateKey // nil: not signed
		code    string
		grade   federation.Grade
		side    federation.Side
		message string
		fix     string
	}{
		"control":              {"NoPassive", own.Private, codeRequest, federation.Good, "", "takes a signed request", ""},
		"control, unsigned":    {"NoPassive", nil, codeRequest, federation.Good, "", "takes a signed request", ""},
		"signed by another":    {"NoPassive", stranger, "signature", federation.Fault, federation.There, "a key that its metadata does not name", "Publish the certificate"},
		"a refusal":            {"RequestDenied", own.Private, codeRequest, federation.Fault, federation.There, `status:RequestDenied "in its words"`, "Register this connection"},
		"another NameID":       {"InvalidNameIDPolicy", own.Private, codeRequest, federation.Fault, federation.Here, "InvalidNameIDPolicy", "name_id_format"},
		"another context":      {"NoAuthnContext", own.Private, codeRequest, federation.Fault, federation.Here, "NoAuthnContext", "acr_values"},
		"another binding":      {"UnsupportedBinding", own.Private, codeRequest, federation.Fault, federation.Here, "UnsupportedBinding", "response_binding"},
		"a login, of somebody": {"Success", own.Private, codeRequest, federation.Warning, federation.There, "logs somebody in", "Ask who runs it"},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, Config{MetadataURL: "http://127.0.0.1:9/", SignRequests: true})
			el := saml.Response{ID: newID(), Version: samlVersion, Issuer: &saml.Issuer{Value: "urn:idp"}, Status: saml.Status{
				StatusCode:    saml.StatusCode{Value: statusPrefix + "Responder", StatusCode: &saml.StatusCode{Value: statusPrefix + test.status}},
				StatusMessage: &saml.StatusMessage{Value: "in its words"},
			}}
			if test.status == "Success" {
				el.Status.StatusCode = saml.StatusCode{Value: statusSuccess}
			}
			message := el.Element()
			if test.key != nil {
				if err := signEnveloped(message, Key{Private: test.key, Certificate: own.Certificate}); err != nil {
					t.Fatal(err)
				}
			}
			data, err := serialise(message)
			if err != nil {
				t.Fatal(err)
			}
			answer := reply{params: url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString(data)}}}
			var f federation.Findings
			s.examineAnswer(t.Context(), &idp{certificates: []*x509.Certificate{own.Certificate}}, answer, &f)
			some := found(f, test.code)
			if len(some) != 1 || some[0].Grade != test.grade || some[0].Side != test.side ||
				!strings.Contains(some[0].Message, test.message) || !strings.Contains(some[0].Fix, test.fix) || f.Failed() != (test.grade == federation.Fault) {
				t.Errorf("found %+v", f)
			}
		})
	}
}

// requestedBy returns the Issuer of the request in a query.
func requestedBy(t *testing.T, r *http.Request) string {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(r.URL.Query().Get("SAMLRequest"))
	if err == nil {
		data, err = inflate(data)
	}
	if err != nil {
		t.Error(err)
		return ""
	}
	root, err := messageLimits.parse(data)
	if err != nil {
		t.Error(err)
		return ""
	}
	issuer, err := only(root, nsAssertion, "Issuer")
	if err != nil {
		t.Error(err)
		return ""
	}
	return issuer.Text()
}

// isOurs reports whether our key has signed the query.
func isOurs(t *testing.T, r *http.Request) bool {
	t.Helper()
	q, err := readSignedQuery(r.URL.RawQuery, "SAMLRequest")
	if err != nil {
		t.Error(err)
		return false
	}
	return checkAny([]*x509.Certificate{testKey(t).Certificate}, q.algorithm, q.signed, q.signature) == nil
}
