package provider

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/patchbay-auth/patchbay/broker/keyring"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/web"
)

const realmsPath = "/auth/realms/"

// An issuer is one OpenID Provider as clients see it.
type issuer struct {
	// url is exactly what discovery says and iss carries.
	url    string
	layout *layout
	// account is set in the realm layout only: in the shared one the tenant is the client's.
	account registry.Account
	keys    keyring.Scope
}

func (i issuer) address(e endpoint) string { return i.url + i.layout.paths[e] }

// issuers knows every issuer there is. Their addresses come from configuration and the registry
// alone, so that no Host or X-Forwarded header can name one.
type issuers struct {
	base     string // public_url without a trailing slash
	paths    []string
	shared   *layout
	realm    *layout
	registry *registry.Registry
}

func newIssuers(site *web.Site, paths []string, r *registry.Registry) (*issuers, error) {
	if len(paths) == 0 {
		paths = []string{"/id"}
	}
	for _, p := range paths {
		if p != "" && (!strings.HasPrefix(p, "/") || strings.HasSuffix(p, "/") || strings.ContainsAny(p, "{}?#% ")) {
			return nil, fmt.Errorf("shared issuer path %q: must be empty, or begin with a slash and not end with one", p)
		}
	}
	return &issuers{site.Origin() + site.Path(""), paths, shared(), perRealm(), r}, nil
}

func (s *issuers) sharedAt(path string) issuer {
	return issuer{url: s.base + path, layout: s.shared, keys: keyring.Shared}
}

// first returns the shared issuer that stands for all of them.
func (s *issuers) first() string { return s.base + s.paths[0] }

func (s *issuers) realmOf(account registry.Account) issuer {
	return s.realmAt(s.base+realmsPath+string(account), account)
}

func (s *issuers) realmAt(url string, account registry.Account) issuer {
	return issuer{url: url, layout: s.realm, account: account, keys: keyring.Realm(string(account))}
}

// realmFrom returns the issuer a request to the realm layout names, if there is such an account. A
// tenant that is switched off still has one: its discovery document answers, its clients are refused.
func (s *issuers) realmFrom(r *http.Request) (issuer, error) {
	account := registry.Account(r.PathValue("account"))
	if _, ok := s.registry.Snapshot().Tenant(account); !ok {
		return issuer{}, &Fault{Status: http.StatusNotFound, Code: "not_found", Description: "Account does not exist"}
	}
	return s.realmOf(account), nil
}

// find returns the issuer that a token names.
func (s *issuers) find(iss string) (issuer, bool) {
	for _, p := range s.paths {
		if len(iss) == len(s.base)+len(p) && strings.HasPrefix(iss, s.base) && strings.HasSuffix(iss, p) {
			return issuer{url: iss, layout: s.shared, keys: keyring.Shared}, true
		}
	}
	account, ok := strings.CutPrefix(iss, s.base+realmsPath)
	if !ok {
		return issuer{}, false
	}
	if _, ok := s.registry.Snapshot().Tenant(registry.Account(account)); !ok {
		return issuer{}, false
	}
	return s.realmAt(iss, registry.Account(account)), true
}
