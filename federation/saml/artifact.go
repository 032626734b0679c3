package saml

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // SAML Bindings §3.6.4 names IdPs by it; nothing rests on it
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"

	"github.com/patchbay-auth/patchbay/federation"
)

// An artifact is type code, endpoint index, source id and message handle (SAML Bindings §3.6.4).
const (
	artifactSize = 2 + 2 + sha1.Size + 20
	artifactType = 4
)

// resolve asks the IdP for the message that an artifact stands for (SAML Bindings §3.6). Nothing but that
// is believed of the answer: the message in it is judged like any other.
func (s *SAML) resolve(ctx context.Context, idp *idp, artifact string) (*etree.Element, error) {
	location, err := resolver(idp, artifact)
	if err != nil {
		return nil, fmt.Errorf("artifact: %w", err)
	}
	request := saml.ArtifactResolve{
		ID: newID(), Version: samlVersion, IssueInstant: s.cfg.Now().UTC(), Issuer: s.issuer(), Artifact: artifact,
	}
	el := request.Element()
	el.CreateAttr("Destination", location)
	keys, err := s.cfg.Store.Keys(ctx)
	if err != nil {
		return nil, err
	}
	key, err := federation.Signing(keys, s.cfg.Now())
	if err != nil {
		return nil, err
	}
	if err := signEnveloped(el, key); err != nil {
		return nil, err
	}
	answer, err := s.call(ctx, location, el)
	if err != nil {
		return nil, fmt.Errorf("%w: artifact resolution: %w", federation.ErrUnreachable, err)
	}
	message, err := readArtifactResponse(answer, idp, request.ID)
	if err != nil {
		return nil, fmt.Errorf("artifact resolution: %w", err)
	}
	return message, nil
}

// resolver returns where the IdP resolves an artifact. An artifact of another IdP is not sent on to it.
func resolver(idp *idp, artifact string) (string, error) {
	data, err := base64.StdEncoding.DecodeString(artifact)
	if err != nil || len(data) != artifactSize || binary.BigEndian.Uint16(data) != artifactType {
		return "", errors.New("it is not one of type 4")
	}
	source := sha1.Sum([]byte(idp.entityID)) //nolint:gosec // see above
	if subtle.ConstantTimeCompare(source[:], data[4:4+sha1.Size]) != 1 {
		return "", errors.New("it is another identity provider's")
	}
	index := strconv.Itoa(int(binary.BigEndian.Uint16(data[2:])))
	location, ok := idp.artifacts[index]
	if !ok {
		return "", fmt.Errorf("the identity provider's metadata names no ArtifactResolutionService %s", index)
	}
	return location, nil
}

// call sends a message by SOAP and returns the message in the answer.
func (s *SAML) call(ctx context.Context, location string, message *etree.Element) (*etree.Element, error) {
	envelope := etree.NewElement("soapenv:Envelope")
	envelope.CreateAttr("xmlns:soapenv", nsSOAP)
	envelope.CreateElement("soapenv:Body").AddChild(message)
	data, err := serialise(envelope)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, location, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	r.Header.Set("SOAPAction", `"http://www.oasis-open.org/committees/security"`)
	answer, err := s.source.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answered status %d", answer.StatusCode)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	root, err := messageLimits.parse(body)
	if err != nil {
		return nil, err
	}
	if !is(root, nsSOAP, "Envelope") {
		return nil, fmt.Errorf("answered a %q, not a SOAP envelope", root.Tag)
	}
	inner, err := only(root, nsSOAP, "Body")
	if err != nil {
		return nil, err
	}
	if messages := inner.ChildElements(); len(messages) == 1 {
		return messages[0], nil
	}
	return nil, errors.New("SOAP body has not exactly one message")
}

// readArtifactResponse returns the message in an answer to our request. It need not be signed: it came
// from an address in the IdP's metadata. A signature that is there must be the IdP's.
func readArtifactResponse(el *etree.Element, idp *idp, request string) (*etree.Element, error) {
	if !is(el, nsProtocol, "ArtifactResponse") {
		return nil, fmt.Errorf("it is a %q, not an ArtifactResponse", el.Tag)
	}
	if _, err := verify(el, idp.certificates); err != nil {
		return nil, err
	}
	if id, _ := attribute(el, "InResponseTo"); id != request {
		return nil, fmt.Errorf("ArtifactResponse answers the request %q, not ours", id)
	}
	if err := checkStatus(el); err != nil {
		return nil, err
	}
	inner, err := only(el, nsProtocol, "Response")
	if err != nil {
		return nil, err
	}
	// As a document of its own, with the namespaces that it had.
	return detached(inner), nil
}
