package bench

import (
	"context"
	"crypto/ecdsa"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	_ "github.com/go-sql-driver/mysql" // the legacy database beside the state
	_ "modernc.org/sqlite"             // the legacy database of the default

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/broker/sqlstore"
	"github.com/patchbay-auth/patchbay/cmd/patchbay/internal/server"
	"github.com/patchbay-auth/patchbay/internal/keyfile"
	"github.com/patchbay-auth/patchbay/internal/ratelimit"
	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/legacy"
	profile "github.com/patchbay-auth/patchbay/legacy/iq"
	"github.com/patchbay-auth/patchbay/provider"
	"github.com/patchbay-auth/patchbay/testdata/iq"
)

//go:embed tenant.yaml
var tenantFile []byte

// clientSecret is every client's. The benchmark listens on loopback, for as long as it runs.
const clientSecret = "bench-only-secret-0123456789-0123456789" //nolint:gosec // protects nothing

// environment answers what the tenant file asks for.
type environment struct{ jwk []byte }

func (environment) Getenv(name string) (string, bool) { return clientSecret, name == "SECRET" }

func (e environment) ReadFile(name string) ([]byte, error) {
	if name != "signer.jwk" {
		return nil, fmt.Errorf("the benchmark has no file %q", name)
	}
	return e.jwk, nil
}

// A rig is a patchbay and a hello, both serving.
type rig struct {
	dir    string
	base   string
	listen string // host and port of patchbay
	hello  string // host and port of the hello
	server *server.Server
	keys   *keyfile.Keys
	// machineKey signs the assertions of the client bench-signer.
	machineKey *ecdsa.PrivateKey
	transport  *http.Transport

	stateStatements, legacyStatements atomic.Int64

	closers []func() error
	work    sync.WaitGroup
}

func (r *rig) issuer() string { return r.base + "/id" }
func (r *rig) realm() string  { return r.base + "/auth/realms/acme" }

func (r *rig) start(ctx context.Context, o Options, log *slog.Logger) (err error) {
	main, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	r.onClose(func() error { return ignoreClosed(main.Close()) })
	beside, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	r.onClose(func() error { return ignoreClosed(beside.Close()) })
	r.listen, r.hello = main.Addr().String(), beside.Addr().String()
	r.base = "http://" + r.listen

	if r.keys, err = keyfile.Generate(time.Now()); err != nil {
		return err
	}
	state := sqlstore.Config{
		DSN:         secret.New(o.State),
		OnStatement: func(string) { r.stateStatements.Add(1) },
	}
	if o.State == "" {
		state.DSN = secret.New("sqlite:" + filepath.Join(r.dir, "state.db"))
	}
	users, err := r.legacy(ctx, o)
	if err != nil {
		return err
	}
	if err := migrate(ctx, state); err != nil {
		return err
	}
	r.server, err = server.Open(ctx, server.Config{
		PublicURL: r.base, State: state, Legacy: users, Keys: r.keys, Log: log,
		Limits: provider.Limits{Tenant: unlimited(), Introspection: unlimited(), Address: unlimited()},
	})
	if err != nil {
		return err
	}
	r.onClose(r.server.Close)
	var env environment
	if r.machineKey, env.jwk, err = newMachineKey(); err != nil {
		return err
	}
	file, err := registry.ParseTenantFile("tenant.yaml", tenantFile, env)
	if err != nil {
		return err
	}
	if _, err := r.server.Apply(ctx, file, server.ApplyOptions{By: "bench", At: time.Now()}); err != nil {
		return err
	}
	r.serve(ctx, map[net.Listener]http.Handler{main: r.server.Handler(), beside: http.HandlerFunc(hello)}, log)
	return nil
}

// legacy makes the sample database with more users in it, beside the state.
func (r *rig) legacy(ctx context.Context, o Options) (c legacy.Config, err error) {
	c = legacy.Config{
		Engine: legacy.SQLite, DSN: secret.New(filepath.Join(r.dir, "iq.db")), Profile: profile.Profile(),
		OnStatement: func(legacy.Statement) { r.legacyStatements.Add(1) },
	}
	driver := "sqlite"
	if dsn, ok := strings.CutPrefix(o.State, "mysql:"); ok {
		c.Engine, c.DSN, driver = legacy.MySQL, secret.New(dsn), "mysql"
	}
	db, err := sql.Open(driver, c.DSN.Reveal())
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := iq.Load(ctx, db, driver); err != nil {
		return c, fmt.Errorf("%w (the database must be empty)", err)
	}
	return c, iq.Fill(ctx, db, o.Users)
}

// unlimited is a rate that no machine reaches: what it costs to count is measured with the rest.
func unlimited() ratelimit.Rate { return ratelimit.Rate{PerSecond: 1_000_000, Burst: 10_000_000} }

func migrate(ctx context.Context, c sqlstore.Config) error {
	store, err := sqlstore.Open(ctx, c)
	if err != nil {
		return err
	}
	return errors.Join(store.Migrate(ctx), store.Close())
}

func (r *rig) serve(ctx context.Context, handlers map[net.Listener]http.Handler, log *slog.Logger) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r.onClose(func() error { cancel(); r.work.Wait(); return nil })
	r.work.Go(func() { r.server.Run(ctx) })
	for l, h := range handlers {
		s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
		r.onClose(func() error {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			defer cancel()
			return s.Shutdown(ctx) // what people in the storm had begun is finished
		})
		r.work.Go(func() {
			if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				log.Error("bench: a server stopped", "error", err)
			}
		})
	}
}

func (r *rig) onClose(f func() error) { r.closers = append(r.closers, f) }

func (r *rig) close() error {
	var errs []error
	for _, f := range slices.Backward(r.closers) {
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
