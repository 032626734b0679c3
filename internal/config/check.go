package config

import (
	"log/slog"
	"path/filepath"
	"slices"
	"strings"

	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/internal/yamlfault"
)

type parser struct {
	*yamlfault.File
	dir string
}

// path makes a file name of the configuration relative to it.
func (p parser) path(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(p.dir, name)
}

// sqlite is path for the file of a DSN. What names no file, such as :memory:, stays as it is, and is
// refused by whoever opens it.
func (p parser) sqlite(name string) string {
	if strings.HasPrefix(name, ":") || strings.HasPrefix(name, "file:") {
		return name
	}
	return p.path(name)
}

// missing reports a required key unless it has a value, or a fault of its own already.
func (p parser) missing(key string, empty bool, why string) bool {
	if empty && !p.Has(key) && !p.Has(key+"_file") {
		p.Fault(key, "is required: %s", why)
	}
	return empty
}

func (p parser) state(c *Config) {
	if !p.missing("state.dsn", c.StateDSN.Empty(), "sqlite:<file> or mysql:<dsn>") {
		kind, rest, _ := strings.Cut(c.StateDSN.Reveal(), ":")
		if kind != "sqlite" && kind != "mysql" || rest == "" {
			p.Fault("state.dsn", "begins with neither sqlite: nor mysql:") // not quoted: it holds a password
		} else if kind == "sqlite" {
			c.StateDSN = secret.New("sqlite:" + p.sqlite(rest))
		}
	}
}

func (p parser) keys(k KeyFile) {
	p.missing("key_file", k.Path == "", "make one with patchbay key generate")
	both := !k.Passphrase.Empty() && !k.Identity.Empty()
	if both {
		p.Fault("key_file_identity", "give either a passphrase or an identity, not both")
	}
	if k.Passphrase.Empty() && k.Identity.Empty() && !p.Has("key_file_identity") && !p.Has("key_file_identity_file") {
		p.missing("key_file_passphrase", true, "or key_file_identity: private keys are sealed at rest")
	}
}

func (p parser) log(c *Config, level string) {
	if level != "" {
		if !slices.Contains([]string{"debug", "info", "warn", "error"}, level) {
			p.Fault("log.level", "%q is none of debug, info, warn and error", level)
		} else if err := c.LogLevel.UnmarshalText([]byte(level)); err != nil {
			p.Fault("log.level", "%w", err)
		}
	} else {
		c.LogLevel = slog.LevelInfo
	}
	if c.LogFormat == "" {
		c.LogFormat = "json"
	}
	if c.LogFormat != "json" && c.LogFormat != "text" {
		p.Fault("log.format", "%q is neither json nor text", c.LogFormat)
	}
}
