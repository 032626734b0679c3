package broker

import (
	"context"
	"fmt"
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

// enforcement judges the password of a user, who may be nobody. A user belongs to a connection that the
// tenant says their address belongs to, proven or not, since nobody else's people are meant; or that they
// are linked to. login is what was typed, if anything was.
//
// Their links are asked for whoever they are and whatever else is known of them: when nobody can tell, that
// must say nothing about the user and nothing about the password.
func (e *Engine) enforcement(ctx context.Context, tenant *registry.Tenant, user mapping.User, login string) (enforcement, error) {
	enforcing := slices.DeleteFunc(e.Registry.Snapshot().Connections(tenant.Account), func(c *registry.Connection) bool { return !c.Enforce })
	if len(enforcing) == 0 {
		return enforcement{}, nil
	}
	links, err := linkedConnections(ctx, e.Directory, e.Sessions, tenant, user.ID)
	if err != nil {
		return enforcement{}, fmt.Errorf("looking whether single sign-on is enforced: %w", err)
	}
	var found enforcement
	for _, c := range enforcing {
		switch {
		case !hasDomainOf(c, login, user.Username, user.Email) && !slices.Contains(links, c.ID):
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

// KeepsPassword reports whether what a user once got by a password is still theirs to use, as far as
// enforced single sign-on is concerned.
func (e *Engine) KeepsPassword(ctx context.Context, tenant *registry.Tenant, user mapping.User) (bool, error) {
	found, err := e.enforcement(ctx, tenant, user, "")
	return found.by == "", err
}
