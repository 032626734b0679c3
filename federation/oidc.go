package federation

import (
	"fmt"
	"net/http"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"
)

// OIDC is one OpenID Connect upstream. It is safe for concurrent use and never changes: a new
// configuration is a new OIDC.
type OIDC struct {
	cfg      Config
	client   *http.Client
	metadata *cached[metadata]
	keys     *cached[[]jose.JSONWebKey]
}

// Open checks cfg and returns the upstream it describes, without asking the network: an IdP that
// is down keeps nobody from starting. The error names every fault of cfg.
func Open(cfg Config) (*OIDC, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("connection %q: %w", cfg.Connection, err)
	}
	o := &OIDC{cfg: cfg, client: NewClient(cfg.Timeout, cfg.AllowPrivateNetwork, maxBody)}
	o.metadata = newCached(cfg, metadataRefresh, metadataExpiry, o.discover)
	o.keys = newCached(cfg, keyRefresh, keyExpiry, o.fetchKeys)
	return o, nil
}

func (o *OIDC) oauth(md metadata, redirectURI string) *oauth2.Config {
	return &oauth2.Config{
		ClientID:     o.cfg.ClientID,
		ClientSecret: o.cfg.ClientSecret.Reveal(),
		Endpoint:     oauth2.Endpoint{AuthURL: md.authorization, TokenURL: md.token, AuthStyle: md.authStyle},
		RedirectURL:  redirectURI,
		Scopes:       o.cfg.Scopes,
	}
}
