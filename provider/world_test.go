package provider_test

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"net"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/keyring"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/broker/sqlstore"
	"github.com/patchbay-auth/patchbay/internal/keyfile"
	"github.com/patchbay-auth/patchbay/internal/ratelimit"
	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/internal/web"
	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/mapping"
	"github.com/patchbay-auth/patchbay/provider"
)

// strong is long enough to be taken for a generated secret.
func strong(client string) string { return client + "-secret-0123456789-abcdefghijklmnop" }

const redirectURI = "http://127.0.0.1:9/callback"

// A world is a patchbay with two tenants, its state on SQLite, and a directory that tests control.
type world struct {
	t         testing.TB
	base      string
	clock     *clock
	store     *sqlstore.Store
	registry  *registry.Registry
	grants    *grant.Service
	revoked   *grant.Revocations
	directory *directory
	events    *broker.EventLog
	server    *httptest.Server
	provider  *provider.Provider
	logged    *lines
	ready     func() error
	idp       *idp // that every connection leads to

	mu         sync.Mutex
	statements []string
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// pass lets time go by, with the change feed alive all the while.
func (w *world) pass(d time.Duration) {
	w.silence(d)
	w.revoked.Polled(w.clock.Now())
}

// silence lets time go by without a word from the change feed.
func (w *world) silence(d time.Duration) {
	w.clock.mu.Lock()
	defer w.clock.mu.Unlock()
	w.clock.now = w.clock.now.Add(d)
}

// keys are made once: RSA takes its time.
var keys = sync.OnceValues(func() (*keyfile.Keys, []keyring.Record) {
	sealer, err := keyfile.Generate(epoch)
	if err != nil {
		panic(err)
	}
	store := &keyStore{}
	ring, err := keyring.Open(context.Background(), keyring.Config{Store: store, Sealer: sealer, Now: func() time.Time { return epoch }})
	if err != nil {
		panic(err)
	}
	if err := ring.Ensure(context.Background(), keyring.Shared, keyring.Realm("acme"), keyring.Realm("globex")); err != nil {
		panic(err)
	}
	return sealer, store.records
})

var epoch = time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)

type keyStore struct {
	mu      sync.Mutex
	records []keyring.Record
}

func (s *keyStore) LoadKeys(context.Context) ([]keyring.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.records), nil
}

func (s *keyStore) ChangeKeys(_ context.Context, c keyring.Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records = append(s.records, c.Insert...)
	return nil
}

func newWorld(t testing.TB) *world {
	t.Helper()
	people := newDirectory()
	w := newWorldWith(t, people)
	w.directory = people
	return w
}

// unlimited is for tests of something else: their clock stands still, so that nothing flows back.
func unlimited() provider.Limits {
	most := ratelimit.Rate{PerSecond: ratelimit.MaxPerSecond, Burst: ratelimit.MaxBurst}
	return provider.Limits{Tenant: most, Introspection: most, Address: most}
}

// newWorldWith is a world with another directory; its field directory is nil.
func newWorldWith(t testing.TB, people broker.Directory) *world {
	t.Helper()
	return newWorldLimited(t, people, unlimited())
}

func newWorldLimited(t testing.TB, people broker.Directory, limits provider.Limits) *world {
	t.Helper()
	ctx := t.Context()
	w := &world{t: t, clock: &clock{now: epoch}, logged: &lines{}, idp: &idp{}}
	var err error
	w.store, err = sqlstore.Open(ctx, sqlstore.Config{
		DSN: secret.New("sqlite:" + filepath.Join(t.TempDir(), "state.db")), Now: w.clock.Now,
		OnStatement: func(name string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.statements = append(w.statements, name)
		},
	})
	w.must(err)
	t.Cleanup(func() { _ = w.store.Close() })
	w.must(w.store.Migrate(ctx))
	w.must(w.store.ChangeRegistry(ctx, registry.Change{Save: records(), By: "test", At: epoch}))
	w.registry, err = registry.Open(ctx, w.store)
	w.must(err)

	sealer, made := keys()
	ring, err := keyring.Open(ctx, keyring.Config{Store: &keyStore{records: made}, Sealer: sealer, Now: w.clock.Now})
	w.must(err)
	w.revoked = &grant.Revocations{Now: w.clock.Now}
	w.must(w.revoked.Load(ctx, w.store))
	w.grants = grant.New(grant.Config{Store: w.store, Sealer: sealer, Revocations: w.revoked, Now: w.clock.Now})
	w.events = broker.NewEventLog(w.store, slog.New(slog.DiscardHandler), w.clock.Now)

	// The address is needed before the handler: it is in every issuer.
	w.server = httptest.NewUnstartedServer(nil)
	w.base = "http://" + w.server.Listener.Addr().(*net.TCPAddr).String()
	site, err := web.NewSite(web.SiteConfig{PublicURL: w.base})
	w.must(err)
	logger := slog.New(slog.NewTextHandler(w.logged, nil))
	engine := broker.New(broker.Config{
		Attempts: w.store, Sessions: w.store, Consents: w.store, Origins: w.store, Callbacks: w.store, Creations: w.store, Registry: w.registry, Directory: people,
		Upstreams: broker.NewUpstreams(w.registry, func(*registry.Connection) (broker.Upstream, error) { return w.idp, nil }), Grants: w.grants, Sealer: sealer, Events: w.events,
		PublicURL: w.base, FailureFloor: func() time.Duration { return 0 }, Logger: logger, Now: w.clock.Now,
	})
	var subjects mapping.Subjects
	var tellsUpdates bool
	if db, ok := people.(*legacy.DB); ok {
		subjects, tellsUpdates = db.Subjects(), db.TellsUpdates()
	}
	w.provider, err = provider.New(provider.Config{
		Subjects: subjects, TellsUpdates: tellsUpdates,
		Site: site, Registry: w.registry, Keys: ring, Directory: people, Engine: engine, Grants: w.grants,
		Revocations: w.revoked, Events: w.events, Logouts: w.store, PrivateLogouts: true, Limits: limits, Log: logger, Now: w.clock.Now,
		Ready: func(context.Context) error {
			if w.ready == nil {
				return nil
			}
			return w.ready()
		},
	})
	w.must(err)
	w.server.Config.Handler = w.provider
	w.server.Start()
	t.Cleanup(w.server.Close)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// count returns the statements that f costs, of the state and of the directory.
func (w *world) count(f func()) []string {
	w.mu.Lock()
	w.statements = nil
	w.mu.Unlock()
	w.directory.asked()
	f()
	w.mu.Lock()
	defer w.mu.Unlock()
	return append(slices.Clone(w.statements), w.directory.asked()...)
}

// change edits a stored client, as an administrator would.
func (w *world) change(id string, edit func(*registry.Client)) {
	w.t.Helper()
	client, ok := w.registry.Snapshot().Client(id)
	if !ok {
		w.t.Fatalf("no client %q", id)
	}
	edited := *client
	edit(&edited)
	w.save(registry.Records{Clients: []registry.Client{edited}})
}

func (w *world) save(r registry.Records) {
	w.t.Helper()
	w.must(w.store.ChangeRegistry(w.t.Context(), registry.Change{Save: r, By: "test", At: w.clock.Now()}))
	w.must(w.registry.Invalidate(w.t.Context(), registry.ChangeKind, ""))
}

// recorded writes what the audit log has queued, and returns all events of a kind.
func (w *world) recorded(kind broker.EventKind) []broker.Event {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	cancel() // Run drains the queue and returns
	w.events.Run(ctx)
	all, err := w.store.Events(w.t.Context(), epoch.Add(-time.Hour), 10_000)
	w.must(err)
	return slices.DeleteFunc(all, func(e broker.Event) bool { return e.Kind != kind })
}

// layouts are the two ways to address one tenant.
func (w *world) layouts() []layout {
	shared, realm := w.base+"/id", w.base+"/auth/realms/acme"
	return []layout{
		{
			name: "shared", issuer: shared, authorize: shared + "/connect/authorize", token: shared + "/connect/token",
			userinfo: shared + "/connect/userinfo", introspect: shared + "/connect/introspect",
			revoke: shared + "/connect/revocation", logout: shared + "/connect/endsession",
			jwks: shared + "/.well-known/openid-configuration/jwks",
		},
		{
			name: "realm", issuer: realm, authorize: realm + "/protocol/openid-connect/auth",
			token: realm + "/protocol/openid-connect/token", userinfo: realm + "/protocol/openid-connect/userinfo",
			introspect: realm + "/protocol/openid-connect/token/introspect", revoke: realm + "/protocol/openid-connect/revoke",
			logout: realm + "/protocol/openid-connect/logout", jwks: realm + "/protocol/openid-connect/certs",
		},
	}
}

type layout struct {
	name, issuer, authorize, token, userinfo, introspect, revoke, logout, jwks string
}

func (l layout) realm() bool { return l.name == "realm" }

// each runs a test in both layouts, each in a world of its own.
func each(t *testing.T, test func(*testing.T, *world, layout)) {
	for i, name := range []string{"shared", "realm"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			test(t, w, w.layouts()[i])
		})
	}
}

func records() registry.Records {
	people := []string{"openid", "profile", "email", "offline_access", "roles", "groups", "contact-centre"}
	app := func(id string, account registry.Account) registry.Client {
		c := client(id, account)
		c.GrantTypes = []string{"authorization_code", "refresh_token"}
		c.RedirectURIs = []string{redirectURI, "http://127.0.0.1:9/other?fixed=1"}
		c.PostLogoutRedirectURIs = []string{"http://127.0.0.1:9/bye"}
		c.Scopes, c.DefaultScopes = people, []string{"openid"}
		c.Refresh = registry.Refresh{Rotation: true, Grace: 10 * time.Second, Sliding: 9000 * time.Second, Absolute: 12 * time.Hour}
		return c
	}
	public := app("spa", "acme")
	public.RequireSecret, public.Secrets = false, nil
	codeOnly := app("code-only", "acme")
	codeOnly.GrantTypes, codeOnly.Refresh = []string{"authorization_code"}, registry.Refresh{}
	codeOnly.Scopes = []string{"openid", "profile"}
	sbc := client("sbc", "acme")
	sbc.Introspection = registry.Introspection{Allow: registry.AllowTenant, Profile: registry.ProfileAudioCodes, RequiredScope: "contact-centre"}
	api := client("api", "acme")
	api.Introspection = registry.Introspection{Allow: registry.AllowTenant, Profile: registry.ProfileGeneric}
	own := app("own", "acme")
	own.Introspection = registry.Introspection{Allow: registry.AllowOwn, Profile: registry.ProfileGeneric}
	reporting := client("reporting", "acme")
	reporting.GrantTypes = []string{"client_credentials"}
	reporting.Scopes = []string{"roles", "contact-centre"}
	reporting.ProductAccess = []registry.ProductAccess{
		{Platform: "contact-centre", Solution: "10010", UserID: "4711"}, {Platform: "contact-centre", Solution: "10010", UserID: "4718"},
	}
	// renewing is reporting with refresh tokens, which only the realm layout gives it.
	renewing := reporting
	renewing.ID, renewing.Secrets = "renewing", client("renewing", "acme").Secrets
	renewing.GrantTypes = []string{"client_credentials", "refresh_token"}
	renewing.Refresh = registry.Refresh{Rotation: true, Grace: 10 * time.Second, Sliding: 9000 * time.Second, Absolute: 12 * time.Hour}
	legacy := app("legacy-app", "acme")
	legacy.GrantTypes = []string{"password", "refresh_token"}
	legacy.RedirectURIs, legacy.PostLogoutRedirectURIs = nil, nil
	signing := client("signing", "acme")
	signing.GrantTypes, signing.Scopes, signing.Secrets = []string{"client_credentials"}, []string{"roles"}, nil
	signing.Introspection = api.Introspection
	for name, m := range makers() {
		if name != "stranger" {
			signing.Secrets = append(signing.Secrets, registry.ClientSecret{Description: name, PublicKey: m.public})
		}
	}
	foreign := client("globex-api", "globex")
	foreign.Introspection = api.Introspection
	return registry.Records{
		Tenants: []registry.Tenant{
			{Account: "acme", Name: "Acme Support", Enabled: true, LegacyTenant: "10010", SIPDomains: []string{"pbx.acme.example"}},
			{Account: "globex", Name: "Globex", Enabled: true, LegacyTenant: "10020", SIPDomains: []string{"pbx.globex.example"}},
		},
		Clients: []registry.Client{
			app("agent-app", "acme"), app("second-app", "acme"), public, codeOnly, sbc, api, own, reporting, renewing, legacy, signing, foreign, app("globex-app", "globex"),
		},
	}
}

func client(id string, account registry.Account) registry.Client {
	digest := sha256.Sum256([]byte(strong(id)))
	return registry.Client{
		ID: id, Account: account, Name: id, Enabled: true, RequireSecret: true,
		Secrets:         []registry.ClientSecret{{SHA256: digest[:]}},
		AccessTokenType: "at+jwt", AccessTokenSigningAlg: "ES256", IDTokenSigningAlg: "RS256",
		IdentityTokenLifetime: 5 * time.Minute, AccessTokenLifetime: 15 * time.Minute,
	}
}

// lines is a log that tests read.
type lines struct {
	mu   sync.Mutex
	text []byte
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	return len(p), nil
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}
