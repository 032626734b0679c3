package saml

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/beevik/etree"

	"github.com/patchbay-auth/patchbay/federation"
)

// An expectation is what a response must be.
type expectation struct {
	idp  *idp
	memo memo
	keys []Key
	// audience is our entity ID, recipient the address that the response came to.
	audience, recipient string
	now                 time.Time
	skew                time.Duration
	signed              Signed
	encrypted           Encryption
	nameIDFormat        string
	// keyed holds when the NameID will be the external id, or a part of it.
	keyed bool
}

func (s *SAML) expect(idp *idp, m memo, recipient string) expectation {
	return expectation{
		idp: idp, memo: m, audience: s.entityID(), recipient: recipient, now: s.cfg.Now(), skew: s.cfg.ClockSkew,
		signed: s.cfg.WantSigned, encrypted: s.cfg.WantEncrypted, nameIDFormat: s.cfg.NameIDFormat,
		keyed: federation.KeyedBy(s.cfg.ExternalIDClaim, NameID),
	}
}

// response judges a response and returns what its assertion says (SAML Profiles §4.1.4.2).
func (e expectation) response(root *etree.Element) (assertion, error) {
	if !is(root, nsProtocol, "Response") {
		return assertion{}, fmt.Errorf("it is a %q in namespace %q, not a Response", root.Tag, root.NamespaceURI())
	}
	if err := checkStructure(root); err != nil {
		return assertion{}, err
	}
	verified, err := verify(root, e.idp.certificates)
	if err != nil {
		return assertion{}, err
	}
	trusted := root
	if verified != nil {
		trusted = verified
	} else if e.signed != SignedAssertion {
		return assertion{}, errors.New("Response is not signed, which want_signed demands")
	}
	if err := e.message(trusted); err != nil {
		return assertion{}, err
	}
	if err := checkStatus(trusted); err != nil {
		return assertion{}, err
	}
	found, err := e.openAssertion(root, verified)
	if err != nil {
		return assertion{}, err
	}
	return e.assertion(found)
}

// openAssertion returns the assertion as it was signed: by itself, or as a part of the verified response.
func (e expectation) openAssertion(root, verified *etree.Element) (*etree.Element, error) {
	inner, err := e.pickAssertion(root)
	if err != nil {
		return nil, err
	}
	// Verified where it stood: the canonical form of the response lacks namespaces that its own may name.
	signed, err := verify(inner, e.idp.certificates)
	switch {
	case err != nil:
		return nil, err
	case signed != nil:
		return signed, nil
	case e.signed != SignedResponse:
		return nil, errors.New("Assertion is not signed, which want_signed demands")
	}
	return e.pickAssertion(verified)
}

// pickAssertion returns the only assertion, decrypted if it has to be.
func (e expectation) pickAssertion(response *etree.Element) (*etree.Element, error) {
	plain, err := optional(response, nsAssertion, "Assertion")
	if err != nil {
		return nil, err
	}
	sealed, err := optional(response, nsAssertion, "EncryptedAssertion")
	switch {
	case err != nil:
		return nil, err
	case (plain == nil) == (sealed == nil):
		return nil, errors.New("Response has not exactly one assertion")
	case plain != nil && e.encrypted != EncryptionOptional:
		return nil, errors.New("Assertion is not encrypted, which want_encrypted demands")
	case plain != nil:
		return plain, nil
	}
	opened, err := decrypt(sealed, e.keys, e.encrypted)
	if err != nil {
		return nil, fmt.Errorf("EncryptedAssertion: %w", err)
	}
	return opened, checkStructure(opened)
}

// checkStructure refuses a document in which a signature and what it signs could be told apart by two
// readers: ids that are not unique, and assertions or signatures where none belongs.
func checkStructure(root *etree.Element) error {
	ids := map[string]bool{}
	return walk(root, func(el *etree.Element) error {
		for _, a := range el.Attr {
			if !strings.EqualFold(a.Key, "ID") || a.Space == "xmlns" {
				continue
			}
			if ids[a.Value] {
				return fmt.Errorf("id %q is there twice", a.Value)
			}
			ids[a.Value] = true
		}
		if el == root {
			return nil
		}
		parent := el.Parent()
		atRoot := parent == root && is(root, nsProtocol, "Response")
		switch {
		case el.NamespaceURI() == nsProtocol && el.Tag == "Response":
			return errors.New("a Response inside")
		case is(el, nsAssertion, "Assertion") && !atRoot, is(el, nsAssertion, "EncryptedAssertion") && !atRoot:
			return fmt.Errorf("%s inside %s", el.Tag, parent.Tag)
		case is(el, nsSignature, "Signature") && parent != root && !is(parent, nsAssertion, "Assertion"):
			return fmt.Errorf("a signature inside %s", parent.Tag)
		}
		return nil
	})
}

// message judges what a response says of itself.
func (e expectation) message(el *etree.Element) error {
	err := allow(
		el, name{nsAssertion, "Issuer"}, name{nsSignature, "Signature"}, name{nsProtocol, "Extensions"},
		name{nsProtocol, "Status"}, name{nsAssertion, "Assertion"}, name{nsAssertion, "EncryptedAssertion"},
	)
	if err != nil {
		return err
	}
	if err := e.origin(el); err != nil {
		return err
	}
	if destination, _ := attribute(el, "Destination"); destination != e.recipient {
		return fmt.Errorf("Destination is %q, not %q", destination, e.recipient)
	}
	return e.inResponseTo(el)
}

// origin judges version, issuer and time of a message or an assertion.
func (e expectation) origin(el *etree.Element) error {
	if version, _ := attribute(el, "Version"); version != samlVersion {
		return fmt.Errorf("%s has version %q, not %q", el.Tag, version, samlVersion)
	}
	if id, _ := attribute(el, "ID"); id == "" {
		return fmt.Errorf("%s has no ID", el.Tag)
	}
	issuer, err := only(el, nsAssertion, "Issuer")
	if err != nil {
		return err
	}
	switch value, err := word(issuer); {
	case err != nil:
		return err
	case value != e.idp.entityID:
		return fmt.Errorf("%s was issued by %q, not by %q", el.Tag, value, e.idp.entityID)
	}
	if format, present := attribute(issuer, "Format"); present && format != formatEntity {
		return fmt.Errorf("Issuer of %s has the format %q", el.Tag, format)
	}
	issued, err := instant(el, "IssueInstant")
	switch {
	case err != nil:
		return err
	case issued.After(e.now.Add(e.skew)):
		return fmt.Errorf("%s was issued in the future, at %s", el.Tag, issued.Format(time.RFC3339))
	case issued.Before(time.Unix(e.memo.Started, 0).Add(-e.skew)):
		return fmt.Errorf("%s was issued before the login began, at %s", el.Tag, issued.Format(time.RFC3339))
	}
	return nil
}

// inResponseTo requires the id of the request, and that there is none when nothing was asked.
func (e expectation) inResponseTo(el *etree.Element) error {
	switch id, present := attribute(el, "InResponseTo"); {
	case e.memo.Request == "" && present:
		return fmt.Errorf("%s answers the request %q, and nothing was asked", el.Tag, id)
	case e.memo.Request != "" && id != e.memo.Request:
		return fmt.Errorf("%s answers the request %q, not this browser's", el.Tag, id)
	}
	return nil
}

// checkStatus returns the IdP's own refusal as a *federation.ResponseError.
func checkStatus(el *etree.Element) error {
	status, err := only(el, nsProtocol, "Status")
	if err != nil {
		return err
	}
	code, err := only(status, nsProtocol, "StatusCode")
	if err != nil {
		return err
	}
	value, _ := attribute(code, "Value")
	if value == statusSuccess {
		return nil
	}
	if detail, err := optional(code, nsProtocol, "StatusCode"); err == nil && detail != nil {
		value, _ = attribute(detail, "Value")
	}
	refused := &federation.ResponseError{Code: cut(value)}
	if message, err := optional(status, nsProtocol, "StatusMessage"); err == nil && message != nil {
		if said, err := text(message); err == nil {
			refused.Description = cut(said)
		}
	}
	return refused
}

// maxErrorText is how much of an IdP's words reaches the log, in bytes.
const maxErrorText = 200

func cut(s string) string { return s[:min(len(s), maxErrorText)] }
