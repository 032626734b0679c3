package idptest

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"
)

const samlLogoutPath = "/saml/slo"

// A SAMLSession is a login that a service provider was told of.
type SAMLSession struct {
	Service string // entity ID
	NameID  string
	Index   string
}

// Sessions returns the sessions that nobody has ended yet, the latest last.
func (s *SAML) Sessions() []SAMLSession {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]SAMLSession(nil), s.sessions...)
}

// logout takes a LogoutRequest by redirect and answers it in the same way.
func (s *SAML) logout(w http.ResponseWriter, r *http.Request) {
	request, err := readLogout(r.URL.Query().Get("SAMLRequest"))
	if err != nil || request.Issuer == nil || request.NameID == nil || request.SessionIndex == nil {
		if r.URL.Query().Has("SAMLResponse") { // to a request of ours
			_, _ = io.WriteString(w, "You have signed out everywhere.")
			return
		}
		http.Error(w, "This is no request that can be answered.", http.StatusBadRequest)
		return
	}
	ended := SAMLSession{Service: request.Issuer.Value, NameID: request.NameID.Value, Index: request.SessionIndex.Value}
	s.end(ended)
	response := saml.LogoutResponse{
		ID: newMessageID(), InResponseTo: request.ID, Version: "2.0", IssueInstant: time.Now().UTC(), Issuer: s.issuer(),
		Status: saml.Status{StatusCode: saml.StatusCode{Value: saml.StatusSuccess}},
	}
	to, err := s.logoutAddress(ended.Service)
	if err == nil {
		response.Destination = to
		to, err = s.signedRedirect(to, "SAMLResponse", response.Element(), r.URL.Query().Get("RelayState"))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// EndSession ends a session here and returns the address to which the identity provider would send the
// person's browser to end it at the service provider too, signed by its query.
func (s *SAML) EndSession(session SAMLSession, relayState string) (address string, err error) {
	s.end(session)
	to, err := s.logoutAddress(session.Service)
	if err != nil {
		return "", err
	}
	now := time.Now().UTC()
	until := now.Add(time.Minute)
	request := saml.LogoutRequest{
		ID: newMessageID(), Version: "2.0", IssueInstant: now, NotOnOrAfter: &until, Destination: to, Issuer: s.issuer(),
		NameID:       &saml.NameID{Value: session.NameID, Format: string(saml.PersistentNameIDFormat)},
		SessionIndex: &saml.SessionIndex{Value: session.Index},
	}
	return s.signedRedirect(to, "SAMLRequest", request.Element(), relayState)
}

func (s *SAML) end(session SAMLSession) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, known := range s.sessions {
		if known == session {
			s.sessions = append(s.sessions[:i:i], s.sessions[i+1:]...)
			return
		}
	}
}

func (s *SAML) issuer() *saml.Issuer { return &saml.Issuer{Value: s.MetadataURL()} }

func newMessageID() string { return "_" + rand.Text() }

// logoutAddress returns where a service provider takes logouts by redirect.
func (s *SAML) logoutAddress(service string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, ok := s.services[service]
	if !ok {
		return "", fmt.Errorf("there is no service provider %q", service)
	}
	for _, role := range d.SPSSODescriptors {
		for _, e := range role.SingleLogoutServices {
			if e.Binding == saml.HTTPRedirectBinding {
				return e.Location, nil
			}
		}
	}
	return "", fmt.Errorf("service provider %q takes no logouts", service)
}

func readLogout(encoded string) (*saml.LogoutRequest, error) {
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(data) == 0 {
		return nil, errors.New("SAMLRequest is not base64")
	}
	plain, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(data)), 64<<10))
	if err != nil {
		return nil, err
	}
	request := new(saml.LogoutRequest)
	return request, xml.Unmarshal(plain, request)
}

// signedRedirect puts a message into a query and signs that (SAML Bindings §3.4.4.1).
func (s *SAML) signedRedirect(to, kind string, message *etree.Element, relayState string) (string, error) {
	doc := etree.NewDocument()
	doc.SetRoot(message)
	var deflated bytes.Buffer
	w, err := flate.NewWriter(&deflated, flate.DefaultCompression)
	if err != nil {
		return "", err
	}
	if _, err := doc.WriteTo(w); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	query := kind + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(deflated.Bytes()))
	if relayState != "" {
		query += "&RelayState=" + url.QueryEscape(relayState)
	}
	query += "&SigAlg=" + url.QueryEscape(dsig.RSASHA256SignatureMethod)
	h := crypto.SHA256.New()
	h.Write([]byte(query))
	s.mu.Lock()
	key, ok := s.provider.Key.(crypto.Signer)
	s.mu.Unlock()
	if !ok {
		return "", errors.New("the signing key cannot sign")
	}
	signature, err := key.Sign(rand.Reader, h.Sum(nil), crypto.SHA256)
	if err != nil {
		return "", err
	}
	return to + "?" + query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature)), nil
}
