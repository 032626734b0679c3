package provider

import (
	"context"
	"fmt"
	"net/http"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/keyring"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/provider/backchannel"
	"github.com/patchbay-auth/patchbay/provider/token"
)

// A Provider is the handler of all public addresses.
type Provider struct {
	http.Handler
	logouts *backchannel.Courier
	tokens  tokenCache
}

// CachedTokens returns how many access tokens are in memory, for metrics.
func (p *Provider) CachedTokens() int {
	p.tokens.byHash.CleanUp()
	return p.tokens.byHash.EstimatedSize()
}

// Run does the background work until ctx ends: it tells clients of ended sessions.
func (p *Provider) Run(ctx context.Context) { p.logouts.Run(ctx) }

// mintLogout signs the token that tells a client of a logout.
func (p *provider) mintLogout(ctx context.Context, l broker.Logout, client *registry.Client) (string, error) {
	is, ok := p.issuers.find(l.Issuer)
	if !ok {
		return "", fmt.Errorf("issuer %q of session %s is no longer ours", l.Issuer, l.SessionID)
	}
	subject, err := p.subjectOf(l.Account, l.UserID)
	if err != nil {
		return "", fmt.Errorf("logout of session %s: %w", l.SessionID, err)
	}
	if err := p.keys.Ensure(ctx, is.keys); err != nil {
		return "", err
	}
	return p.tokens.MintLogout(keyring.Algorithm(client.IDTokenSigningAlg), token.Logout{
		Issuer: l.Issuer, Subject: subject, SessionID: l.SessionID.String(), ClientID: l.Audience,
	})
}
