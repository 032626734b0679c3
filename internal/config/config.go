package config

import (
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/internal/yamlfault"
)

// Config is a valid configuration, defaults filled in.
type Config struct {
	// Listen is the address to listen on, host:port. Without a host it is every interface.
	Listen string
	// TLS is nil when a proxy, or nobody on loopback, ends TLS.
	TLS *TLS
	// PublicURL is the origin that browsers and clients see, without a trailing slash.
	PublicURL string
	// SharedIssuerPath follows PublicURL in the shared issuer: "/id" by default; may be empty.
	SharedIssuerPath string
	// AccessTokenInformationPath follows PublicURL at the address that tells about an access token.
	AccessTokenInformationPath string
	// TrustedProxies are the networks whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// StateDSN names patchbay's own database, as sqlite:… or mysql:….
	StateDSN secret.Text
	Legacy   Legacy
	KeyFile  KeyFile
	Limits   Limits
	LogLevel slog.Level
	// LogFormat is json or text.
	LogFormat string
	// MetricsListen is the address of the metrics listener; empty means none.
	MetricsListen string
	// DomainResolver is the name server, host:port, that is asked for the proofs of domains; empty means this
	// machine's.
	DomainResolver string
	// PrivateLogouts lets clients that are told of ended sessions be in this machine's network.
	PrivateLogouts bool
	Drain          Drain
	Retention      Retention
}

// TLS names a certificate chain and its private key, both PEM. They are read again when they change.
type TLS struct {
	CertFile string
	KeyFile  string
}

// KeyFile names the sealed key file and what opens it: exactly one of Passphrase and Identity.
type KeyFile struct {
	Path       string
	Passphrase secret.Text
	Identity   secret.Text
}

// Load reads the file at path, expanding ${NAME} from the environment and …_file keys from files
// relative to it. What is wrong with the content comes as yamlfault.Faults.
func Load(path string) (Config, error) {
	data, err := os.ReadFile(path) //nolint:gosec // the operator names it
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	dir := filepath.Dir(path)
	return parse(path, dir, data, yamlfault.Process(dir))
}

// configYAML is the file as written.
type configYAML struct {
	Listen           string   `yaml:"listen"`
	TLS              *tlsYAML `yaml:"tls"`
	PublicURL        string   `yaml:"public_url"`
	SharedIssuerPath *string  `yaml:"shared_issuer_path"`
	InformationPath  *string  `yaml:"access_token_information_path"`
	TrustedProxies   []string `yaml:"trusted_proxies"`
	State            struct {
		DSN secret.Text `yaml:"dsn"`
	} `yaml:"state"`
	Legacy            legacyYAML  `yaml:"legacy"`
	KeyFile           string      `yaml:"key_file"`
	KeyFilePassphrase secret.Text `yaml:"key_file_passphrase"`
	KeyFileIdentity   secret.Text `yaml:"key_file_identity"`
	Limits            limitsYAML  `yaml:"limits"`
	Log               struct {
		Level  string `yaml:"level"`
		Format string `yaml:"format"`
	} `yaml:"log"`
	Metrics struct {
		Listen string `yaml:"listen"`
	} `yaml:"metrics"`
	DomainProofs struct {
		Resolver string `yaml:"resolver"`
	} `yaml:"domain_proofs"`
	BackchannelLogout struct {
		AllowPrivateNetwork bool `yaml:"allow_private_network"`
	} `yaml:"backchannel_logout"`
	Drain     drainYAML     `yaml:"drain"`
	Retention retentionYAML `yaml:"retention"`
}

type tlsYAML struct {
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
}

func parse(name, dir string, data []byte, from yamlfault.Expander) (Config, error) {
	var y configYAML
	p := parser{File: yamlfault.Decode(name, data, from, &y), dir: dir}
	c := Config{
		Listen: y.Listen, PublicURL: y.PublicURL, SharedIssuerPath: "/id", StateDSN: y.State.DSN,
		KeyFile:   KeyFile{Path: p.path(y.KeyFile), Passphrase: y.KeyFilePassphrase, Identity: y.KeyFileIdentity},
		LogFormat: y.Log.Format, MetricsListen: y.Metrics.Listen, DomainResolver: y.DomainProofs.Resolver, PrivateLogouts: y.BackchannelLogout.AllowPrivateNetwork,
	}
	if y.SharedIssuerPath != nil {
		c.SharedIssuerPath = *y.SharedIssuerPath
	}
	c.AccessTokenInformationPath = "/contactcentre5/accesstokeninformation"
	if y.InformationPath != nil {
		c.AccessTokenInformationPath = *y.InformationPath
	}
	if y.TLS != nil {
		c.TLS = &TLS{CertFile: p.path(y.TLS.CertFile), KeyFile: p.path(y.TLS.KeyFile)}
	}
	p.network(&c, y.TrustedProxies)
	p.state(&c)
	p.legacy(&c, y.Legacy)
	p.keys(c.KeyFile)
	p.limits(&c, y.Limits)
	p.drain(&c, y.Drain)
	p.retention(&c, y.Retention)
	p.log(&c, y.Log.Level)
	if err := p.Err(); err != nil {
		return Config{}, err
	}
	return c, nil
}
