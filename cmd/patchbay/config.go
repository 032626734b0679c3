package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/patchbay-auth/patchbay/broker/shadow"
	"github.com/patchbay-auth/patchbay/broker/sqlstore"
	"github.com/patchbay-auth/patchbay/cmd/patchbay/internal/server"
	"github.com/patchbay-auth/patchbay/internal/config"
	"github.com/patchbay-auth/patchbay/internal/keyfile"
	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/legacy/iq"
	"github.com/patchbay-auth/patchbay/legacy/passhash"
)

// loadConfig reads the file that --config names.
func loadConfig(c *cobra.Command) (config.Config, error) {
	path, err := c.Flags().GetString("config")
	if err != nil {
		return config.Config{}, err
	}
	return config.Load(path)
}

// withState runs a command on the state database and the key file that the configuration names.
func withState(c *cobra.Command, run func(context.Context, *server.State) error) (err error) {
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	keys, err := openKeys(cfg)
	if err != nil {
		return err
	}
	state, err := server.OpenState(c.Context(), server.StateConfig{
		Config: stateConfig(cfg), Keys: keys, DomainResolver: cfg.DomainResolver, Log: logger(cfg, c.ErrOrStderr()),
	})
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := state.Close(); err == nil {
			err = closeErr
		}
	}()
	return run(c.Context(), state)
}

func stateConfig(cfg config.Config) sqlstore.Config {
	return sqlstore.Config{DSN: cfg.StateDSN, Existing: true}
}

// legacyConfig reads the profile of the legacy database, which may be in a file of its own.
func legacyConfig(cfg config.Config, log *slog.Logger) (legacy.Config, error) {
	c, err := sourceConfig(cfg.Legacy.Source)
	c.Rehash = passhash.Scheme(cfg.Legacy.Rehash)
	c.OnRehash = func(r legacy.Rehash) {
		if r.Err != nil {
			log.Warn("a password was not hashed anew", "tenant", string(r.Tenant), "user", string(r.User), "error", r.Err)
			return
		}
		log.Info("a password was hashed anew", "tenant", string(r.Tenant), "user", string(r.User))
	}
	return c, err
}

func sourceConfig(s config.Source) (legacy.Config, error) {
	c := legacy.Config{Engine: legacy.Engine(s.Driver), DSN: s.DSN, Profile: iq.Profile()}
	if s.ProfileFile == "" {
		return c, nil
	}
	var err error
	c.Profile, err = legacy.LoadProfile(s.ProfileFile, c.Engine)
	return c, err
}

// shadowConfig is nil where logins are compared with no other source.
func shadowConfig(cfg config.Config) (*server.ShadowConfig, error) {
	if cfg.Legacy.Shadow == nil {
		return nil, nil //nolint:nilnil // none is a value
	}
	source, err := sourceConfig(cfg.Legacy.Shadow.Source)
	c := &server.ShadowConfig{Source: source}
	for _, name := range cfg.Legacy.Shadow.Compare {
		c.Compare = append(c.Compare, shadow.Aspect(name))
	}
	return c, err
}

func openKeys(cfg config.Config) (*keyfile.Keys, error) {
	unlock, err := unlockOf(cfg)
	if err != nil {
		return nil, err
	}
	keys, err := keyfile.Open(cfg.KeyFile.Path, unlock)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: 'patchbay key generate' makes it", err)
	}
	return keys, err
}

// unlockOf returns what opens the key file. The configuration has exactly one of the two.
func unlockOf(cfg config.Config) (keyfile.Unlock, error) {
	if !cfg.KeyFile.Identity.Empty() {
		return keyfile.Identity(cfg.KeyFile.Identity.Reveal())
	}
	return keyfile.Passphrase(cfg.KeyFile.Passphrase.Reveal())
}

func logger(cfg config.Config, w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogFormat == "text" {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}
