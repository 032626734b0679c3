package saml

import (
	"crypto/sha1" //nolint:gosec // SAML Bindings §3.6.4
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/patchbay-auth/patchbay/federation"
)

// artifactOf is an artifact of an IdP for its endpoint of that index.
func artifactOf(entityID string, index byte) string {
	source := sha1.Sum([]byte(entityID)) //nolint:gosec // see above
	return base64.StdEncoding.EncodeToString(append(append([]byte{0, artifactType, 0, index}, source[:]...), make([]byte, 20)...))
}

const artifactXML = `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>` +
	`<samlp:ArtifactResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_artifact" Version="2.0" InResponseTo="%s">` +
	`<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">` + idpName + `</saml:Issuer>` +
	`<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>%s</samlp:ArtifactResponse></soap:Body></soap:Envelope>`

// TestArtifacts: what an artifact stands for comes from an address in the metadata, in answer to our question,
// and is judged like what a browser brings.
func TestArtifacts(t *testing.T) {
	// edited is an answer whose text was changed.
	edited := func(old, text string) func(string) string {
		return func(answer string) string {
			if !strings.Contains(answer, old) {
				t.Fatalf("no %q in the answer", old)
			}
			return strings.Replace(answer, old, text, 1)
		}
	}
	for _, tc := range []struct {
		name     string
		artifact string
		tamper   func(*forgery) // the response, before it is signed
		answer   func(string) string
		status   int
		want     string // in the error; empty is none
		down     bool   // whether it is an outage of the IdP's
	}{
		{name: "positive control"},
		{name: "an artifact of another IdP", artifact: artifactOf("https://other.example", 0), want: "another identity provider's"},
		{name: "an endpoint that there is not", artifact: artifactOf(idpName, 7), want: "no ArtifactResolutionService 7"},
		{name: "a short artifact", artifact: "AAQAAA==", want: "not one of type 4"},
		{name: "an artifact of another type", artifact: "AAM" + artifactOf(idpName, 0)[3:], want: "not one of type 4"},
		{name: "an error", status: http.StatusInternalServerError, want: "status 500", down: true},
		{name: "no SOAP", answer: edited("soap/envelope", "soap/other"), want: "not a SOAP envelope", down: true},
		{name: "two messages", answer: edited("</soap:Body>", "<x/></soap:Body>"), want: "exactly one message", down: true},
		{name: "two bodies", answer: edited("</soap:Envelope>", "<soap:Body/></soap:Envelope>"), want: "2 Body", down: true},
		{name: "DOCTYPE", answer: func(answer string) string { return "<!DOCTYPE x>" + answer }, want: "document type", down: true},
		{name: "too much", answer: func(answer string) string { return answer + strings.Repeat(" ", messageLimits.bytes) }, want: "bytes", down: true},
		{name: "another message", answer: strings.NewReplacer("ArtifactResponse", "LogoutResponse").Replace, want: "not an ArtifactResponse"},
		{name: "an answer to another question", answer: edited(`InResponseTo="_`, `InResponseTo="_x`), want: "not ours"},
		{name: "nothing in it", answer: func(answer string) string {
			before, rest, _ := strings.Cut(answer, "<samlp:Response")
			_, after, _ := strings.Cut(rest, "</samlp:Response>")
			return before + after
		}, want: "no Response"},
		{name: "a refusal", answer: edited("status:Success", "status:Requester"), want: "status:Requester"},
		{name: "an unsigned assertion", tamper: func(f *forgery) { f.signAssertion = false }, want: "not signed"},
		{name: "attacker's key", tamper: func(f *forgery) { f.idp = attacker(f.t) }, want: errSigner.Error()},
		{name: "another's response", tamper: func(f *forgery) { f.response.CreateAttr("InResponseTo", "_other") }, want: "not this browser's"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var l *lab
			var asked string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				data, _ := io.ReadAll(r.Body)
				asked = string(data)
				doc := etree.NewDocument()
				if err := doc.ReadFromBytes(data); err != nil {
					t.Error(err)
				}
				id, _ := attribute(find(doc.Root(), "./Body/ArtifactResolve"), "ID")
				f := newForgery(t, l.now, l.request)
				if tc.tamper != nil {
					tc.tamper(f)
				}
				answer := fmt.Sprintf(artifactXML, id, f.seal().text())
				if tc.answer != nil {
					answer = tc.answer(answer)
				}
				if tc.status != 0 {
					w.WriteHeader(tc.status)
				}
				_, _ = io.WriteString(w, answer)
			}))
			defer server.Close()
			service := `<ArtifactResolutionService index="0" Binding="` + bindingSOAP + `" Location="` + server.URL + `"/>`
			l = newLab(t, Config{
				ResponseBinding: BindingArtifact,
				Metadata:        []byte(strings.Replace(metadataOf(idpName, "", idpKey(t)), "<SingleLogoutService", service+"<SingleLogoutService", 1)),
			})
			artifact := tc.artifact
			if artifact == "" {
				artifact = artifactOf(idpName, 0)
			}
			response := federation.Response{Memo: l.started.Memo, Params: url.Values{"SAMLart": {artifact}}}
			who, err := l.Finish(t.Context(), response)
			if tc.want != "" {
				if err == nil || !strings.Contains(err.Error(), tc.want) || errors.Is(err, federation.ErrUnreachable) != tc.down {
					t.Errorf("error is %v, want %q", err, tc.want)
				}
				if tc.artifact != "" && asked != "" {
					t.Error("the identity provider was asked about it")
				}
				return
			}
			if err != nil || who.Subject != "ana" {
				t.Fatalf("%+v, %v", who, err)
			}
			for _, part := range []string{">" + artifact + "<", "SignatureValue", `Destination="` + server.URL + `"`} {
				if !strings.Contains(asked, part) {
					t.Errorf("no %s in %s", part, asked)
				}
			}
		})
	}
}
