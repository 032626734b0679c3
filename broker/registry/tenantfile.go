package registry

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/internal/yamlfault"
	"github.com/patchbay-auth/patchbay/mapping"
)

// A TenantFile is a parsed and valid tenant file. What it says about other tenants' domains and
// client ids is judged by Plan.
type TenantFile struct {
	Tenant      Tenant // Domains are not verified yet
	clients     []fileClient
	connections []fileConnection
	source      *yamlfault.File
}

// A fileClient is a client whose secrets may still be text.
type fileClient struct {
	Client
	secrets []fileSecret
	// keepSecrets holds when the file does not speak of secrets: they stay as they are.
	keepSecrets bool
}

// A fileSecret is given as text or as a hash.
type fileSecret struct {
	ClientSecret
	value secret.Text
	weak  bool
}

type fileConnection struct {
	Connection
	secret     secret.Text
	keepSecret bool
}

// ParseTenantFile reads one tenant from YAML. name is for faults, which are all reported at once as
// yamlfault.Faults. expand reads what the file refers to; nil leaves ${NAME} as it is and refuses
// …_file keys.
func ParseTenantFile(name string, data []byte, expand yamlfault.Expander) (TenantFile, error) {
	var y tenantYAML
	source := yamlfault.Decode(name, data, expand, &y)
	f := TenantFile{source: source, Tenant: y.tenant()}
	checkTenant(&f.Tenant, source.Fault)
	ids := map[string]bool{}
	for i, c := range y.Clients {
		report := within(source, fmt.Sprintf("clients[%d]", i))
		client := c.client(f.Tenant.Account, report)
		checkClient(&client.Client, report)
		if ids["client "+client.ID] {
			report("id", "%q is there twice", client.ID)
		}
		ids["client "+client.ID] = true
		f.clients = append(f.clients, client)
	}
	for i, c := range y.Connections {
		report := within(source, fmt.Sprintf("connections[%d]", i))
		connection := c.connection(f.Tenant.Account, report)
		checkConnection(&connection.Connection, report)
		if ids["connection "+connection.ID] {
			report("id", "%q is there twice", connection.ID)
		}
		ids["connection "+connection.ID] = true
		f.connections = append(f.connections, connection)
	}
	if err := source.Err(); err != nil {
		return TenantFile{}, err
	}
	return f, nil
}

// within reports faults below a path of the file.
func within(f *yamlfault.File, base string) report {
	return func(path, format string, args ...any) { f.Fault(base+"."+path, format, args...) }
}

type tenantYAML struct {
	Account      string           `yaml:"account"`
	Name         string           `yaml:"name"`
	Enabled      *bool            `yaml:"enabled"`
	LegacyTenant string           `yaml:"legacy_tenant"`
	Domains      []string         `yaml:"domains"`
	SIPDomains   []string         `yaml:"sip_domains"`
	Clients      []clientYAML     `yaml:"clients"`
	Connections  []connectionYAML `yaml:"connections"`
}

func (y tenantYAML) tenant() Tenant {
	t := Tenant{
		Account: Account(y.Account), Name: y.Name, Enabled: or(y.Enabled, true),
		LegacyTenant: mapping.TenantKey(y.LegacyTenant), SIPDomains: y.SIPDomains,
	}
	for _, name := range y.Domains {
		t.Domains = append(t.Domains, Domain{Name: name})
	}
	return t
}

type secretYAML struct {
	Description string      `yaml:"description"`
	Value       secret.Text `yaml:"value"`
	Weak        bool        `yaml:"weak"`
	SHA256      string      `yaml:"sha256"`
	Argon2id    string      `yaml:"argon2id"`
	Expires     time.Time   `yaml:"expires"`
}

// secret returns the secret with its hash. That of a weak one is made by Plan, which may find that
// it is stored already.
func (y secretYAML) secret(report report) fileSecret {
	s := fileSecret{
		ClientSecret: ClientSecret{Description: y.Description, Argon2id: y.Argon2id, Expires: y.Expires},
		value:        y.Value, weak: y.Weak,
	}
	given := 0
	for _, set := range []bool{!y.Value.Empty(), y.SHA256 != "", y.Argon2id != ""} {
		if set {
			given++
		}
	}
	switch {
	case given != 1:
		report("value", "give exactly one of value, value_file, sha256 and argon2id")
		return s
	case !y.Value.Empty():
		if err := checkStrength(y.Value, y.Weak); err != nil {
			report("value", "%w", err)
		}
		return s
	case y.Weak:
		report("weak", "belongs to a secret given as value")
	}
	key := "sha256"
	if y.Argon2id != "" {
		key = "argon2id"
	}
	digest, err := hex.DecodeString(y.SHA256)
	if err != nil {
		report(key, "want 64 hex digits")
		return s
	}
	if len(digest) > 0 {
		s.SHA256 = digest
	}
	if err := s.check(); err != nil {
		report(key, "%w", err)
	}
	return s
}

type connectionYAML struct {
	ID                 string         `yaml:"id"`
	Name               string         `yaml:"name"`
	Enabled            *bool          `yaml:"enabled"`
	Type               string         `yaml:"type"`
	Issuer             string         `yaml:"issuer"`
	ClientID           string         `yaml:"client_id"`
	ClientSecret       secret.Text    `yaml:"client_secret"`
	ClientSecretSealed string         `yaml:"client_secret_sealed"`
	Scopes             []string       `yaml:"scopes"`
	ExternalIDClaim    string         `yaml:"external_id_claim"`
	EmailTrust         string         `yaml:"email_trust"`
	AllowPrivate       bool           `yaml:"allow_private_network"`
	Mapping            []mapping.Rule `yaml:"mapping"`
}

func (y connectionYAML) connection(account Account, report report) fileConnection {
	sealed, err := base64.StdEncoding.DecodeString(y.ClientSecretSealed)
	if err != nil {
		report("client_secret_sealed", "want base64")
	}
	if len(sealed) > 0 && !y.ClientSecret.Empty() {
		report("client_secret_sealed", "give either client_secret or client_secret_sealed")
	}
	return fileConnection{
		Connection: Connection{
			ID: y.ID, Account: account, Name: first(y.Name, y.ID), Enabled: or(y.Enabled, true), Type: y.Type,
			ExternalIDClaim: first(y.ExternalIDClaim, "sub"), EmailTrust: first(y.EmailTrust, mapping.TrustClaim), Mapping: y.Mapping,
			OIDC: &OIDC{
				Issuer: strings.TrimSpace(y.Issuer), ClientID: y.ClientID, SealedSecret: sealed, Scopes: y.Scopes,
				AllowPrivateNetwork: y.AllowPrivate,
			},
		},
		secret: y.ClientSecret, keepSecret: len(sealed) == 0 && y.ClientSecret.Empty(),
	}
}

// or returns what a pointer points to, or the default.
func or[T any](given *T, otherwise T) T {
	if given == nil {
		return otherwise
	}
	return *given
}

// first returns the first text that is not empty.
func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
