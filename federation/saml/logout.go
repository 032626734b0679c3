package saml

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"

	"github.com/patchbay-auth/patchbay/federation"
)

// A hint is what the IdP must be told to find its session again (SAML Core §3.7.1).
type hint struct {
	IdP             string `json:"idp"`
	NameID          string `json:"name_id"`
	Format          string `json:"format"`
	NameQualifier   string `json:"name_qualifier,omitempty"`
	SPNameQualifier string `json:"sp_name_qualifier,omitempty"`
	Session         string `json:"session,omitempty"`
}

func newHint(idp *idp, a assertion) ([]byte, error) {
	return json.Marshal(hint{
		IdP: idp.entityID, NameID: a.nameID.value, Format: a.nameID.format, NameQualifier: a.nameID.nameQualifier,
		SPNameQualifier: a.nameID.spNameQualifier, Session: a.session,
	})
}

// Logout returns where to send the browser to log out at the IdP too. By a redirect where the IdP
// takes that, else by a form. The URL is empty if it has no address for either, or if there is no hint: without one SAML has no words for whose
// session it is. The answer comes to saml/slo, whatever the request says, with the state as its relay state.
// The memo is for AnswersLogout.
func (s *SAML) Logout(ctx context.Context, r federation.LogoutRequest) (federation.Started, error) {
	started, err := s.logout(ctx, r)
	if err != nil {
		return federation.Started{}, fmt.Errorf("connection %q: %w", s.cfg.Connection, err)
	}
	return started, nil
}

func (s *SAML) logout(ctx context.Context, r federation.LogoutRequest) (federation.Started, error) {
	if len(r.Hint) == 0 {
		return federation.Started{}, nil
	}
	var h hint
	if err := json.Unmarshal(r.Hint, &h); err != nil {
		return federation.Started{}, errors.New("logout hint: not one of ours")
	}
	idp, err := s.source.get(ctx)
	if err != nil {
		return federation.Started{}, err
	}
	if at, _ := idp.slo.location(BindingRedirect); at == "" || h.IdP != idp.entityID {
		return federation.Started{}, nil
	}
	now := s.cfg.Now().UTC()
	until := now.Add(maxTransit)
	m := memo{IdP: idp.entityID, Request: newID(), MaxAge: anyAge, Started: now.Unix()}
	text, err := json.Marshal(m)
	if err != nil {
		return federation.Started{}, fmt.Errorf("memo: %w", err)
	}
	request := saml.LogoutRequest{
		ID: m.Request, Version: samlVersion, IssueInstant: now, NotOnOrAfter: &until, Issuer: s.issuer(),
		NameID: &saml.NameID{Value: h.NameID, Format: h.Format, NameQualifier: h.NameQualifier, SPNameQualifier: h.SPNameQualifier},
	}
	if h.Session != "" {
		request.SessionIndex = &saml.SessionIndex{Value: h.Session}
	}
	location, form, err := s.dispatch(ctx, dispatch{
		message: request.Element(), kind: "SAMLRequest", relayState: r.State, endpoints: idp.slo, binding: BindingRedirect, sign: true,
	})
	if err != nil {
		return federation.Started{}, err
	}
	return federation.Started{URL: location, Form: form, Memo: text}, nil
}

// SingleLogout verifies a LogoutRequest that a browser brought to saml/slo, and returns whose sessions
// have ended at the IdP, and the answer that the browser is to carry back once they have ended here. It
// must be signed: by the query that carries it, or in the form (SAML Profiles §4.4.3.1). The answer's URL is
// empty if the IdP has no address for one. The errors are Finish's.
func (s *SAML) SingleLogout(ctx context.Context, m federation.LogoutMessage) (federation.LogoutNotice, federation.Started, error) {
	notice, answer, err := s.singleLogout(ctx, m)
	if err != nil {
		return federation.LogoutNotice{}, federation.Started{}, fmt.Errorf("connection %q: %w", s.cfg.Connection, err)
	}
	return notice, answer, nil
}

func (s *SAML) singleLogout(ctx context.Context, m federation.LogoutMessage) (_ federation.LogoutNotice, _ federation.Started, err error) {
	defer survive("LogoutRequest", &err)
	known, err := s.source.get(ctx)
	if err != nil {
		return federation.LogoutNotice{}, federation.Started{}, err
	}
	var request *etree.Element
	var relayState string
	err = s.withNewer(ctx, known, func(d *idp) (err error) {
		known = d
		request, relayState, err = receiveSigned(m, d, "SAMLRequest")
		return err
	})
	if err != nil {
		return federation.LogoutNotice{}, federation.Started{}, err
	}
	notice, err := s.readLogout(request, known)
	if err != nil {
		return federation.LogoutNotice{}, federation.Started{}, err
	}
	to := known.slo.forResponses()
	if at, _ := to.location(BindingRedirect); at == "" { // no address for an answer is no reason to let the sessions live
		return notice, federation.Started{}, nil
	}
	response := saml.LogoutResponse{
		ID: newID(), InResponseTo: notice.ID, Version: samlVersion, IssueInstant: s.cfg.Now().UTC(), Issuer: s.issuer(),
		Status: saml.Status{StatusCode: saml.StatusCode{Value: statusSuccess}},
	}
	location, form, err := s.dispatch(ctx, dispatch{
		message: response.Element(), kind: "SAMLResponse", relayState: relayState, endpoints: to,
		binding: BindingRedirect, sign: true,
	})
	return notice, federation.Started{URL: location, Form: form}, err
}

// forResponses returns the addresses at which responses are taken.
func (e endpoints) forResponses() endpoints {
	to := endpoints{}
	for binding, at := range e {
		to[binding] = endpoint{location: at.responses}
	}
	return to
}

// maxRelayState bounds what we carry back, in bytes. SAML Bindings §3.4.3 allows 80; some send more.
const maxRelayState = 1 << 10

// receiveSigned returns a message as it was signed, and the relay state that came with it. kind is SAMLRequest
// or SAMLResponse.
func receiveSigned(m federation.LogoutMessage, idp *idp, kind string) (*etree.Element, string, error) {
	if m.Form != nil {
		return receivePosted(m.Form, idp, kind)
	}
	q, err := readSignedQuery(m.Query, kind)
	if err != nil {
		return nil, "", err
	}
	if err := checkAny(idp.certificates, q.algorithm, q.signed, q.signature); err != nil {
		return nil, "", fmt.Errorf("query: %w", err)
	}
	data, err := inflate(q.message)
	if err != nil {
		return nil, "", err
	}
	root, err := messageLimits.parse(data)
	return root, q.relayState, err
}

func receivePosted(form url.Values, idp *idp, kind string) (*etree.Element, string, error) {
	if len(form[kind]) != 1 || len(form["RelayState"]) > 1 || len(form.Get("RelayState")) > maxRelayState {
		return nil, "", fmt.Errorf("form has not one %s and one RelayState", kind)
	}
	data, err := decodeBase64(kind, form.Get(kind))
	if err != nil {
		return nil, "", err
	}
	root, err := messageLimits.parse(data)
	if err != nil {
		return nil, "", err
	}
	if err := checkStructure(root); err != nil {
		return nil, "", err
	}
	signed, err := verify(root, idp.certificates)
	if err == nil && signed == nil {
		err = fmt.Errorf("%s is not signed", cut(root.Tag))
	}
	return signed, form.Get("RelayState"), err
}

// A signedQuery is a message of the redirect binding (SAML Bindings §3.4.4.1).
type signedQuery struct {
	message    []byte
	relayState string
	algorithm  string
	signature  []byte
	// signed is what the signature covers: the parameters as they were escaped by whoever signed them.
	signed []byte
}

func readSignedQuery(raw, kind string) (signedQuery, error) {
	escaped, values := map[string]string{}, map[string]string{}
	for _, part := range strings.Split(raw, "&") {
		key, value, _ := strings.Cut(part, "=")
		if _, twice := escaped[key]; twice {
			return signedQuery{}, fmt.Errorf("query has two %q", cut(key))
		}
		plain, err := url.QueryUnescape(value)
		if err != nil {
			return signedQuery{}, fmt.Errorf("query: %q is not escaped rightly", cut(key))
		}
		escaped[key], values[key] = value, plain
	}
	q := signedQuery{relayState: values["RelayState"], algorithm: values["SigAlg"]}
	switch {
	case values[kind] == "":
		return signedQuery{}, fmt.Errorf("query has no %s", kind)
	case values["Signature"] == "" || q.algorithm == "":
		return signedQuery{}, errors.New("query is not signed")
	case len(q.relayState) > maxRelayState:
		return signedQuery{}, fmt.Errorf("RelayState has %d bytes", len(q.relayState))
	}
	signed := kind + "=" + escaped[kind]
	if relayState, present := escaped["RelayState"]; present {
		signed += "&RelayState=" + relayState
	}
	q.signed = []byte(signed + "&SigAlg=" + escaped["SigAlg"])
	var err error
	if q.signature, err = decodeBase64("Signature", values["Signature"]); err != nil {
		return signedQuery{}, err
	}
	q.message, err = base64.StdEncoding.DecodeString(values[kind])
	if err != nil {
		return signedQuery{}, fmt.Errorf("%s is not base64", kind)
	}
	return q, nil
}

// inflate reads a deflated message, and no more of it than a message may have: a few bytes can stand for
// gigabytes.
func inflate(data []byte) ([]byte, error) {
	r := flate.NewReader(bytes.NewReader(data))
	plain, err := io.ReadAll(io.LimitReader(r, int64(messageLimits.bytes)+1))
	if err != nil {
		return nil, errors.New("message is not deflated rightly")
	}
	return plain, nil
}

// readLogout judges a LogoutRequest whose signature was verified (SAML Core §3.7.1).
func (s *SAML) readLogout(el *etree.Element, idp *idp) (federation.LogoutNotice, error) {
	if !is(el, nsProtocol, "LogoutRequest") {
		return federation.LogoutNotice{}, fmt.Errorf("it is a %q in namespace %q, not a LogoutRequest", el.Tag, el.NamespaceURI())
	}
	err := allow(
		el, name{nsAssertion, "Issuer"}, name{nsSignature, "Signature"}, name{nsProtocol, "Extensions"},
		name{nsAssertion, "NameID"}, name{nsProtocol, "SessionIndex"},
	)
	if err != nil {
		return federation.LogoutNotice{}, err
	}
	now := s.cfg.Now()
	e := s.expect(idp, memo{Started: now.Add(-maxTransit).Unix()}, s.logoutLocation())
	if err := e.origin(el); err != nil {
		return federation.LogoutNotice{}, err
	}
	if destination, _ := attribute(el, "Destination"); destination != e.recipient {
		return federation.LogoutNotice{}, fmt.Errorf("Destination is %q, not %q", destination, e.recipient)
	}
	if _, err := e.during(el); err != nil {
		return federation.LogoutNotice{}, err
	}
	id, err := only(el, nsAssertion, "NameID")
	if err != nil {
		return federation.LogoutNotice{}, err
	}
	who, err := readNameID(id)
	if err != nil {
		return federation.LogoutNotice{}, err
	}
	notice := federation.LogoutNotice{Subject: who.value, Expires: now.Add(maxTransit + 2*s.cfg.ClockSkew + time.Second)}
	notice.ID, _ = attribute(el, "ID")
	indexes := children(el, nsProtocol, "SessionIndex")
	if len(indexes) > maxSessions {
		return federation.LogoutNotice{}, fmt.Errorf("LogoutRequest has %d SessionIndex, more than %d", len(indexes), maxSessions)
	}
	for _, index := range indexes {
		value, err := word(index)
		if err != nil {
			return federation.LogoutNotice{}, err
		}
		notice.Sessions = append(notice.Sessions, value)
	}
	return notice, nil
}

// maxSessions bounds how many sessions one request may name.
const maxSessions = 32
