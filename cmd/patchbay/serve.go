package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/throttle"
	"github.com/patchbay-auth/patchbay/cmd/patchbay/internal/server"
	"github.com/patchbay-auth/patchbay/internal/config"
	"github.com/patchbay-auth/patchbay/provider"
)

func serveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Answer browsers, clients and switches",
		Long: `Serves until SIGTERM or Ctrl-C. Then /readyz turns to 503, and for drain.delay requests are still
taken; after that the listener closes, requests in flight are finished, and what is queued for the
audit log is written.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := loadConfig(c)
			if err != nil {
				return err
			}
			log := logger(cfg, c.ErrOrStderr())
			setDefaultLog(log.Handler())
			return serve(c.Context(), cfg, log)
		},
	}
}

func serve(ctx context.Context, cfg config.Config, log *slog.Logger) (err error) {
	keys, err := openKeys(cfg)
	if err != nil {
		return err
	}
	directory, err := legacyConfig(cfg, log)
	if err != nil {
		return err
	}
	second, err := shadowConfig(cfg)
	if err != nil {
		return err
	}
	s, err := server.Open(ctx, server.Config{
		PublicURL: cfg.PublicURL, SharedPaths: []string{cfg.SharedIssuerPath}, InformationPath: cfg.AccessTokenInformationPath, TrustedProxies: cfg.TrustedProxies,
		PrivateLogouts: cfg.PrivateLogouts, DomainResolver: cfg.DomainResolver,
		Limits: provider.Limits{Tenant: cfg.Limits.Tenant, Introspection: cfg.Limits.Introspection, Address: cfg.Limits.Address},
		Logins: throttle.Config{
			Failures: cfg.Limits.Login.Failures, AccountsPerAddress: cfg.Limits.Login.AccountsPerAddress, Window: cfg.Limits.Login.Window,
		},
		State:  stateConfig(cfg),
		Legacy: directory,
		Keys:   keys, Retention: broker.Retention(cfg.Retention), CensusAt: cfg.Legacy.CensusAt, Shadow: second, Log: log,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()

	var work sync.WaitGroup
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer work.Wait()
	defer stop()
	work.Go(func() { s.Run(background) })
	return listenAndServe(ctx, cfg, s, log)
}

// listenAndServe serves until ctx ends, then drains.
func listenAndServe(ctx context.Context, cfg config.Config, s *server.Server, log *slog.Logger) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return err
	}
	if cfg.TLS != nil {
		pair := &certificate{certFile: cfg.TLS.CertFile, keyFile: cfg.TLS.KeyFile, log: log}
		if err := pair.load(); err != nil {
			return errors.Join(err, listener.Close())
		}
		listener = tls.NewListener(listener, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: pair.get, NextProtos: []string{"h2", "http/1.1"}})
	}
	ending := &drain{delay: cfg.Drain.Delay, timeout: cfg.Drain.Timeout, log: log}
	public := newHTTPServer(ending.handler(s.Handler()), log)
	servers := []*http.Server{public}
	failed := make(chan error, 2)
	go func() { failed <- public.Serve(listener) }()
	if cfg.MetricsListen != "" {
		metrics := newHTTPServer(s.Metrics(), log)
		metrics.Addr = cfg.MetricsListen
		servers = append(servers, metrics)
		go func() { failed <- metrics.ListenAndServe() }()
	}
	log.Info("serving", "address", listener.Addr().String(), "public_url", cfg.PublicURL)
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	return ending.run(context.WithoutCancel(ctx), s.Drain, servers...)
}

func newHTTPServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}
