package broker

import (
	"context"
	"slices"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

// An enforcement is what the connections of a tenant that enforce single sign-on say about a password.
type enforcement struct {
	// by is the connection that refuses it; empty if none does.
	by string
	// spared is a connection that would, were the user not among its break-glass users.
	spared string
}

// enforcement judges the password of a user. A user belongs to a connection that the tenant says their
// address belongs to, proven or not, since nobody else's people are meant; or that they are linked to.
// login is what was typed, if anything was.
func (e *Engine) enforcement(ctx context.Context, tenant *registry.Tenant, user mapping.User, login string) (enforcement, error) {
	var found enforcement
	var links []string
	asked := false
	for _, c := range e.Registry.Snapshot().Connections(tenant.Account) {
		if !c.Enforce {
			continue
		}
		theirs := hasDomainOf(c, login, user.Username, user.Email)
		if !theirs && !asked {
			var err error
			if links, err = e.linked(ctx, tenant, user.ID); err != nil {
				return enforcement{}, err
			}
			asked = true
		}
		switch {
		case !theirs && !slices.Contains(links, c.ID):
		case slices.Contains(c.BreakGlass, user.ID):
			found.spared = c.ID
		default:
			return enforcement{by: c.ID}, nil
		}
	}
	return found, nil
}

func hasDomainOf(c *registry.Connection, addresses ...string) bool {
	return slices.ContainsFunc(addresses, func(address string) bool {
		domain, ok := registry.DomainOf(address)
		return ok && slices.Contains(c.Domains, domain)
	})
}

// linked returns the connections on which a user is known.
func (e *Engine) linked(ctx context.Context, tenant *registry.Tenant, user mapping.UserID) ([]string, error) {
	if e.Directory.KeepsLinks() {
		return e.Directory.LinkedConnections(ctx, tenant.LegacyTenant, user)
	}
	return e.Sessions.LinkedConnections(ctx, tenant.Account, user)
}

// KeepsPassword reports whether what a user once got by a password is still theirs to use, as far as
// enforced single sign-on is concerned.
func (e *Engine) KeepsPassword(ctx context.Context, tenant *registry.Tenant, user mapping.User) (bool, error) {
	found, err := e.enforcement(ctx, tenant, user, "")
	return found.by == "", err
}
