package broker

import (
	"context"
	"slices"
	"strings"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
)

// A Home is where somebody of a browser logged in the last time: a choice, which names nobody. It is
// kept in a cookie of its own, and believed no further than that this connection is offered first.
type Home struct {
	Account registry.Account
	// Connection is empty after a login with a password: then nothing is offered first.
	Connection string
}

func (h Home) String() string { return string(h.Account) + "/" + h.Connection }

// newHome is the cookie after a login; empty leaves the old one alone.
func newHome(b Browser, s Session) string {
	home := Home{Account: s.Account, Connection: s.IDP}
	if s.IDP == LocalIDP {
		home.Connection = ""
	}
	if home.String() == b.Home || home.Connection == "" && b.Home == "" {
		return ""
	}
	return home.String()
}

// Identify takes the user name alone, and sends the browser to the identity provider where the person
// belongs. StepLogin means that they are asked for their password. What follows depends on domains and
// on connections, never on whether there is such a user.
func (e *Engine) Identify(ctx context.Context, attempt id.ID, b Browser, login string) (Next, error) {
	a, err := e.act(ctx, attempt, b)
	if err != nil {
		return Next{}, err
	}
	_, tenant, err := e.parties(a.Request)
	if err != nil {
		return Next{}, e.turnedAway(ctx, a, "", b, err)
	}
	c, ok := e.home(tenant, login)
	if !ok {
		return Next{Step: StepLogin, AttemptID: a.ID}, nil
	}
	a.Account, a.Request.LoginHint = c.Account, truncate(strings.TrimSpace(login), maxSubject)
	return e.send(ctx, a, b, c.ID)
}

// home finds the connection to which somebody with a user name belongs.
func (e *Engine) home(tenant *registry.Tenant, login string) (*registry.Connection, bool) {
	if domain, ok := registry.DomainOf(login); ok {
		if c, ok := e.homeOf(tenant, domain); ok {
			return c, true
		}
	}
	if tenant == nil {
		return nil, false
	}
	return e.Registry.Snapshot().DefaultConnection(tenant.Account)
}

// homeOf finds the connection of the people of a domain. While the tenant is unknown, only connections
// that enforce single sign-on count: what a company asks of all its people is no secret, and everything
// else about a tenant is.
func (e *Engine) homeOf(tenant *registry.Tenant, domain string) (*registry.Connection, bool) {
	snapshot := e.Registry.Snapshot()
	if tenant != nil {
		return snapshot.DomainConnection(tenant.Account, domain)
	}
	account, _ := snapshot.DomainOwner(domain)
	if t, ok := snapshot.Tenant(account); !ok || !t.Enabled {
		return nil, false
	}
	c, ok := snapshot.DomainConnection(account, domain)
	return c, ok && c.Enforce
}

// hinted finds the connection that a request asks for without a page. A hint that leads nowhere only
// does not help.
func (e *Engine) hinted(tenant *registry.Tenant, req AuthRequest) (*registry.Connection, bool) {
	if tenant != nil && req.IDPHint != "" {
		if c, ok := e.Registry.Snapshot().Connection(tenant.Account, req.IDPHint); ok && c.Enabled {
			return c, true
		}
	}
	if domain, ok := registry.CanonicalDomain(req.DomainHint); ok {
		if c, ok := e.homeOf(tenant, domain); ok {
			return c, true
		}
	}
	if domain, ok := registry.DomainOf(req.LoginHint); ok {
		return e.homeOf(tenant, domain)
	}
	return nil, false
}

// remembered finds the connection by which somebody of the browser logged in the last time, if it is of
// the tenant; nil is any.
func (e *Engine) remembered(b Browser, tenant *registry.Tenant) (*registry.Connection, bool) {
	name, connection, _ := strings.Cut(b.Home, "/")
	account := registry.Account(name)
	if tenant != nil && tenant.Account != account {
		return nil, false
	}
	snapshot := e.Registry.Snapshot()
	if t, ok := snapshot.Tenant(account); !ok || !t.Enabled {
		return nil, false
	}
	c, ok := snapshot.Connection(account, connection)
	return c, ok && c.Enabled
}

// identifierFirst reports whether a user name alone can lead somewhere.
func (e *Engine) identifierFirst(tenant *registry.Tenant) bool {
	snapshot := e.Registry.Snapshot()
	if tenant == nil {
		return snapshot.EnforcesAnywhere()
	}
	return slices.ContainsFunc(snapshot.Connections(tenant.Account), func(c *registry.Connection) bool {
		return c.Enabled && (c.Default || slices.ContainsFunc(c.Domains, tenant.Owns))
	})
}
