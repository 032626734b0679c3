package saml

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/patchbay-auth/patchbay/federation"
)

// A memo is what Finish must know about Start.
type memo struct {
	// IdP says who was asked: a connection may be reconfigured between the calls.
	IdP string `json:"idp"`
	// Request is the id of the request, which its answer must name.
	Request string `json:"request"`
	// Contexts are the authentication contexts of which one was demanded.
	Contexts []string `json:"contexts,omitempty"`
	// MaxAge is in seconds, or anyAge.
	MaxAge int64 `json:"max_age"`
	// Started is in seconds since 1970.
	Started int64 `json:"started"`
}

const anyAge = -1

// Start asks the IdP for one login. Its error wraps federation.ErrUnreachable when the IdP's metadata is
// not known, and federation.ErrOurs when our keys are not.
func (s *SAML) Start(ctx context.Context, r federation.StartRequest) (federation.Started, error) {
	started, err := s.start(ctx, r)
	if err != nil {
		return federation.Started{}, fmt.Errorf("connection %q: %w", s.cfg.Connection, err)
	}
	return started, nil
}

func (s *SAML) start(ctx context.Context, r federation.StartRequest) (federation.Started, error) {
	idp, err := s.source.get(ctx)
	if err != nil {
		return federation.Started{}, err
	}
	now := s.cfg.Now()
	m := memo{
		IdP: idp.entityID, Request: newID(), MaxAge: anyAge, Started: now.Unix(),
		Contexts: s.contexts(r.ACRValues),
	}
	if r.Prompt == "login" { // and an IdP that shows no login page all the same is not believed
		m.MaxAge = 0
	} else if age := s.maxAge(r.MaxAge); age >= 0 {
		m.MaxAge = int64(age / time.Second)
	}
	text, err := json.Marshal(m)
	if err != nil {
		return federation.Started{}, fmt.Errorf("memo: %w", err)
	}
	// A fresh login is all that SAML can ask for: it has no words for an age. What the connection itself
	// demands is no reason, or nobody would ever be logged in by the session they have there.
	fresh := r.Prompt == "login" || r.MaxAge >= 0 && (s.cfg.MaxAge == 0 || r.MaxAge < s.cfg.MaxAge)
	location, form, err := s.dispatch(ctx, dispatch{
		message: s.authnRequest(m, fresh, now), kind: "SAMLRequest", relayState: r.State,
		endpoints: idp.sso, binding: s.cfg.RequestBinding, sign: s.cfg.SignRequests || idp.wantsSigned,
	})
	return federation.Started{URL: location, Form: form, Memo: text}, err
}

// contexts returns what to demand: those that the client asked for and the connection knows, else all
// that the connection accepts. What an IdP has never heard of would only make it refuse.
func (s *SAML) contexts(wanted []string) []string {
	var both []string
	for _, acr := range wanted {
		if slices.Contains(s.cfg.AuthnContexts, acr) {
			both = append(both, acr)
		}
	}
	if len(both) > 0 {
		return both
	}
	return s.cfg.AuthnContexts
}

// maxAge returns the stricter of the request's and the connection's; negative means any.
func (s *SAML) maxAge(asked time.Duration) time.Duration {
	switch {
	case s.cfg.MaxAge == 0:
		return asked
	case asked < 0:
		return s.cfg.MaxAge
	}
	return min(asked, s.cfg.MaxAge)
}

func (s *SAML) authnRequest(m memo, fresh bool, now time.Time) *etree.Element {
	create := true
	request := saml.AuthnRequest{
		ID: m.Request, Version: samlVersion, IssueInstant: now.UTC(), Issuer: s.issuer(),
		AssertionConsumerServiceURL: s.consumer(), ProtocolBinding: bindingPOST,
		NameIDPolicy: &saml.NameIDPolicy{AllowCreate: &create},
	}
	if s.cfg.ResponseBinding == BindingArtifact {
		request.ProtocolBinding = bindingArtifact
	}
	if fresh {
		request.ForceAuthn = &fresh
	}
	if s.cfg.NameIDFormat != "" {
		request.NameIDPolicy.Format = &s.cfg.NameIDFormat
	}
	el := request.Element()
	if len(m.Contexts) > 0 {
		requested := el.CreateElement("samlp:RequestedAuthnContext")
		requested.CreateAttr("Comparison", "exact")
		for _, c := range m.Contexts {
			requested.CreateElement("saml:AuthnContextClassRef").SetText(c)
		}
	}
	return el
}

func (s *SAML) issuer() *saml.Issuer { return &saml.Issuer{Value: s.entityID()} }

// readMemo returns the memo of a login that was started at this very IdP.
func (s *SAML) readMemo(text []byte, idp *idp) (memo, error) {
	var m memo
	switch err := json.Unmarshal(text, &m); {
	case err != nil:
		return memo{}, errors.New("memo: not one of ours")
	case m.Request == "" || m.MaxAge < anyAge || m.Started <= 0:
		return memo{}, errors.New("memo: incomplete")
	case m.IdP != idp.entityID:
		return memo{}, fmt.Errorf("memo: login was started at %q, not here", m.IdP)
	}
	return m, nil
}

// newID returns an id that is an NCName, as XML wants it.
func newID() string { return "_" + rand.Text() }

// A dispatch is a message on its way to the IdP.
type dispatch struct {
	message *etree.Element
	// kind is SAMLRequest or SAMLResponse.
	kind, relayState string
	endpoints        endpoints
	binding          Binding
	sign             bool
}

// dispatch returns where to send the browser, and the form to send it with unless it is redirected. An
// IdP that lacks the binding gets the other one.
func (s *SAML) dispatch(ctx context.Context, d dispatch) (location string, form url.Values, err error) {
	location, binding := d.endpoints.location(d.binding)
	if location == "" {
		return "", nil, fmt.Errorf("the identity provider's metadata names no address for a %s", d.message.Tag)
	}
	var key Key
	if d.sign {
		keys, err := s.cfg.Store.Keys(ctx)
		if err != nil {
			return "", nil, err
		}
		if key, err = federation.Signing(keys, s.cfg.Now()); err != nil {
			return "", nil, err
		}
	}
	d.message.CreateAttr("Destination", location)
	if binding == BindingRedirect {
		location, err = redirectURL(location, d, key)
		return location, nil, err
	}
	if d.sign {
		if err := signEnveloped(d.message, key); err != nil {
			return "", nil, err
		}
	}
	data, err := serialise(d.message)
	if err != nil {
		return "", nil, err
	}
	form = url.Values{d.kind: {base64.StdEncoding.EncodeToString(data)}}
	if d.relayState != "" {
		form.Set("RelayState", d.relayState)
	}
	return location, form, nil
}

// redirectURL puts a message into a query, and signs that (SAML Bindings §3.4.4.1).
func redirectURL(location string, d dispatch, key Key) (string, error) {
	data, err := serialise(d.message)
	if err != nil {
		return "", err
	}
	var deflated bytes.Buffer
	w, err := flate.NewWriter(&deflated, flate.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err := w.Write(data); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	query := d.kind + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(deflated.Bytes()))
	if d.relayState != "" {
		query += "&RelayState=" + url.QueryEscape(d.relayState)
	}
	if d.sign {
		query += "&SigAlg=" + url.QueryEscape(dsig.RSASHA256SignatureMethod)
		value, err := sign(key, []byte(query))
		if err != nil {
			return "", err
		}
		query += "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(value))
	}
	if strings.Contains(location, "?") {
		return location + "&" + query, nil
	}
	return location + "?" + query, nil
}

func sign(key Key, data []byte) ([]byte, error) {
	h := crypto.SHA256.New()
	h.Write(data)
	return key.Private.Sign(rand.Reader, h.Sum(nil), crypto.SHA256)
}

// signEnveloped puts a signature where the schema wants it: behind the Issuer.
func signEnveloped(el *etree.Element, key Key) error {
	ctx, err := dsig.NewSigningContext(key.Private, [][]byte{key.Certificate.Raw})
	if err != nil {
		return err
	}
	ctx.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if err := ctx.SetSignatureMethod(dsig.RSASHA256SignatureMethod); err != nil {
		return err
	}
	signature, err := ctx.ConstructSignature(el, true)
	if err != nil {
		return fmt.Errorf("signing a %s: %w", el.Tag, err)
	}
	at := 0
	if issuer, err := only(el, nsAssertion, "Issuer"); err == nil {
		at = issuer.Index() + 1
	}
	el.InsertChildAt(at, signature)
	return nil
}

func serialise(el *etree.Element) ([]byte, error) {
	doc := etree.NewDocument()
	doc.SetRoot(el.Copy())
	return doc.WriteToBytes()
}
