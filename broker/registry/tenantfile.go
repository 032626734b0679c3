package registry

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/internal/yamlfault"
	"github.com/patchbay-auth/patchbay/mapping"
)

// A TenantFile is a parsed and valid tenant file, or the file of the platform's clients. What it says
// about other tenants' domains and client ids is judged by Plan.
type TenantFile struct {
	// Tenant is zero in the platform's file. Its Domains are claims.
	Tenant      Tenant
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

// Platform reports whether the file is that of the platform's clients.
func (f TenantFile) Platform() bool { return f.Tenant.Account == "" }

// names reports whether the file has the client.
func (f TenantFile) names(client string) bool {
	return slices.ContainsFunc(f.clients, func(c fileClient) bool { return c.ID == client })
}

func (f TenantFile) namesConnection(id string) bool {
	return slices.ContainsFunc(f.connections, func(c fileConnection) bool { return c.ID == id })
}

// ParseTenantFile reads one tenant, or the platform's clients, from YAML. name is for faults, which are all reported at once as
// yamlfault.Faults. expand reads what the file refers to; nil leaves ${NAME} as it is and refuses
// …_file keys.
func ParseTenantFile(name string, data []byte, expand yamlfault.Expander) (TenantFile, error) {
	var y tenantYAML
	source := yamlfault.Decode(name, data, expand, &y)
	f := TenantFile{source: source}
	if y.Platform {
		y.checkPlatform(source)
	} else {
		f.Tenant = y.tenant()
		checkTenant(&f.Tenant, source.Fault)
	}
	ids := map[string]bool{}
	for i, c := range y.Clients {
		report := within(source, fmt.Sprintf("clients[%d]", i))
		client := c.client(f.Tenant.Account, report)
		checkClient(&client.Client, report)
		if !y.Platform {
			checkSolutions(&client.Client, &f.Tenant, report)
		}
		if ids["client "+client.ID] {
			report("id", "%q is there twice", client.ID)
		}
		ids["client "+client.ID] = true
		f.clients = append(f.clients, client)
	}
	for i, c := range y.Connections {
		report := within(source, fmt.Sprintf("connections[%d]", i))
		connection := c.connection(f.Tenant.Account, report)
		if c.Type == TypeSAML {
			c.saml(&connection.Connection, report)
		} else {
			c.SAML.checkNoSAML(report)
		}
		checkConnection(&connection.Connection, report)
		checkRouting(&connection.Connection, &f.Tenant, report)
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
	Platform     bool             `yaml:"platform"`
	Account      string           `yaml:"account"`
	Name         string           `yaml:"name"`
	Enabled      *bool            `yaml:"enabled"`
	LegacyTenant string           `yaml:"legacy_tenant"`
	Customer     string           `yaml:"customer_number"`
	Domains      []string         `yaml:"domains"`
	SIPDomains   []string         `yaml:"sip_domains"`
	Clients      []clientYAML     `yaml:"clients"`
	Connections  []connectionYAML `yaml:"connections"`
}

// checkPlatform refuses in the platform's file what only a tenant has.
func (y tenantYAML) checkPlatform(f *yamlfault.File) {
	if f.Has("account") {
		f.Fault("account", "give either account or platform: true")
	}
	for _, key := range []string{"name", "enabled", "legacy_tenant", "customer_number", "domains", "sip_domains", "connections"} {
		if f.Has(key) {
			f.Fault(key, "belongs to a tenant: a file with platform: true holds clients only")
		}
	}
}

func (y tenantYAML) tenant() Tenant {
	t := Tenant{
		Account: Account(y.Account), Name: y.Name, Enabled: or(y.Enabled, true),
		LegacyTenant: mapping.TenantKey(y.LegacyTenant), CustomerNumber: y.Customer, SIPDomains: y.SIPDomains,
	}
	for _, name := range y.Domains {
		t.Domains = append(t.Domains, Domain{Name: name})
	}
	return t
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
	Claims             []string       `yaml:"claims"`
	TraceClaims        []string       `yaml:"trace_claims"`
	CreateUsers        bool           `yaml:"create_users"`

	Enrich []mapping.Enrichment `yaml:"enrich"`

	Domains    []string `yaml:"domains"`
	Enforce    *bool    `yaml:"enforce"`
	BreakGlass []string `yaml:"break_glass"`
	Default    bool     `yaml:"default"`
	SAML       samlYAML `yaml:",inline"`

	MaxAge          time.Duration `yaml:"max_age"`
	ACRValues       []string      `yaml:"acr_values"`
	ClockSkew       time.Duration `yaml:"clock_skew"`
	SessionLifetime time.Duration `yaml:"session_lifetime"`
	TrustAMR        *bool         `yaml:"trust_amr"`
	Logout          string        `yaml:"logout"`

	Preset          string   `yaml:"preset"`
	Auth0Connection string   `yaml:"auth0_connection"`
	Organization    string   `yaml:"organization"`
	HostedDomain    string   `yaml:"hosted_domain"`
	Tenants         []string `yaml:"tenants"`
	ClientAuth      string   `yaml:"client_auth"`

	AccessTokens accessTokensYAML `yaml:"access_tokens"`
}

func (y connectionYAML) connection(account Account, report report) fileConnection {
	sealed, err := base64.StdEncoding.DecodeString(y.ClientSecretSealed)
	if err != nil {
		report("client_secret_sealed", "want base64")
	}
	if len(sealed) > 0 && !y.ClientSecret.Empty() {
		report("client_secret_sealed", "give either client_secret or client_secret_sealed")
	}
	preset := first(y.Preset, PresetGeneric)
	checkClientAuth(&OIDC{ClientAuth: y.ClientAuth}, !y.ClientSecret.Empty(), report)
	return fileConnection{
		Connection: Connection{
			ID: y.ID, Account: account, Name: first(y.Name, y.ID), Enabled: or(y.Enabled, true), Type: y.Type,
			ExternalIDClaim: first(y.ExternalIDClaim, defaultExternalID(preset)), EmailTrust: first(y.EmailTrust, mapping.TrustClaim), Mapping: y.Mapping,
			Claims: y.Claims, TraceClaims: y.TraceClaims, CreateUsers: y.CreateUsers, Enrich: y.Enrich,
			Domains: y.Domains, Enforce: or(y.Enforce, len(y.Domains) > 0), BreakGlass: userIDs(y.BreakGlass), Default: y.Default,
			Policy: y.policy(),
			OIDC: &OIDC{
				Preset: preset, Auth0Connection: y.Auth0Connection, Organization: y.Organization, HostedDomain: y.HostedDomain,
				Tenants: y.Tenants, ClientAuth: y.ClientAuth,
				Issuer: strings.TrimSpace(y.Issuer), ClientID: y.ClientID, SealedSecret: sealed, Scopes: y.Scopes,
				AllowPrivateNetwork: y.AllowPrivate, AccessTokens: y.AccessTokens.accessTokens(),
			},
		},
		secret: y.ClientSecret, keepSecret: len(sealed) == 0 && y.ClientSecret.Empty(),
	}
}

func userIDs(texts []string) []mapping.UserID {
	var ids []mapping.UserID
	for _, text := range texts {
		ids = append(ids, mapping.UserID(text))
	}
	return ids
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
