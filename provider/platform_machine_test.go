package provider_test

import (
	"net/http"
	"testing"

	"github.com/patchbay-auth/patchbay/broker/registry"
)

// platform adds a client of the platform with the grants of machines, for users of two tenants.
func (w *world) platform() {
	c := client("everywhere", "")
	c.GrantTypes = []string{"client_credentials", "password"}
	c.Scopes = []string{"openid", "roles", "contact-centre"}
	c.ProductAccess = []registry.ProductAccess{
		{Platform: "contact-centre", Solution: "10010", UserID: "4711"}, {Platform: "contact-centre", Solution: "10020", UserID: "5711"},
	}
	w.save(registry.Records{Clients: []registry.Client{c}})
}

// TestPlatformMachine: a token belongs to a tenant, which the scope or the issuer names.
func TestPlatformMachine(t *testing.T) {
	w := newWorld(t)
	w.platform()
	shared, realm := w.layouts()[0], w.layouts()[1]
	for _, c := range []struct {
		name, tenant, subject string
		at                    layout
		scope, acr            string
	}{
		{"a user of one tenant", "acme", "4711", shared, "contact-centre:10010:4711", ""},
		{"a user of the other", "globex", "5711", shared, "contact-centre:10020:5711", ""},
		{"a user at the realm", "acme", "4711", realm, "contact-centre:10010:4711", ""},
		{"itself at the realm", "acme", "everywhere", realm, "roles", ""},
		{"itself at a named account", "globex", "everywhere", shared, "roles", "tenant:globex"},
	} {
		a := w.post(c.at.token, "everywhere", form("grant_type", "client_credentials", "scope", c.scope, "acr_values", c.acr))
		if a.status != http.StatusOK {
			t.Errorf("%s: %d %s", c.name, a.status, a.body)
			continue
		}
		claims := part(t, text(a.json(t), "access_token"), 1)
		if claims["tenant"] != c.tenant || claims["sub"] != c.subject {
			t.Errorf("%s: claims are %v", c.name, claims)
		}
		caller := map[string]string{"acme": "api", "globex": "globex-api"}[c.tenant]
		if seen := w.introspect(shared, caller, text(a.json(t), "access_token")); seen.json(t)["active"] != true {
			t.Errorf("%s: introspection says %s", c.name, seen.body)
		}
	}
	for name, c := range map[string]struct {
		at    layout
		scope string
	}{
		"itself nowhere":                     {shared, "roles"},
		"a user of another tenant's realm":   {realm, "contact-centre:10020:5711"},
		"one user under the other's account": {shared, "contact-centre:10020:4711"},
	} {
		a := w.post(c.at.token, "everywhere", form("grant_type", "client_credentials", "scope", c.scope))
		if a.status != http.StatusBadRequest || text(a.json(t), "error") != "invalid_scope" {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
}

// TestPlatformPassword: two tenants have an ana, with the same password.
func TestPlatformPassword(t *testing.T) {
	w := newWorld(t)
	w.platform()
	shared, realm := w.layouts()[0], w.layouts()[1]
	for _, c := range []struct {
		name    string
		at      layout
		pairs   []string
		subject string
	}{
		{"the realm names it", realm, nil, "4711"},
		{"acr_values name it", shared, []string{"acr_values", "tenant:globex"}, "5711"},
	} {
		a := w.post(c.at.token, "everywhere", credentials("ana", append(c.pairs, "scope", "openid")...))
		if a.status != http.StatusOK || part(t, text(a.json(t), "access_token"), 1)["sub"] != c.subject {
			t.Errorf("%s: %d %s", c.name, a.status, a.body)
		}
	}
	for name, c := range map[string]struct {
		pairs []string
		code  string
	}{
		"nothing names it":           {nil, "invalid_request"},
		"an account that is not":     {[]string{"acr_values", "tenant:initech"}, "invalid_request"},
		"a number that is not":       {[]string{"customer_number", "0"}, "invalid_grant"},
		"a domain that is nobody's":  {[]string{"username", "ana@nowhere.example"}, "invalid_grant"},
		"a wrong password somewhere": {[]string{"acr_values", "tenant:acme", "password", "wrong"}, "invalid_grant"},
	} {
		a := w.post(shared.token, "everywhere", credentials("ana", append(c.pairs, "scope", "openid")...))
		if a.status != http.StatusBadRequest || text(a.json(t), "error") != c.code {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
}
