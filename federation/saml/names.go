package saml

// Namespaces.
const (
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsMetadata  = "urn:oasis:names:tc:SAML:2.0:metadata"
	nsSignature = "http://www.w3.org/2000/09/xmldsig#"
	nsEncrypted = "http://www.w3.org/2001/04/xmlenc#"
	nsSOAP      = "http://schemas.xmlsoap.org/soap/envelope/"
)

// Bindings (SAML Bindings §3).
const (
	bindingRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	bindingPOST     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
	bindingArtifact = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"
	bindingSOAP     = "urn:oasis:names:tc:SAML:2.0:bindings:SOAP"
)

// The formats of a NameID that matter here (SAML Core §8.3).
const (
	FormatUnspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
	FormatEmail       = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	FormatPersistent  = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	FormatTransient   = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
)

const (
	samlVersion   = "2.0"
	statusPrefix  = "urn:oasis:names:tc:SAML:2.0:status:"
	statusSuccess = statusPrefix + "Success"
	// statusPartialLogout is the detail of a logout that has not reached everybody.
	statusPartialLogout = statusPrefix + "PartialLogout"
	statusNoPassive     = statusPrefix + "NoPassive"
	methodBearer        = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
	formatEntity        = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
)

// NameID is the claim that holds the value of the assertion's NameID. No attribute can set it.
const NameID = "NameID"
