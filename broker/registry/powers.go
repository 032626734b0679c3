package registry

import (
	"fmt"
	"reflect"
	"slices"
)

// A power is what a tenant's administrator may not give. One that the platform's administrator has
// given stays as long as it is not touched, so that the tenant can go on editing the rest.
type power struct {
	path string // inside the record
	// held returns what a record has of the power; the zero value is nothing.
	held func(*Client) any
	why  string
}

// clientPowers reach beyond the client's tenant, or make patchbay believe somebody else's word about
// who a user is.
func clientPowers() []power {
	grant := func(name string) func(*Client) any {
		return func(c *Client) any { return c.MayUse(name) }
	}
	return []power{
		{"introspection.allow", func(c *Client) any { return c.Introspection.Allow == AllowPlatform }, "to see every tenant's tokens"},
		{"grant_types", grant(GrantJWTBearer), "the grant " + GrantJWTBearer},
		{"trusted_issuers", func(c *Client) any { return c.TrustedIssuers }, "to trust an issuer"},
		{"grant_types", grant(GrantTokenExchange), "the grant " + GrantTokenExchange},
		{"token_exchange", func(c *Client) any { return c.TokenExchange }, "to exchange tokens"},
		{"scopes", func(c *Client) any { return slices.Contains(c.Scopes, ScopeAdmin) }, "the scope " + ScopeAdmin},
	}
}

// powers reports everything in a file that a tenant's administrator may not do: to make a tenant or
// the platform's clients, to point the tenant at other people's rows, and to give a client or a
// connection powers that reach beyond the tenant.
func (p *planner) powers() {
	const refusal = "only a platform administrator may give %s"
	if p.file.Platform() {
		p.source.Fault("platform", refusal, "clients to the platform")
		return
	}
	old, known := p.old.Tenant(p.account)
	if !known {
		p.source.Fault("account", "there is no tenant %q, and only a platform administrator may make one", p.account)
		return
	}
	if old.LegacyTenant != p.file.Tenant.LegacyTenant {
		p.source.Fault("legacy_tenant", refusal, "a tenant another key")
	}
	if old.CustomerNumber != p.file.Tenant.CustomerNumber {
		p.source.Fault("customer_number", refusal, "a tenant another number")
	}
	if old.Enabled != p.file.Tenant.Enabled {
		p.source.Fault("enabled", refusal, "a tenant back, or take it away")
	}
	for i, f := range p.file.clients {
		before, known := p.old.Client(f.ID)
		if !known {
			before = &Client{}
		}
		for _, power := range clientPowers() {
			was, is := power.held(before), power.held(&f.Client)
			if !reflect.ValueOf(is).IsZero() && !reflect.DeepEqual(was, is) {
				p.source.Fault(fmt.Sprintf("clients[%d].%s", i, power.path), refusal, power.why)
			}
		}
	}
	for i, f := range p.file.connections {
		before, known := p.old.Connection(p.account, f.ID)
		if f.Private() && !(known && before.Private() && before.place() == f.place()) {
			p.source.Fault(fmt.Sprintf("connections[%d].allow_private_network", i), refusal, "the way into a private network")
		}
		if f.CreateUsers && !(known && before.CreateUsers) {
			p.source.Fault(fmt.Sprintf("connections[%d].create_users", i), refusal, "the right to make users in the legacy database")
		}
		// A role's name may mean something beyond the tenant.
		if len(f.Enrich) > 0 && !(known && reflect.DeepEqual(before.Enrich, f.Enrich)) {
			p.source.Fault(fmt.Sprintf("connections[%d].enrich", i), refusal, "roles by claims")
		}
	}
}
