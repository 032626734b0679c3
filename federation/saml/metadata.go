package saml

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"

	"github.com/patchbay-auth/patchbay/internal/egress"
)

// maxMetadata bounds a metadata document, in bytes.
const maxMetadata = 4 << 20

// An idp is what an IdP's metadata says. It never changes.
type idp struct {
	entityID     string
	sso, slo     endpoints
	artifacts    map[string]string // address by index
	certificates []*x509.Certificate
	// unusable says why signing certificates are not among those.
	unusable    []error
	wantsSigned bool
	// validUntil is when the metadata ends; zero means never. cacheFor is how often to look again; zero
	// means that the IdP does not say.
	validUntil time.Time
	cacheFor   time.Duration
}

// endpoints are addresses by binding.
type endpoints map[string]endpoint

// An endpoint's responses is where responses go; it is location unless the metadata says otherwise.
type endpoint struct{ location, responses string }

// location returns the address for a binding, or for the other one, and which of them it is.
func (e endpoints) location(wanted Binding) (string, Binding) {
	for _, b := range []Binding{wanted, BindingRedirect, BindingPOST} {
		if found, ok := e[bindingName(b)]; ok {
			return found.location, b
		}
	}
	return "", ""
}

func bindingName(b Binding) string {
	switch b {
	case BindingPOST:
		return bindingPOST
	case BindingArtifact:
		return bindingArtifact
	case BindingRedirect:
	}
	return bindingRedirect
}

// readMetadata reads the one IdP that cfg means.
func readMetadata(data []byte, cfg Config) (_ *idp, err error) {
	defer survive("metadata", &err)
	root, err := metadataLimits.parse(data)
	if err != nil {
		return nil, err
	}
	entity, until, err := findEntity(root, cfg.EntityID, time.Time{})
	if err != nil {
		return nil, err
	}
	d := &idp{artifacts: map[string]string{}, validUntil: until}
	d.entityID, _ = attribute(entity, "entityID")
	if duration, present := attribute(entity, "cacheDuration"); present {
		var parsed saml.Duration
		if err := parsed.UnmarshalText([]byte(duration)); err != nil {
			return nil, fmt.Errorf("cacheDuration: %w", err)
		}
		d.cacheFor = time.Duration(parsed)
	}
	role, err := only(entity, nsMetadata, "IDPSSODescriptor")
	if err != nil {
		return nil, fmt.Errorf("%q: %w", d.entityID, err)
	}
	roleUntil, err := instant(role, "validUntil")
	if err != nil {
		return nil, err
	}
	d.validUntil = soonest(d.validUntil, roleUntil)
	return d, d.read(role, cfg)
}

// findEntity returns the IdP of that entity ID, or the only IdP, in a document of one or of many, and when
// what surrounds it ends.
func findEntity(el *etree.Element, entityID string, until time.Time) (*etree.Element, time.Time, error) {
	ends, err := instant(el, "validUntil")
	if err != nil {
		return nil, time.Time{}, err
	}
	until = soonest(until, ends)
	switch {
	case is(el, nsMetadata, "EntityDescriptor"):
		id, _ := attribute(el, "entityID")
		if id == "" || entityID != "" && id != entityID || len(children(el, nsMetadata, "IDPSSODescriptor")) == 0 {
			return nil, until, fmt.Errorf("%w%s: it describes %q", errNoEntity, named(entityID), id)
		}
		return el, until, nil
	case !is(el, nsMetadata, "EntitiesDescriptor"):
		return nil, until, fmt.Errorf("it is a %q in namespace %q, not metadata", el.Tag, el.NamespaceURI())
	}
	var found *etree.Element
	var foundUntil time.Time
	for _, child := range el.ChildElements() {
		if !is(child, nsMetadata, "EntityDescriptor") && !is(child, nsMetadata, "EntitiesDescriptor") {
			continue
		}
		entity, ends, err := findEntity(child, entityID, until)
		switch {
		case errors.Is(err, errNoEntity):
		case err != nil:
			return nil, until, err
		case found != nil:
			return nil, until, errors.New("it describes several identity providers: entity_id has to name one")
		default:
			found, foundUntil = entity, ends
		}
	}
	if found == nil {
		return nil, until, fmt.Errorf("%w%s, among many", errNoEntity, named(entityID))
	}
	return found, foundUntil, nil
}

var errNoEntity = errors.New("metadata lacks the identity provider")

// named is the entity ID that the configuration asks for, if it does.
func named(entityID string) string {
	if entityID == "" {
		return ""
	}
	return fmt.Sprintf(" %q of entity_id", entityID)
}

// soonest returns the earlier of two times, of which the zero one means never.
func soonest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func (d *idp) read(role *etree.Element, cfg Config) (err error) {
	if wants, _ := attribute(role, "WantAuthnRequestsSigned"); wants == "true" || wants == "1" {
		d.wantsSigned = true
	}
	if d.sso, err = readEndpoints(role, "SingleSignOnService", cfg); err != nil {
		return err
	}
	if location, _ := d.sso.location(cfg.RequestBinding); location == "" {
		return errors.New("it names no SingleSignOnService for the redirect or the POST binding")
	}
	if d.slo, err = readEndpoints(role, "SingleLogoutService", cfg); err != nil {
		return err
	}
	for _, el := range children(role, nsMetadata, "ArtifactResolutionService") {
		if binding, _ := attribute(el, "Binding"); binding != bindingSOAP { // SAML 1.1 has another
			continue
		}
		location, _ := attribute(el, "Location")
		if _, err := egress.CheckURL(location, cfg.AllowPrivateNetwork); err != nil {
			return fmt.Errorf("ArtifactResolutionService: %w", err)
		}
		index, _ := attribute(el, "index")
		d.artifacts[index] = location
	}
	return d.readCertificates(role)
}

func readEndpoints(role *etree.Element, tag string, cfg Config) (endpoints, error) {
	found := endpoints{}
	for _, el := range children(role, nsMetadata, tag) {
		binding, _ := attribute(el, "Binding")
		if binding != bindingRedirect && binding != bindingPOST {
			continue
		}
		var e endpoint
		e.location, _ = attribute(el, "Location")
		e.responses, _ = attribute(el, "ResponseLocation")
		setDefault(&e.responses, e.location)
		for _, address := range []string{e.location, e.responses} {
			if _, err := egress.CheckURL(address, cfg.AllowPrivateNetwork); err != nil {
				return nil, fmt.Errorf("%s: %w", tag, err)
			}
		}
		if _, twice := found[binding]; !twice { // the first is the one to use
			found[binding] = e
		}
	}
	return found, nil
}

const (
	minRSABits = 2048
	// A larger key would make every signature, also a bad one, dear to verify; crypto/tls has the same limit.
	maxRSABits      = 8192
	maxCertificates = 8
)

// readCertificates pins the signing certificates. Their names, issuers and dates mean nothing.
func (d *idp) readCertificates(role *etree.Element) error {
	for _, descriptor := range children(role, nsMetadata, "KeyDescriptor") {
		if use, _ := attribute(descriptor, "use"); use != "" && use != "signing" {
			continue
		}
		for _, info := range children(descriptor, nsSignature, "KeyInfo") {
			for _, data := range children(info, nsSignature, "X509Data") {
				for _, el := range children(data, nsSignature, "X509Certificate") {
					c, err := readCertificate(el)
					if err != nil {
						d.unusable = append(d.unusable, err)
					} else if !slices.ContainsFunc(d.certificates, c.Equal) {
						d.certificates = append(d.certificates, c)
					}
				}
			}
		}
	}
	switch n := len(d.certificates); {
	case n == 0:
		return fmt.Errorf("it has no usable signing certificate: %w", errors.Join(d.unusable...))
	case n > maxCertificates:
		return fmt.Errorf("it has %d signing certificates, more than %d", n, maxCertificates)
	}
	return nil
}

func readCertificate(el *etree.Element) (*x509.Certificate, error) {
	encoded, err := word(el)
	if err != nil {
		return nil, err
	}
	der, err := decodeBase64("X509Certificate", encoded)
	if err != nil {
		return nil, err
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("X509Certificate: %w", err)
	}
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		if n := key.N.BitLen(); n < minRSABits || n > maxRSABits {
			return nil, fmt.Errorf("X509Certificate: RSA key of %d bits, not %d to %d", n, minRSABits, maxRSABits)
		}
	case *ecdsa.PublicKey:
	default:
		return nil, fmt.Errorf("X509Certificate: key is a %T, neither RSA nor ECDSA", c.PublicKey)
	}
	return c, nil
}
