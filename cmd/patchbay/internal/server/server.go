package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/census"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/broker/shadow"
	"github.com/patchbay-auth/patchbay/broker/sqlstore"
	"github.com/patchbay-auth/patchbay/broker/throttle"
	"github.com/patchbay-auth/patchbay/internal/keyfile"
	"github.com/patchbay-auth/patchbay/internal/web"
	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/provider"
)

// Config is everything a process needs, resolved: it names no file and no environment variable.
type Config struct {
	PublicURL   string
	SharedPaths []string
	// InformationPath is where accesstokeninformation is; empty means its usual place.
	InformationPath string
	TrustedProxies  []netip.Prefix
	// DomainResolver is as in StateConfig.
	DomainResolver string
	// PrivateLogouts lets clients that are told of ended sessions be in this machine's network.
	PrivateLogouts bool
	State          sqlstore.Config
	Legacy         legacy.Config
	Keys           *keyfile.Keys
	// Limits bound requests, Logins failed logins; their zero values are the defaults.
	Limits provider.Limits
	Logins throttle.Config
	// Retention says how long history is kept; its zero value keeps it for good.
	Retention broker.Retention
	// CensusAt is when password schemes are counted each day, after midnight UTC; nil means never.
	CensusAt *time.Duration
	// Shadow is nil where logins are compared with no other source.
	Shadow *ShadowConfig
	Log    *slog.Logger
	// Now reports the time; nil means time.Now.
	Now func() time.Time
}

// A Server is one opened process of patchbay. Run does its background work.
type Server struct {
	*State
	Directory *legacy.DB
	Engine    *broker.Engine
	Events    *broker.EventLog

	logins       *throttle.Throttle
	revocations  *grant.Revocations
	feed         *broker.Feed
	public       *provider.Provider
	handler      http.Handler
	census       *census.Taker  // nil if there is none
	shadow       *shadow.Shadow // likewise
	certificates certificates
	base         string // of every address, without a trailing slash
	draining     atomic.Bool
	retention    broker.Retention
	swept        swept
	log          *slog.Logger
	now          func() time.Time
}

// Open opens everything and loads what must be in memory before the first request. Close it.
func Open(ctx context.Context, c Config) (_ *Server, err error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	site, err := web.NewSite(web.SiteConfig{PublicURL: c.PublicURL, TrustedProxies: c.TrustedProxies})
	if err != nil {
		return nil, err
	}
	c.State.Now, c.Legacy.Now = c.Now, c.Now
	s := &Server{log: c.Log, now: c.Now, retention: c.Retention}
	s.State, err = OpenState(ctx, StateConfig{Config: c.State, Keys: c.Keys, DomainResolver: c.DomainResolver, Log: c.Log})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.Directory, err = legacy.Open(ctx, c.Legacy); err != nil {
		return nil, err
	}
	return s, s.wire(ctx, c, site)
}

func (s *Server) wire(ctx context.Context, c Config, site *web.Site) error {
	s.base = site.Origin() + site.Path("")
	s.revocations = &grant.Revocations{Now: c.Now}
	s.Events = broker.NewEventLog(s.Store, c.Log, c.Now)
	s.feed = broker.NewFeed(s.Store, s.revocations.Polled, c.Log, c.Now, s.listeners()...)
	s.Store.OnChange(func(change broker.Change) { s.feed.Apply(context.WithoutCancel(ctx), change) })
	if err := s.revocations.Load(ctx, s.Store); err != nil {
		return err
	}
	if err := s.EnsureKeys(ctx); err != nil {
		return err
	}
	s.warnOfLacks()
	if c.CensusAt != nil {
		s.census = census.New(census.Taker{Source: s.Directory, Store: s.Store, Tenants: s.LegacyTenants, At: *c.CensusAt, Logger: c.Log, Now: c.Now})
	}
	if c.Shadow != nil {
		var err error
		if s.shadow, err = s.newShadow(*c.Shadow, c.Log); err != nil {
			return err
		}
	}
	c.Logins.Now = c.Now
	s.logins = throttle.New(c.Logins)
	grants := grant.New(grant.Config{Store: s.Store, Sealer: c.Keys, Revocations: s.revocations, Now: c.Now})
	s.Engine = broker.New(broker.Config{
		Attempts: s.Store, Sessions: s.Store, Consents: s.Store, Origins: s.Store, Callbacks: s.Store, Creations: s.Store, Registry: s.Registry, Directory: s.watched(),
		Upstreams: broker.NewUpstreams(s.Registry, s.openUpstream), Grants: grants, Sealer: c.Keys,
		Events: s.Events, PublicURL: s.base, Throttle: s.logins, FailureFloor: s.failureFloor,
		Logger: c.Log, Now: c.Now,
	})
	var err error
	s.public, err = provider.New(provider.Config{
		Site: site, SharedPaths: c.SharedPaths, InformationPath: c.InformationPath, Registry: s.Registry, Keys: s.Keyring, Directory: s.Directory, Subjects: s.Directory.Subjects(), TellsUpdates: s.Directory.TellsUpdates(),
		Engine: s.Engine, Grants: grants, Revocations: s.revocations, Events: s.Events,
		Limits: c.Limits, Logouts: s.Store, PrivateLogouts: c.PrivateLogouts, Ready: s.ready, Log: c.Log, Now: c.Now,
	})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", site.RequireHTTPS(s.public))
	mux.Handle("/livez", s.public) // probes come from inside, in the clear
	mux.Handle("/readyz", s.public)
	s.handler = mux
	return nil
}

// listeners are the caches that the change feed keeps true.
func (s *Server) listeners() []broker.Listener {
	return []broker.Listener{
		{
			Apply:  s.revocations.Invalidate,
			Reload: func(ctx context.Context) error { return s.revocations.Load(ctx, s.Store) },
		},
		{
			Apply: func(ctx context.Context, kind, subject string) error {
				if kind != registry.ChangeKind {
					return nil
				}
				return s.reloadRegistry(ctx)
			},
			Reload: s.reloadRegistry,
		},
		{
			Apply: func(_ context.Context, kind, subject string) error {
				s.Keyring.Invalidate(kind, subject)
				return nil
			},
			Reload: func(context.Context) error {
				s.Keyring.Invalidate("", "")
				return nil
			},
		},
		{
			Apply: func(_ context.Context, kind, subject string) error {
				s.Directory.Invalidate(kind, subject)
				return nil
			},
			Reload: func(context.Context) error {
				s.Directory.Invalidate("", "")
				return nil
			},
		},
	}
}

// warnOfLacks names the mapping rules that the legacy profile cannot answer.
func (s *Server) warnOfLacks() {
	registered := s.Registry.Snapshot()
	for _, t := range registered.Tenants() {
		for _, c := range registered.Connections(t.Account) {
			for _, lacking := range s.Directory.Lacks(c.Rules().Needs()) {
				s.log.Warn("mapping rules need a statement that the legacy profile lacks", "account", string(t.Account), "connection", c.ID, "statement", string(lacking))
			}
		}
	}
}

// reloadRegistry reads the registry anew; a tenant that came to be gets its keys.
func (s *Server) reloadRegistry(ctx context.Context) error {
	if err := s.Registry.Invalidate(ctx, registry.ChangeKind, ""); err != nil {
		return err
	}
	return s.EnsureKeys(ctx)
}

// failureFloor is how long a refused password takes at least: longer than any hash in use, so that
// time tells nobody whether there was a hash to verify.
func (s *Server) failureFloor() time.Duration {
	return max(300*time.Millisecond, s.Directory.SlowestHash())
}

// Handler answers everything that browsers, clients and switches ask.
func (s *Server) Handler() http.Handler { return s.handler }

// Close closes the databases.
func (s *Server) Close() error {
	if s.Directory == nil {
		return s.State.Close()
	}
	return errors.Join(s.State.Close(), s.Directory.Close())
}
