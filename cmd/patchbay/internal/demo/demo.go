package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/cmd/patchbay/internal/server"
	"github.com/patchbay-auth/patchbay/federation/idptest"
	"github.com/patchbay-auth/patchbay/internal/yamlfault"
)

// Options are the flags of the command.
type Options struct {
	// Listen is a loopback host and port; empty means 127.0.0.1:8080, or a free port if that is taken.
	Listen string
	// Data is a directory for what should outlive the process; empty keeps nothing.
	Data string
	// Apply names tenant files to apply besides the demo's own.
	Apply []string
	// JSON prints the facts as one object on the first line instead of in words.
	JSON bool
	// Tour walks every flow and returns instead of serving until ctx ends.
	Tour bool
}

// Run runs the demo until ctx ends, or the tour is over.
func Run(ctx context.Context, o Options, stdout, stderr io.Writer) (err error) {
	dir, remove, err := dataDir(o.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	d := &demo{dir: dir, log: slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := d.start(ctx, o); err != nil {
		return err
	}
	if err := d.announce(o, stdout); err != nil {
		return err
	}
	if o.Tour {
		return tour(ctx, d.facts, d.idp, d.saml, stdout)
	}
	<-ctx.Done()
	return nil
}

// dataDir returns the directory to work in, and what removes it if it is ours.
func dataDir(given string) (string, func() error, error) {
	if given != "" {
		return given, func() error { return nil }, os.MkdirAll(given, 0o700)
	}
	dir, err := os.MkdirTemp("", "patchbay-demo-")
	return dir, func() error { return os.RemoveAll(dir) }, err
}

// A demo is everything that runs in this process.
type demo struct {
	dir   string
	log   *slog.Logger
	facts Facts

	nightlyKey *jose.JSONWebKey

	server  *server.Server
	idp     *idptest.IdP
	saml    *idptest.SAML
	closers []func() error
	work    sync.WaitGroup
}

func (d *demo) start(ctx context.Context, o Options) error {
	main, err := listen(ctx, o.Listen)
	if err != nil {
		return err
	}
	d.onClose(func() error { return ignoreClosed(main.Close()) })
	app, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	d.onClose(func() error { return ignoreClosed(app.Close()) })

	base := "http://" + main.Addr().String()
	d.idp, err = startIdP("", base+"/login/acme/corp")
	if err != nil {
		return err
	}
	d.onClose(d.idp.Close)
	if d.saml, err = startSAML(""); err != nil {
		return err
	}
	d.onClose(d.saml.Close)
	if err := d.open(ctx, base); err != nil {
		return err
	}
	place := places{App: "http://" + app.Addr().String(), IdP: d.idp.Issuer(), SAML: d.saml.MetadataURL()}
	if err := d.apply(ctx, place, o.Apply); err != nil {
		return err
	}
	if err := d.introduce(ctx); err != nil {
		return err
	}
	d.facts = d.collect(base, place)
	return d.serve(ctx, main, app)
}

// listen takes the address asked for; without one it takes 127.0.0.1:8080 if it can.
func listen(ctx context.Context, address string) (net.Listener, error) {
	var lc net.ListenConfig
	if address == "" {
		if l, err := lc.Listen(ctx, "tcp", "127.0.0.1:8080"); err == nil {
			return l, nil
		}
		address = "127.0.0.1:0"
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("--listen %q: %w", address, err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("--listen %q: the demo listens on loopback only, such as 127.0.0.1:8080: its passwords are published", address)
	}
	return lc.Listen(ctx, "tcp", address)
}

// apply applies the demo's tenant files, then those of the command line.
func (d *demo) apply(ctx context.Context, place places, names []string) error {
	var err error
	if d.nightlyKey, err = newNightlyKey(); err != nil {
		return err
	}
	if place.NightlyKey, err = publicJWK(d.nightlyKey); err != nil {
		return err
	}
	files, err := tenantFiles(place)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		name := a.account + ".yaml"
		if err := d.applyFile(ctx, name, files[name], environment{}); err != nil {
			return err
		}
	}
	if err := d.applyFile(ctx, "platform.yaml", files["platform.yaml"], environment{}); err != nil {
		return err
	}
	for _, name := range names {
		text, err := os.ReadFile(name) //nolint:gosec // the operator names the file
		if err != nil {
			return fmt.Errorf("--apply: %w", err)
		}
		if err := d.applyFile(ctx, name, text, yamlfault.Process(filepath.Dir(name))); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) applyFile(ctx context.Context, name string, text []byte, expand yamlfault.Expander) error {
	file, err := registry.ParseTenantFile(name, text, expand)
	if err != nil {
		return err
	}
	if _, err := d.server.Apply(ctx, file, server.ApplyOptions{By: "demo", At: time.Now()}); err != nil {
		return err
	}
	return d.approveDomains(ctx, file.Tenant)
}

// approveDomains takes everybody's word: nobody here has a DNS.
func (d *demo) approveDomains(ctx context.Context, claimed registry.Tenant) error {
	for _, name := range claimed.Domains {
		if err := d.server.Domains.Approve(ctx, &claimed, name.Name, "demo"); err != nil {
			return err
		}
	}
	return d.server.Registry.Invalidate(ctx, registry.ChangeKind, "")
}

// serve answers at both listeners until close.
func (d *demo) serve(ctx context.Context, main, app net.Listener) error {
	page, err := newAgentApp(func() Facts { return d.facts })
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	d.onClose(func() error { cancel(); d.work.Wait(); return nil })
	d.work.Go(func() { d.server.Run(ctx) })
	for l, h := range map[net.Listener]http.Handler{main: d.server.Handler(), app: page.handler()} {
		s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(d.log.Handler(), slog.LevelWarn)}
		d.onClose(func() error {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			if err := s.Shutdown(ctx); err != nil {
				return s.Close() // browsers hold connections open that they have not used yet
			}
			return nil
		})
		d.work.Go(func() {
			if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				d.log.Error("demo: a server stopped", "error", err)
			}
		})
	}
	return nil
}

func (d *demo) onClose(f func() error) { d.closers = append(d.closers, f) }

func (d *demo) close() error {
	var errs []error
	for _, f := range slices.Backward(d.closers) {
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

// announce prints what to open and who to log in as.
func (d *demo) announce(o Options, out io.Writer) error {
	if o.JSON {
		return json.NewEncoder(out).Encode(d.facts)
	}
	if o.Tour {
		return nil
	}
	return d.facts.print(out)
}

func (d *demo) path(name string) string { return filepath.Join(d.dir, name) }
