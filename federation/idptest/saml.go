package idptest

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"
)

// SAMLConfig describes a SAML identity provider.
type SAMLConfig struct {
	// Listen and Name are as in Config.
	Listen, Name string
	Users        []User
	// CertificateLifetime is how long its signing certificates are valid. Zero means 90 days.
	CertificateLifetime time.Duration
}

// SAML is a running SAML identity provider on crewjam/saml: the same login page, a signed response with a
// signed assertion in a form that posts itself. A User's Subject is the NameID, which is persistent; texts
// among the Claims become attributes.
//
// Assertions carry the machine's time.
type SAML struct {
	base     string
	page     pages
	users    []User
	provider *saml.IdentityProvider
	lifetime time.Duration // of certificates
	server   *http.Server
	served   chan error

	down      atomic.Bool
	plaintext atomic.Bool

	mu       sync.Mutex
	services map[string]*saml.EntityDescriptor // by entity ID
	pending  map[string]*saml.IdpAuthnRequest  // logins at the login page, by id
	seen     []Seen
	sessions []SAMLSession
}

// Seen is what a service provider asked for.
type Seen struct {
	ID         string
	ForceAuthn bool
	Signed     bool
	RelayState string
}

const (
	samlMetadataPath = "/saml/metadata"
	samlSSOPath      = "/saml/sso"
	samlLoginPath    = "/saml/login"
)

// StartSAML starts a SAML identity provider, which runs until Close.
func StartSAML(cfg SAMLConfig) (*SAML, error) {
	if cfg.Listen == "" {
		cfg.Listen = "localhost:0"
	}
	if cfg.Name == "" {
		cfg.Name = "Example Organisation"
	}
	if cfg.CertificateLifetime == 0 {
		cfg.CertificateLifetime = 90 * 24 * time.Hour
	}
	listener, base, err := listen(cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen %q: %w", cfg.Listen, err)
	}
	s, err := newSAML(cfg, base)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	go func() { s.served <- s.server.Serve(listener) }()
	return s, nil
}

func newSAML(cfg SAMLConfig, base string) (*SAML, error) {
	s := &SAML{
		base: base, page: pages{name: cfg.Name}, users: cfg.Users, lifetime: cfg.CertificateLifetime, served: make(chan error, 1),
		services: map[string]*saml.EntityDescriptor{}, pending: map[string]*saml.IdpAuthnRequest{},
	}
	u, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	s.provider = &saml.IdentityProvider{
		Logger: log.New(io.Discard, "", 0), SignatureMethod: dsig.RSASHA256SignatureMethod,
		MetadataURL: *u.JoinPath(samlMetadataPath), SSOURL: *u.JoinPath(samlSSOPath),
		LogoutURL:               *u.JoinPath(samlLogoutPath),
		ServiceProviderProvider: s,
	}
	if err := s.RotateKeys(); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+samlMetadataPath, s.metadata)
	mux.HandleFunc(samlSSOPath, s.ask)
	mux.HandleFunc("GET "+samlLogoutPath, s.logout)
	mux.HandleFunc("GET "+samlLoginPath, s.showLogin)
	mux.HandleFunc("POST "+samlLoginPath, s.submitLogin)
	s.server = &http.Server{Handler: unless(&s.down, mux), ReadHeaderTimeout: 10 * time.Second}
	return s, nil
}

// MetadataURL returns where the identity provider's metadata is; it is also its entity ID.
func (s *SAML) MetadataURL() string { return s.base + samlMetadataPath }

// Close stops the identity provider and drops its connections.
func (s *SAML) Close() error {
	err := s.server.Close()
	if served := <-s.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// AddService registers a service provider by its metadata, replacing one with the same entity ID.
func (s *SAML) AddService(metadata []byte) error {
	d := new(saml.EntityDescriptor)
	if err := xml.Unmarshal(metadata, d); err != nil {
		return fmt.Errorf("service provider's metadata: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.services[d.EntityID] = d
	return nil
}

// GetServiceProvider implements saml.ServiceProviderProvider.
func (s *SAML) GetServiceProvider(_ *http.Request, entityID string) (*saml.EntityDescriptor, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, ok := s.services[entityID]
	if !ok {
		return nil, os.ErrNotExist
	}
	if !s.plaintext.Load() {
		return d, nil
	}
	plain := *d
	plain.SPSSODescriptors = append([]saml.SPSSODescriptor(nil), d.SPSSODescriptors...)
	for i := range plain.SPSSODescriptors {
		plain.SPSSODescriptors[i].KeyDescriptors = nil
	}
	return &plain, nil
}

// Plaintext makes assertions travel without encryption, until Plaintext(false).
func (s *SAML) Plaintext(plaintext bool) { s.plaintext.Store(plaintext) }

// Down makes the provider break off every request without an answer, until Down(false).
func (s *SAML) Down(down bool) { s.down.Store(down) }

// Seen returns what service providers have asked for, the latest last.
func (s *SAML) Seen() []Seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Seen(nil), s.seen...)
}

// RotateKeys replaces the signing key and its certificate. The old one is no longer published.
func (s *SAML) RotateKeys() error {
	key, err := newSigningKey()
	if err != nil {
		return err
	}
	certificate, err := selfSigned(key.private, s.lifetime)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.provider.Key, s.provider.Certificate = key.private, certificate
	return nil
}

func selfSigned(key *rsa.PrivateKey, lifetime time.Duration) (*x509.Certificate, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "test identity provider"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(lifetime),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func (s *SAML) metadata(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	text, err := xml.Marshal(s.provider.Metadata())
	s.mu.Unlock()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/samlmetadata+xml")
	_, _ = w.Write(text)
}

// ask takes an AuthnRequest by either binding, and shows the login page.
func (s *SAML) ask(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	req, err := saml.NewIdpAuthnRequest(s.provider, r)
	if err == nil {
		err = req.Validate()
	}
	if err != nil {
		http.Error(w, "This is no request that can be answered: "+err.Error(), http.StatusBadRequest)
		return
	}
	if passive := req.Request.IsPassive; passive != nil && *passive {
		s.refusePassive(w, req)
		return
	}
	id := rand.Text()
	s.mu.Lock()
	s.pending[id] = req
	s.seen = append(s.seen, Seen{
		ID: req.Request.ID, RelayState: req.RelayState, ForceAuthn: req.Request.ForceAuthn != nil && *req.Request.ForceAuthn,
		Signed: r.URL.Query().Has("Signature") || bytes.Contains(req.RequestBuffer, []byte("SignatureValue")),
	})
	s.mu.Unlock()
	http.Redirect(w, r, samlLoginPath+"?id="+id, http.StatusSeeOther)
}

func (s *SAML) login(r *http.Request) (*saml.IdpAuthnRequest, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	req, ok := s.pending[r.URL.Query().Get("id")]
	return req, ok
}

func (s *SAML) showLogin(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.login(r); !ok {
		http.Error(w, "This login has expired. Go back to where you came from and try again.", http.StatusBadRequest)
		return
	}
	s.page.login(w, http.StatusOK, "", false)
}

func (s *SAML) submitLogin(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	req, ok := s.login(r)
	if !ok {
		http.Error(w, "This login has expired. Go back to where you came from and try again.", http.StatusBadRequest)
		return
	}
	user, ok := s.authenticate(r.PostFormValue("login"), r.PostFormValue("password"))
	if !ok {
		s.page.login(w, http.StatusUnauthorized, r.PostFormValue("login"), true)
		return
	}
	s.mu.Lock()
	index := rand.Text()
	form, err := answer(req, user, index)
	s.sessions = append(s.sessions, SAMLSession{Service: req.ServiceProviderMetadata.EntityID, NameID: user.Subject, Index: index})
	s.mu.Unlock()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.page.post(w, form.URL, url.Values{"SAMLResponse": {form.SAMLResponse}, "RelayState": {form.RelayState}})
}

func (s *SAML) authenticate(login, password string) (User, bool) {
	for _, u := range s.users {
		if u.Login == login && u.Password == password {
			return u, true
		}
	}
	return User{}, false
}

func answer(req *saml.IdpAuthnRequest, user User, index string) (saml.IdpAuthnRequestForm, error) {
	session := &saml.Session{
		CreateTime: time.Now(), ExpireTime: time.Now().Add(time.Hour), Index: index,
		NameID: user.Subject, NameIDFormat: string(saml.PersistentNameIDFormat),
	}
	for name, value := range user.Claims {
		if text, ok := value.(string); ok {
			session.CustomAttributes = append(session.CustomAttributes, saml.Attribute{
				Name: name, NameFormat: "urn:oasis:names:tc:SAML:2.0:attrname-format:basic",
				Values: []saml.AttributeValue{{Type: "xs:string", Value: text}},
			})
		}
	}
	if err := (saml.DefaultAssertionMaker{}).MakeAssertion(req, session); err != nil {
		return saml.IdpAuthnRequestForm{}, err
	}
	return req.PostBinding()
}

// Certificate returns the certificate of the key that signs now, in base64.
func (s *SAML) Certificate() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return base64.StdEncoding.EncodeToString(s.provider.Certificate.Raw)
}
