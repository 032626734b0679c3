package saml

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/beevik/etree"
)

// An assertion is what a verified one says.
type assertion struct {
	id      string
	expires time.Time
	nameID  nameID
	// authenticated is when the person last logged in at the IdP.
	authenticated time.Time
	// sessionEnds is when the IdP's session does, or zero.
	sessionEnds time.Time
	session     string
	context     string
	attributes  []attributeValues
}

type nameID struct {
	value, format, nameQualifier, spNameQualifier string
}

type attributeValues struct {
	name   string
	values []string
}

// assertion judges an assertion whose signature was verified (SAML Core §2.3.3, Profiles §4.1.4.2).
func (e expectation) assertion(el *etree.Element) (assertion, error) {
	err := allow(
		el, name{nsAssertion, "Issuer"}, name{nsSignature, "Signature"}, name{nsAssertion, "Subject"}, name{nsAssertion, "Conditions"},
		name{nsAssertion, "Advice"}, name{nsAssertion, "AuthnStatement"}, name{nsAssertion, "AttributeStatement"},
		name{nsAssertion, "AuthzDecisionStatement"},
	)
	if err != nil {
		return assertion{}, err
	}
	if err := e.origin(el); err != nil {
		return assertion{}, err
	}
	a := assertion{}
	a.id, _ = attribute(el, "ID")
	for _, read := range []func(*etree.Element, *assertion) error{e.subject, e.conditions, e.authentication, readAttributes} {
		if err := read(el, &a); err != nil {
			return assertion{}, fmt.Errorf("Assertion: %w", err)
		}
	}
	return a, nil
}

func (e expectation) subject(el *etree.Element, a *assertion) error {
	subject, err := only(el, nsAssertion, "Subject")
	if err != nil {
		return err
	}
	if err := allow(subject, name{nsAssertion, "NameID"}, name{nsAssertion, "SubjectConfirmation"}); err != nil {
		return err
	}
	id, err := only(subject, nsAssertion, "NameID")
	if err != nil {
		return err
	}
	if a.nameID, err = readNameID(id); err != nil {
		return err
	}
	switch format := a.nameID.format; {
	case e.nameIDFormat != "" && e.nameIDFormat != FormatUnspecified && format != e.nameIDFormat:
		return fmt.Errorf("NameID has the format %q, not %q", format, e.nameIDFormat)
	case e.keyed && format == FormatTransient:
		return errors.New("NameID is transient, and cannot be the external id")
	}
	confirmation, err := only(subject, nsAssertion, "SubjectConfirmation")
	if err != nil {
		return err
	}
	return e.confirmation(confirmation, a)
}

// maxNameID is the longest persistent identifier that SAML Core §8.3.7 allows, in bytes.
const maxNameID = 256

func readNameID(el *etree.Element) (nameID, error) {
	value, err := text(el)
	if err != nil {
		return nameID{}, err
	}
	n := nameID{value: value, format: FormatUnspecified}
	if format, present := attribute(el, "Format"); present {
		n.format = format
	}
	n.nameQualifier, _ = attribute(el, "NameQualifier")
	n.spNameQualifier, _ = attribute(el, "SPNameQualifier")
	switch {
	case value == "" || len(value) > maxNameID:
		return nameID{}, fmt.Errorf("NameID has %d bytes, not 1 to %d", len(value), maxNameID)
	case strings.TrimSpace(value) != value || strings.ContainsFunc(value, notText):
		return nameID{}, fmt.Errorf("NameID %q has white space around it, or characters that are not text", value)
	}
	return n, nil
}

func notText(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar }

// confirmation requires that whoever brings the assertion may (SAML Profiles §4.1.4.2): it is for this
// address, for a short time, and in answer to this request.
func (e expectation) confirmation(el *etree.Element, a *assertion) error {
	if method, _ := attribute(el, "Method"); method != methodBearer {
		return fmt.Errorf("SubjectConfirmation has the method %q, not bearer", method)
	}
	if err := allow(el, name{nsAssertion, "SubjectConfirmationData"}); err != nil {
		return err
	}
	data, err := only(el, nsAssertion, "SubjectConfirmationData")
	if err != nil {
		return err
	}
	if recipient, _ := attribute(data, "Recipient"); recipient != e.recipient {
		return fmt.Errorf("Recipient is %q, not %q", recipient, e.recipient)
	}
	if err := e.inResponseTo(data); err != nil {
		return err
	}
	a.expires, err = e.during(data)
	if err == nil && a.expires.IsZero() {
		err = errors.New("SubjectConfirmationData has no NotOnOrAfter")
	}
	return err
}

// during judges NotBefore and NotOnOrAfter, and returns the latter.
func (e expectation) during(el *etree.Element) (until time.Time, err error) {
	from, err := instant(el, "NotBefore")
	if err != nil {
		return time.Time{}, err
	}
	if until, err = instant(el, "NotOnOrAfter"); err != nil {
		return time.Time{}, err
	}
	switch {
	case from.After(e.now.Add(e.skew)):
		return time.Time{}, fmt.Errorf("%s begin at %s, in the future", el.Tag, from.Format(time.RFC3339))
	case !until.IsZero() && !e.now.Before(until.Add(e.skew)):
		return time.Time{}, fmt.Errorf("%s ended at %s", el.Tag, until.Format(time.RFC3339))
	}
	return until, nil
}

// conditions requires that the assertion is for us. A condition that is not understood makes it invalid
// (SAML Core §2.5.1).
func (e expectation) conditions(el *etree.Element, a *assertion) error {
	conditions, err := only(el, nsAssertion, "Conditions")
	if err != nil {
		return err
	}
	err = allow(conditions, name{nsAssertion, "AudienceRestriction"}, name{nsAssertion, "OneTimeUse"}, name{nsAssertion, "ProxyRestriction"})
	if err != nil {
		return err
	}
	until, err := e.during(conditions)
	if err != nil {
		return err
	}
	if until.After(a.expires) {
		a.expires = until
	}
	restrictions := children(conditions, nsAssertion, "AudienceRestriction")
	if len(restrictions) == 0 {
		return errors.New("Conditions has no AudienceRestriction")
	}
	for _, r := range restrictions {
		var audiences []string
		for _, audience := range children(r, nsAssertion, "Audience") {
			value, err := word(audience)
			if err != nil {
				return err
			}
			audiences = append(audiences, value)
		}
		if !slices.Contains(audiences, e.audience) {
			return fmt.Errorf("it is for the audience %q, not %q", audiences, e.audience)
		}
	}
	return nil
}

func (e expectation) authentication(el *etree.Element, a *assertion) error {
	statement, err := only(el, nsAssertion, "AuthnStatement")
	if err != nil {
		return err
	}
	if a.authenticated, err = instant(statement, "AuthnInstant"); err != nil {
		return err
	}
	if err := e.age(a.authenticated); err != nil {
		return err
	}
	ends, err := instant(statement, "SessionNotOnOrAfter")
	switch {
	case err != nil:
		return err
	case !ends.IsZero() && !e.now.Before(ends.Add(e.skew)):
		return fmt.Errorf("the identity provider's session ended at %s", ends.Format(time.RFC3339))
	}
	if !ends.IsZero() {
		a.sessionEnds = ends.Add(e.skew) // which is after now
	}
	a.session, _ = attribute(statement, "SessionIndex")
	if len(a.session) > maxNameID || strings.ContainsFunc(a.session, notText) {
		return fmt.Errorf("SessionIndex has %d bytes, or characters that are not text", len(a.session))
	}
	context, err := only(statement, nsAssertion, "AuthnContext")
	if err != nil {
		return err
	}
	class, err := optional(context, nsAssertion, "AuthnContextClassRef")
	if err != nil {
		return err
	}
	if class != nil {
		if a.context, err = word(class); err != nil {
			return err
		}
	}
	if wanted := e.memo.Contexts; len(wanted) > 0 && !slices.Contains(wanted, a.context) {
		return fmt.Errorf("the authentication context is %q, and one of %q was demanded", a.context, wanted)
	}
	return nil
}

// age judges when the person logged in. The age is that at the time of the request: what they spend on
// the IdP's pages afterwards does not count.
func (e expectation) age(at time.Time) error {
	switch {
	case at.IsZero():
		return errors.New("AuthnStatement has no AuthnInstant")
	case at.After(e.now.Add(e.skew)):
		return fmt.Errorf("AuthnInstant %s is in the future", at.Format(time.RFC3339))
	case e.memo.MaxAge == anyAge:
		return nil
	}
	oldest := time.Unix(e.memo.Started, 0).Add(-time.Duration(e.memo.MaxAge)*time.Second - e.skew)
	if at.Before(oldest) && e.memo.MaxAge == 0 {
		return fmt.Errorf("AuthnInstant %s is before the login began, and a new one was demanded (ForceAuthn)", at.Format(time.RFC3339))
	}
	if at.Before(oldest) {
		return fmt.Errorf("AuthnInstant %s is older than the max_age of %d s allows", at.Format(time.RFC3339), e.memo.MaxAge)
	}
	return nil
}

// readAttributes reads every statement: some IdPs make more than one.
func readAttributes(el *etree.Element, a *assertion) error {
	for _, statement := range children(el, nsAssertion, "AttributeStatement") {
		for _, attr := range children(statement, nsAssertion, "Attribute") {
			read := attributeValues{}
			read.name, _ = attribute(attr, "Name")
			if read.name == "" {
				return errors.New("Attribute has no Name")
			}
			for _, value := range children(attr, nsAssertion, "AttributeValue") {
				// Complex values, such as a NameID inside eduPersonTargetedID, are not claims.
				if text, err := text(value); err == nil {
					read.values = append(read.values, text)
				}
			}
			a.attributes = append(a.attributes, read)
		}
	}
	return nil
}
