package provider

import (
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/patchbay-auth/patchbay/broker/registry"
)

// libraryClient shows the library the little of a client that its router asks for. The embedded
// interface is nil: what it does not ask for now must not be answered by accident later.
type libraryClient struct {
	op.Client
	client *registry.Client
}

func (c libraryClient) GetID() string { return c.client.ID }

func (c libraryClient) AuthMethod() oidc.AuthMethod {
	if c.client.Public() {
		return oidc.AuthMethodNone
	}
	return oidc.AuthMethodBasic
}

func (c libraryClient) GrantTypes() []oidc.GrantType {
	types := make([]oidc.GrantType, len(c.client.GrantTypes))
	for i, t := range c.client.GrantTypes {
		types[i] = oidc.GrantType(t)
	}
	return types
}
