package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/keyring"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/web"
	"github.com/patchbay-auth/patchbay/mapping"
	"github.com/patchbay-auth/patchbay/provider/backchannel"
	"github.com/patchbay-auth/patchbay/provider/login"
	"github.com/patchbay-auth/patchbay/provider/token"
)

// Config is what the public face needs. Everything is required unless it says otherwise.
type Config struct {
	// Site knows public_url, on which every issuer is built.
	Site *web.Site
	// SharedPaths are the paths of the shared layout's issuers below public_url; "" is its root. Nil
	// means /id alone.
	SharedPaths []string
	// InformationPath is where accesstokeninformation is below public_url; empty means
	// /contactcentre5/accesstokeninformation.
	InformationPath string

	Registry    *registry.Registry
	Keys        *keyring.Keyring
	Directory   broker.Directory
	Engine      *broker.Engine
	Grants      *grant.Service
	Revocations *grant.Revocations
	Events      *broker.EventLog
	// Logouts is the outbox from which clients are told of ended sessions.
	Logouts broker.LogoutStore
	// PrivateLogouts lets clients that are told of ended sessions be on this machine, by plain http,
	// and in its network.
	PrivateLogouts bool

	// Subjects says how sub names users: by their ids, unless these are unique in their tenant only.
	Subjects mapping.Subjects

	// TellsUpdates is whether the directory knows when a user was last changed, for the claim updated_at.
	TellsUpdates bool

	// VerifiedTokens bounds the cache of access tokens whose signatures were verified. Zero means
	// 50 000, of about a kilobyte each.
	VerifiedTokens int
	// Limits bound how often callers may ask.
	Limits Limits
	// Ready reports why this node cannot serve, for /readyz; nil means that it always can.
	Ready func(context.Context) error
	// Log hears of our own trouble; nil discards.
	Log *slog.Logger
	// Now reports the time; nil means time.Now.
	Now func() time.Time
}

// A provider answers everything that browsers, clients and switches ask.
type provider struct {
	site           *web.Site
	pages          *login.Pages
	issuers        *issuers
	registry       *registry.Registry
	keys           *keyring.Keyring
	directory      broker.Directory
	subjects       mapping.Subjects
	tellsUpdates   bool
	engine         *broker.Engine
	grants         *grant.Service
	revocations    *grant.Revocations
	events         *broker.EventLog
	tokens         *token.Tokens
	logouts        *backchannel.Courier
	verifiedTokens tokenCache
	limits         *limiter
	weak           *weakVerifier
	documents      sync.Map // discovery documents by issuer
	routers        map[bool]http.Handler
	ready          func(context.Context) error
	log            *slog.Logger
	now            func() time.Time
}

// New returns the handler of all public addresses. Run does its background work.
func New(c Config) (*Provider, error) {
	if c.Site == nil || c.Registry == nil || c.Keys == nil || c.Directory == nil || c.Engine == nil ||
		c.Grants == nil || c.Revocations == nil || c.Events == nil || c.Logouts == nil {
		return nil, errors.New("provider: a part of the configuration is missing")
	}
	p := &provider{
		site: c.Site, registry: c.Registry, keys: c.Keys, directory: c.Directory, subjects: c.Subjects, tellsUpdates: c.TellsUpdates, engine: c.Engine,
		grants: c.Grants, revocations: c.Revocations, events: c.Events, ready: c.Ready, log: c.Log, now: c.Now,
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	if p.now == nil {
		p.now = time.Now
	}
	if c.VerifiedTokens == 0 {
		c.VerifiedTokens = 50_000
	}
	var err error
	if p.issuers, err = newIssuers(c.Site, c.SharedPaths, c.Registry); err != nil {
		return nil, err
	}
	if p.verifiedTokens, err = newTokenCache(c.VerifiedTokens, p.now); err != nil {
		return nil, fmt.Errorf("cache of verified tokens: %w", err)
	}
	if p.limits, err = newLimiter(c.Limits, p.now); err != nil {
		return nil, err
	}
	p.weak = newWeakVerifier()
	p.tokens = token.New(token.Config{Keys: c.Keys, Now: p.now, Issuer: func(iss string) (keyring.Scope, bool) {
		is, ok := p.issuers.find(iss)
		return is.keys, ok
	}})
	p.routers = map[bool]http.Handler{}
	for _, l := range []*layout{p.issuers.shared, p.issuers.realm} {
		p.routers[l.realm] = op.RegisterServer(server{p: p}, l.libraryEndpoints(), op.WithServerCORSOptions(nil))
	}
	p.logouts = backchannel.New(backchannel.Config{
		Store: c.Logouts, Registry: c.Registry, Mint: p.mintLogout, AllowPrivateNetwork: c.PrivateLogouts,
		Log: p.log, Now: p.now,
	})
	h, err := p.routes(cmp.Or(c.InformationPath, defaultInformationPath))
	if err != nil {
		return nil, err
	}
	return &Provider{h, p.logouts, p.verifiedTokens}, nil
}

// routes is every address there is. Methods are judged behind it, because an address that exists
// answers 405 in its own dialect.
func (p *provider) routes(informationPath string) (http.Handler, error) {
	if err := checkInformationPath(informationPath); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	root := p.site.Path("")
	mux.HandleFunc(root+"/livez", p.alive)
	mux.HandleFunc(root+"/readyz", p.readiness)
	mux.HandleFunc(root+informationPath, p.information)
	if err := p.mountPages(mux, root); err != nil {
		return nil, err
	}
	if err := p.mountAPI(mux, root, informationPath); err != nil {
		return nil, err
	}
	for _, at := range p.issuers.paths {
		is := p.issuers.sharedAt(at)
		p.mount(mux, root+at, is.layout, func(*http.Request) (issuer, error) { return is, nil })
		if inserted := wellKnown(root, at); inserted != root+at+is.layout.paths[metadata] {
			mux.Handle(inserted, p.handle(metadata, func(*http.Request) (issuer, error) { return is, nil }))
		}
	}
	realms := realmsPath + "{account}"
	p.mount(mux, root+realms, p.issuers.realm, p.issuers.realmFrom)
	mux.Handle(wellKnown(root, realms), p.handle(metadata, p.issuers.realmFrom))
	return p.onlyCleanPaths(mux), nil
}

// mount puts one layout's endpoints below a prefix.
func (p *provider) mount(mux *http.ServeMux, prefix string, l *layout, find func(*http.Request) (issuer, error)) {
	for e, at := range l.paths {
		mux.Handle(prefix+at, p.handle(e, find))
	}
}

// handle serves one endpoint of whichever issuer find returns.
func (p *provider) handle(e endpoint, find func(*http.Request) (issuer, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		is, err := find(r)
		if err != nil {
			p.fail(w, r, &exchange{endpoint: e}, asFault(err))
			return
		}
		switch e {
		case tokens, userinfo, introspection, revocation, deviceAuthorization, pushedAuthorization:
			p.protocol(w, r, is, e)
		case authorization:
			p.person(w, r, is, e, p.authorize)
		case endSession:
			p.person(w, r, is, e, p.endSession)
		case discovery, metadata:
			p.document(w, r, is, e, func() error { return p.discover(w, is) })
		case jwks:
			p.document(w, r, is, e, func() error { return p.keySet(w, r, is) })
		case tokenInformation: // has no issuer in its address: see information.go
		}
	})
}

func (p *provider) document(w http.ResponseWriter, r *http.Request, is issuer, e endpoint, serve func() error) {
	if p.preflight(w, r, is, e) {
		return
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	x := &exchange{issuer: is, endpoint: e}
	if fault := judgeMethod(r, e); fault != nil {
		p.fail(w, r, x, fault)
		return
	}
	if err := serve(); err != nil {
		p.fail(w, r, x, asFault(err))
	}
}

// onlyCleanPaths refuses what the mux would answer with a redirect to a cleaned path: a client that
// posts credentials to an address that is not exactly ours should hear of its mistake.
func (p *provider) onlyCleanPaths(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at := r.URL.Path
		if at != "/" && path.Clean(at) != strings.TrimSuffix(at, "/") || !strings.HasPrefix(at, "/") {
			http.NotFound(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
