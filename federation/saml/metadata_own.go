package saml

import (
	"context"
	"encoding/base64"
	"strconv"

	"github.com/beevik/etree"

	"github.com/patchbay-auth/patchbay/federation"
)

// ServiceMetadata returns our metadata for this connection's IdP (SAML Metadata §2.4.4): addresses, and the
// certificates of the key in use and of the ones that will be.
func (s *SAML) ServiceMetadata(ctx context.Context) ([]byte, error) {
	keys, err := s.cfg.Store.Keys(ctx)
	if err != nil {
		return nil, err
	}
	if keys, err = federation.Published(keys, s.cfg.Now()); err != nil {
		return nil, err
	}
	doc := etree.NewDocument()
	doc.CreateProcInst("xml", `version="1.0" encoding="UTF-8"`)
	entity := doc.CreateElement("md:EntityDescriptor")
	entity.CreateAttr("xmlns:md", nsMetadata)
	entity.CreateAttr("xmlns:ds", nsSignature)
	entity.CreateAttr("entityID", s.entityID())
	role := entity.CreateElement("md:SPSSODescriptor")
	role.CreateAttr("protocolSupportEnumeration", nsProtocol)
	role.CreateAttr("AuthnRequestsSigned", boolean(s.cfg.SignRequests))
	role.CreateAttr("WantAssertionsSigned", boolean(s.cfg.WantSigned != SignedResponse))
	for _, use := range []string{"signing", "encryption"} {
		for _, k := range keys {
			describeKey(role, use, k)
		}
	}
	for _, binding := range []string{bindingRedirect, bindingPOST} {
		slo := role.CreateElement("md:SingleLogoutService")
		slo.CreateAttr("Binding", binding)
		slo.CreateAttr("Location", s.logoutLocation())
	}
	if s.cfg.NameIDFormat != "" {
		role.CreateElement("md:NameIDFormat").SetText(s.cfg.NameIDFormat)
	}
	type address struct{ binding, location string }
	consumers := []address{{bindingPOST, s.consumer()}, {bindingArtifact, s.consumer()}}
	if s.cfg.IDPInitiated {
		consumers = append(consumers, address{bindingPOST, s.unasked()})
	}
	for i, acs := range consumers {
		el := role.CreateElement("md:AssertionConsumerService")
		el.CreateAttr("Binding", acs.binding)
		el.CreateAttr("Location", acs.location)
		el.CreateAttr("index", strconv.Itoa(i))
		el.CreateAttr("isDefault", boolean(i == 0))
	}
	doc.Indent(2)
	return doc.WriteToBytes()
}

func boolean(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

func describeKey(role *etree.Element, use string, k Key) {
	descriptor := role.CreateElement("md:KeyDescriptor")
	descriptor.CreateAttr("use", use)
	data := descriptor.CreateElement("ds:KeyInfo").CreateElement("ds:X509Data")
	data.CreateElement("ds:X509Certificate").SetText(base64.StdEncoding.EncodeToString(k.Certificate.Raw))
	if use != "encryption" {
		return
	}
	for _, algorithm := range []string{
		"http://www.w3.org/2009/xmlenc11#aes256-gcm", "http://www.w3.org/2009/xmlenc11#aes128-gcm",
		"http://www.w3.org/2001/04/xmlenc#aes256-cbc", "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
		"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
	} {
		descriptor.CreateElement("md:EncryptionMethod").CreateAttr("Algorithm", algorithm)
	}
}
