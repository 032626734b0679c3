package federation_test

import (
	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/federation"
)

var (
	_ broker.Upstream       = (*federation.OIDC)(nil)
	_ broker.TokenVerifier  = (*federation.OIDC)(nil)
	_ broker.LogoutVerifier = (*federation.OIDC)(nil)
)
