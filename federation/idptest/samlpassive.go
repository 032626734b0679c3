package idptest

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/url"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
)

// refusePassive answers a request that must not show a page: nobody is ever logged in here (SAML Core §3.4.1).
func (s *SAML) refusePassive(w http.ResponseWriter, req *saml.IdpAuthnRequest) {
	response := saml.Response{
		ID: "_" + rand.Text(), InResponseTo: req.Request.ID, Version: "2.0", IssueInstant: time.Now().UTC(),
		Destination: req.ACSEndpoint.Location, Issuer: &saml.Issuer{Value: s.provider.MetadataURL.String()},
		Status: saml.Status{StatusCode: saml.StatusCode{
			Value: saml.StatusResponder, StatusCode: &saml.StatusCode{Value: saml.StatusNoPassive},
		}},
	}
	doc := etree.NewDocument()
	doc.SetRoot(response.Element())
	text, err := doc.WriteToBytes()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.page.post(w, req.ACSEndpoint.Location, url.Values{
		"SAMLResponse": {base64.StdEncoding.EncodeToString(text)}, "RelayState": {req.RelayState},
	})
}
