package saml

import (
	"fmt"

	"github.com/patchbay-auth/patchbay/federation"
)

// SAML is one SAML upstream. It is safe for concurrent use and never changes: a new configuration is a
// new SAML.
type SAML struct {
	cfg    Config
	source *source
}

// Open checks cfg and returns the upstream it describes, without asking the network. The error names
// every fault of cfg.
func Open(cfg Config) (*SAML, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("connection %q: %w", cfg.Connection, err)
	}
	cfg.Store = ours{cfg.Store}
	client := federation.NewClient(cfg.Timeout, cfg.AllowPrivateNetwork, maxMetadata)
	return &SAML{cfg: cfg, source: newSource(cfg, client)}, nil
}

// The addresses of a connection. They are pasted at IdPs and never move.
func (s *SAML) entityID() string       { return s.cfg.Base + "/metadata" }
func (s *SAML) consumer() string       { return s.cfg.Base + "/acs" }
func (s *SAML) unasked() string        { return s.cfg.Base + "/acs/idp" }
func (s *SAML) logoutLocation() string { return s.cfg.Base + "/slo" }
