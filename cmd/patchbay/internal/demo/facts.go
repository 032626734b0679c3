package demo

import (
	"github.com/go-jose/go-jose/v4"

	"github.com/patchbay-auth/patchbay/testdata/iq"
)

// Facts is what a person or a script needs to know to use a running demo.
type Facts struct {
	Base string `json:"base"`
	// Issuer is the shared issuer.
	Issuer string `json:"issuer"`
	// Console is the address of the administrators' console; empty while there is none.
	Console string `json:"console"`
	// App is the address of the example agent application.
	App     string        `json:"app"`
	Tenants []TenantFacts `json:"tenants"`
	// TenantFacts repeats the first tenant's.
	TenantFacts
	Clients   map[string]ClientFacts   `json:"clients"`
	Users     []UserFacts              `json:"users"`
	Upstreams map[string]UpstreamFacts `json:"upstreams"`
}

// TenantFacts names a tenant.
type TenantFacts struct {
	Account string `json:"account"`
	// TenantID is the tenant's key in the legacy database.
	TenantID    string `json:"tenant_id"`
	RealmIssuer string `json:"realm_issuer"`
}

// ClientFacts is what a client must know of itself.
type ClientFacts struct {
	Account string `json:"account"`
	Secret  string `json:"secret"`
	// PrivateKeyJWK is what a client without a secret signs its assertions with (private_key_jwt).
	PrivateKeyJWK *jose.JSONWebKey `json:"private_key_jwk,omitempty"`
	RedirectURIs  []string         `json:"redirect_uris"`
	GrantTypes    []string         `json:"grant_types"`
}

// UserFacts is a user with a local password.
type UserFacts struct {
	Login            string `json:"login"`
	Password         string `json:"password"`
	UserID           string `json:"user_id"`
	SoftphoneAddress string `json:"softphone_address"`
	Account          string `json:"account"`
	Note             string `json:"note,omitempty"`
}

// UpstreamFacts is a connection, and somebody who can log in there.
type UpstreamFacts struct {
	Type     string `json:"type"`
	Issuer   string `json:"issuer"`
	Login    string `json:"login"`
	Password string `json:"password"`
	UserID   string `json:"user_id"`
}

// accounts maps the sample's tenants to accounts.
var accounts = [...]struct{ key, account, name, domain string }{
	{iq.Acme, "acme", "Acme Support", "acme.example"},
	{iq.Globex, "globex", "Globex", "globex.example"},
}

func accountOf(legacyTenant string) string {
	for _, a := range accounts {
		if a.key == legacyTenant {
			return a.account
		}
	}
	return ""
}

// people returns the users of the demo's tenants who can log in with a password.
func people() []UserFacts {
	var users []UserFacts
	for _, u := range iq.Known() {
		if u.Password == "" || u.Inactive || accountOf(u.Tenant) == "" {
			continue
		}
		users = append(users, UserFacts{
			Login: u.Login, Password: u.Password, UserID: u.UserID,
			SoftphoneAddress: u.SoftphoneAddress, Account: accountOf(u.Tenant), Note: u.Note,
		})
	}
	return users
}
