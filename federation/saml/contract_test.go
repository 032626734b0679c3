package saml_test

import (
	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/federation/saml"
)

// What is not implemented is not missed when it runs: the broker takes an upstream for one of another protocol.
var (
	_ broker.Upstream          = (*saml.SAML)(nil)
	_ broker.MetadataPublisher = (*saml.SAML)(nil)
	_ broker.SingleLogouter    = (*saml.SAML)(nil)
	_ broker.LogoutAnswerer    = (*saml.SAML)(nil)
)
