package saml

import (
	"context"
	"errors"
	"fmt"

	"github.com/beevik/etree"

	"github.com/patchbay-auth/patchbay/federation"
)

// LogoutAnswer verifies a LogoutResponse that a browser brought to saml/slo, which must be signed as a
// LogoutRequest must (SAML Profiles §4.4.4.2). Whether it answers what was asked is for AnswersLogout to say,
// because the browser of a posted one shows only later what that was. The errors are Finish's; that the IdP
// has failed is none.
func (s *SAML) LogoutAnswer(ctx context.Context, m federation.LogoutMessage) (federation.LogoutAnswer, error) {
	answer, err := s.logoutAnswer(ctx, m)
	if err != nil {
		return federation.LogoutAnswer{}, fmt.Errorf("connection %q: %w", s.cfg.Connection, err)
	}
	return answer, nil
}

func (s *SAML) logoutAnswer(ctx context.Context, m federation.LogoutMessage) (_ federation.LogoutAnswer, err error) {
	defer survive("LogoutResponse", &err)
	known, err := s.source.get(ctx)
	if err != nil {
		return federation.LogoutAnswer{}, err
	}
	var response *etree.Element
	err = s.withNewer(ctx, known, func(d *idp) (err error) {
		known = d
		response, _, err = receiveSigned(m, d, "SAMLResponse")
		return err
	})
	if err != nil {
		return federation.LogoutAnswer{}, err
	}
	return s.readLogoutAnswer(response, known)
}

// readLogoutAnswer judges a LogoutResponse whose signature was verified.
func (s *SAML) readLogoutAnswer(el *etree.Element, idp *idp) (federation.LogoutAnswer, error) {
	if !is(el, nsProtocol, "LogoutResponse") {
		return federation.LogoutAnswer{}, fmt.Errorf("it is a %q in namespace %q, not a LogoutResponse", el.Tag, el.NamespaceURI())
	}
	err := allow(
		el, name{nsAssertion, "Issuer"}, name{nsSignature, "Signature"}, name{nsProtocol, "Extensions"}, name{nsProtocol, "Status"},
	)
	if err != nil {
		return federation.LogoutAnswer{}, err
	}
	e := s.expect(idp, memo{Started: s.cfg.Now().Add(-maxTransit).Unix()}, s.logoutLocation())
	if err := e.origin(el); err != nil {
		return federation.LogoutAnswer{}, err
	}
	if destination, _ := attribute(el, "Destination"); destination != e.recipient {
		return federation.LogoutAnswer{}, fmt.Errorf("Destination is %q, not %q", destination, e.recipient)
	}
	answer := federation.LogoutAnswer{IdP: idp.entityID}
	request, _ := attribute(el, "InResponseTo")
	answer.Request = cut(request) // ours is shorter
	err = checkStatus(el)
	if err == nil {
		err = checkPartial(el)
	}
	if err != nil && !errors.As(err, &answer.Failed) {
		return federation.LogoutAnswer{}, err
	}
	return answer, nil
}

// checkPartial returns an error like checkStatus's for a success that has not reached everybody (SAML Core
// §3.7.3.2).
func checkPartial(el *etree.Element) error {
	status, err := only(el, nsProtocol, "Status")
	if err != nil {
		return err
	}
	code, err := only(status, nsProtocol, "StatusCode")
	if err != nil {
		return err
	}
	detail, err := optional(code, nsProtocol, "StatusCode")
	if err != nil || detail == nil {
		return err
	}
	if value, _ := attribute(detail, "Value"); value == statusPartialLogout {
		return &federation.ResponseError{Code: value}
	}
	return nil
}

// AnswersLogout reports whether an answer is the one to the request that Logout's memo is of, and a success:
// the IdP's own failure is a *federation.ResponseError.
func (s *SAML) AnswersLogout(text []byte, a federation.LogoutAnswer) error {
	m, err := s.readMemo(text, &idp{entityID: a.IdP})
	switch {
	case err != nil:
	case a.Request != m.Request:
		err = fmt.Errorf("LogoutResponse answers the request %q, not this browser's", a.Request)
	case a.Failed != nil:
		err = a.Failed
	}
	if err != nil {
		return fmt.Errorf("connection %q: %w", s.cfg.Connection, err)
	}
	return nil
}
