package broker

import (
	"context"
	"errors"
	"fmt"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

// lookup answers the mapping's queries from the directory and from our own links.
func (e *Engine) lookup(ctx context.Context, tenant *registry.Tenant) mapping.Lookup {
	return lookup(ctx, e.Directory, e.Sessions, tenant)
}

// A LinkReader finds links where the broker keeps them.
type LinkReader interface {
	LinkedUser(context.Context, registry.Account, mapping.LinkKey) (mapping.UserID, error)
	LinkedConnections(context.Context, registry.Account, mapping.UserID) ([]string, error)
}

func lookup(ctx context.Context, directory Directory, links LinkReader, tenant *registry.Tenant) mapping.Lookup {
	return func(q mapping.Query) ([]mapping.User, error) {
		if q.By == mapping.ByExternalID && !directory.KeepsLinks() {
			user, err := links.LinkedUser(ctx, tenant.Account, mapping.LinkKey{Connection: q.Connection, ExternalID: q.Value})
			if errors.Is(err, ErrNotFound) {
				return nil, nil
			}
			if err != nil {
				return nil, err
			}
			q = mapping.Query{By: mapping.ByID, Value: string(user)}
		}
		return directory.Find(ctx, tenant.LegacyTenant, q)
	}
}

// link remembers an identity: in the directory if it keeps links; else it is the settlement's to store. It
// returns nil if the link is there already.
func (e *Engine) link(ctx context.Context, tenant *registry.Tenant, identity mapping.Identity, d mapping.Decision, l Login) (*Link, error) {
	link, err := newLink(tenant, identity, d.User.ID, l)
	if err != nil {
		return nil, err
	}
	if d.Replace != nil {
		connections := func() ([]string, error) { return linkedConnections(ctx, e.Directory, e.Sessions, tenant, d.User.ID) }
		switch stands, why, err := standingOf(e.lookup(ctx, tenant), connections, link.Key, d); {
		case err != nil:
			return nil, err
		case why != "": // before anybody's session ends for a proof that proves nothing
			return nil, fmt.Errorf("%w: %s", mapping.ErrLinkExists, why)
		case stands == linkedToEachOther:
			return nil, nil
		case stands == linkedElsewhere:
			link.Replace = d.Replace
		}
	}
	if link.Replace != nil {
		if err := e.endHeld(ctx, link, l.Address); err != nil {
			return nil, err
		}
	}
	switch {
	case !e.Directory.KeepsLinks():
		return &link, nil
	case link.Replace != nil:
		err = e.Directory.Relink(ctx, tenant.LegacyTenant, link.Key, link.UserID, *link.Replace)
	default:
		err = e.Directory.Link(ctx, tenant.LegacyTenant, link.Key, link.UserID)
	}
	if err != nil {
		return nil, err
	}
	e.Events.Append(linkEvent(l, link))
	return &link, nil
}

func newLink(tenant *registry.Tenant, identity mapping.Identity, user mapping.UserID, l Login) (Link, error) {
	key := mapping.LinkKey{Connection: identity.Connection, ExternalID: identity.ExternalID}
	if key.ExternalID == "" {
		return Link{}, errors.New("the identity provider sent no external id to link by")
	}
	return Link{Account: tenant.Account, Key: key, UserID: user, LoginID: l.ID, CreatedAt: l.At}, nil
}

// linkedConnections reads from where the links are.
func linkedConnections(ctx context.Context, directory Directory, links LinkReader, tenant *registry.Tenant, user mapping.UserID) ([]string, error) {
	if directory.KeepsLinks() {
		return directory.LinkedConnections(ctx, tenant.LegacyTenant, user)
	}
	return links.LinkedConnections(ctx, tenant.Account, user)
}
