package server

import (
	"context"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/keyring"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/federation/saml"
	"github.com/patchbay-auth/patchbay/internal/secret"
)

func (s *Server) openUpstream(c *registry.Connection) (broker.Upstream, error) {
	if c.SAML != nil {
		return s.saml(c, s.base, s.now)
	}
	return s.oidc(c, s.now)
}

// Examine asks the IdP of a connection all that can be asked without a person. base is the public URL,
// without a trailing slash.
func (s *State) Examine(ctx context.Context, c *registry.Connection, base string, now func() time.Time) (federation.Findings, error) {
	if c.SAML != nil {
		upstream, err := s.saml(c, base, now)
		if err != nil {
			return nil, err
		}
		return upstream.Examine(ctx), nil
	}
	upstream, err := s.oidc(c, now)
	if err != nil {
		return nil, err
	}
	at := connectionAddress(base, c)
	findings := upstream.Examine(ctx, federation.Addresses{RedirectURI: at + "/callback", Keys: at + "/jwks"})
	if c.OIDC.ByCertificate() {
		s.examineCertificate(ctx, c, now, &findings)
	}
	return findings, nil
}

// connectionAddress is where IdPs find a connection. It never moves.
func connectionAddress(base string, c *registry.Connection) string {
	return base + "/login/" + string(c.Account) + "/" + c.ID
}

// EnteredThere are the addresses of a connection that an administrator enters at the IdP: the redirect URI of
// an OpenID Connect client, and where its keys are; or where a SAML IdP reads our metadata.
func EnteredThere(base string, c *registry.Connection) []string {
	at := connectionAddress(base, c)
	switch {
	case c.SAML != nil:
		return []string{at + "/saml/metadata"}
	case c.OIDC.PublishesKeys():
		return []string{at + "/callback", at + "/jwks"}
	}
	return []string{at + "/callback"}
}

func (s *State) oidc(c *registry.Connection, now func() time.Time) (*federation.OIDC, error) {
	var clientSecret secret.Text
	if len(c.OIDC.SealedSecret) > 0 {
		plain, err := s.Keys.Open(c.OIDC.SealedSecret, registry.SecretContext(c.Account, c.ID))
		if err != nil {
			return nil, err
		}
		clientSecret = secret.New(string(plain))
	}
	return federation.Open(federation.Config{
		Connection: c.ID, Issuer: c.OIDC.Issuer, ClientID: c.OIDC.ClientID, ClientSecret: clientSecret,
		ClientAuth: c.OIDC.ClientAuth, Signer: s.signerAt(c, now),
		Preset: federation.Preset{
			Connection: c.OIDC.Auth0Connection, Organization: c.OIDC.Organization,
			HostedDomain: c.OIDC.HostedDomain, Tenants: c.OIDC.Tenants,
		},
		Scopes: c.OIDC.Scopes, ExternalIDClaim: c.ExternalIDClaim,
		AllowPrivateNetwork: c.OIDC.AllowPrivateNetwork, ClockSkew: c.Policy.ClockSkew, Now: now,
		Access: federation.AccessTokens(c.OIDC.AccessTokens),
	})
}

// signerAt returns the key by which patchbay proves itself at a connection's IdP. RS256 is what all of
// them take that fetch our keys.
func (s *State) signerAt(c *registry.Connection, now func() time.Time) func(context.Context) (federation.Signer, error) {
	if c.OIDC.ByCertificate() {
		keys := s.ownKeys(c, now)
		return func(ctx context.Context) (federation.Signer, error) {
			all, err := keys.Keys(ctx)
			if err != nil {
				return federation.Signer{}, err
			}
			key, err := federation.Signing(all, now())
			if err != nil {
				return federation.Signer{}, err
			}
			return key.Signer(), nil
		}
	}
	return func(context.Context) (federation.Signer, error) {
		key, err := s.Keyring.Signer(keyring.Connection(string(c.Account), c.ID), keyring.RS256)
		if err != nil {
			return federation.Signer{}, err
		}
		return federation.Signer{KeyID: string(key.ID), Algorithm: string(key.Algorithm), Sign: key.Sign}, nil
	}
}

func (s *State) saml(c *registry.Connection, base string, now func() time.Time) (*saml.SAML, error) {
	config := c.SAML.Config(c)
	config.Base = connectionAddress(base, c) + "/saml"
	config.Store = &connectionState{ownKeys: s.ownKeys(c, now)}
	config.Now = now
	return saml.Open(config)
}
