package idptest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/zitadel/oidc/v3/pkg/op"
)

// Config describes an identity provider.
type Config struct {
	// Listen is a loopback host and a port; port 0 picks a free one. Empty means localhost:0. The
	// host is the issuer's.
	Listen string
	// Name is what the login page calls the organisation. Empty means "Example Organisation".
	Name    string
	Clients []Client
	Users   []User
}

// IdP is a running identity provider.
type IdP struct {
	issuer   string
	page     pages
	store    *store
	provider *op.Provider
	server   *http.Server
	served   chan error

	down     atomic.Bool
	failWith atomic.Pointer[string]
}

// Start starts an identity provider, which runs until Close.
func Start(cfg Config) (*IdP, error) {
	if cfg.Listen == "" {
		cfg.Listen = "localhost:0"
	}
	if cfg.Name == "" {
		cfg.Name = "Example Organisation"
	}
	listener, issuer, err := listen(cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen %q: %w", cfg.Listen, err)
	}
	idp, err := newIdP(cfg, issuer)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	go func() { idp.served <- idp.server.Serve(listener) }()
	return idp, nil
}

// listen refuses any address but a loopback one: the users' passwords are well known.
func listen(address string) (net.Listener, string, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, "", err
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, "", err
	}
	bound, ok := listener.Addr().(*net.TCPAddr)
	if host == "" || !ok || !bound.IP.IsLoopback() {
		return nil, "", errors.Join(errors.New("not a loopback address"), listener.Close())
	}
	return listener, fmt.Sprintf("http://%s", net.JoinHostPort(host, fmt.Sprint(bound.Port))), nil
}

func newIdP(cfg Config, issuer string) (*IdP, error) {
	store, err := newStore(cfg.Clients, cfg.Users)
	if err != nil {
		return nil, err
	}
	config := &op.Config{CodeMethodS256: true, AuthMethodPost: true, SupportedClaims: store.claimNames(), DefaultLogoutRedirectURI: loggedOutPath}
	if _, err := rand.Read(config.CryptoKey[:]); err != nil {
		return nil, err
	}
	provider, err := op.NewProvider(config, store, op.StaticIssuer(issuer), op.WithAllowInsecure())
	if err != nil {
		return nil, fmt.Errorf("provider: %w", err)
	}
	idp := &IdP{issuer: issuer, page: pages{cfg.Name}, store: store, provider: provider, served: make(chan error, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+loginPath, idp.showLogin)
	mux.HandleFunc("POST "+loginPath, idp.submitLogin)
	mux.HandleFunc("GET "+loggedOutPath, showLoggedOut)
	mux.Handle("/", provider)
	idp.server = &http.Server{Handler: unless(&idp.down, mux), ReadHeaderTimeout: 10 * time.Second}
	return idp, nil
}

// Issuer returns the issuer identifier, such as http://localhost:41873.
func (i *IdP) Issuer() string { return i.issuer }

// Close stops the identity provider and drops its connections.
func (i *IdP) Close() error {
	err := i.server.Close()
	if served := <-i.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// AddClient registers a relying party, replacing one with the same id.
func (i *IdP) AddClient(c Client) { i.store.addClient(c) }

// RotateKeys replaces the signing key. The old one is no longer published.
func (i *IdP) RotateKeys() error { return i.store.rotateKeys() }

// Down makes the provider break off every request without an answer, until Down(false).
func (i *IdP) Down(down bool) { i.down.Store(down) }

// FailWith makes every login end, before the login page, with this error code at the relying party
// (RFC 6749 §4.1.2.1). Empty ends that.
func (i *IdP) FailWith(code string) { i.failWith.Store(&code) }

func unless(down *atomic.Bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			panic(http.ErrAbortHandler) // net/http's way to drop a connection
		}
		next.ServeHTTP(w, r)
	})
}
