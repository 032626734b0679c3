package broker

import (
	"context"
	"errors"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

// lookup answers the mapping's queries from the directory and from our own links.
func (e *Engine) lookup(ctx context.Context, tenant *registry.Tenant) mapping.Lookup {
	return lookup(ctx, e.Directory, e.Sessions, tenant)
}

// linkReader finds links where the broker keeps them.
type linkReader interface {
	LinkedUser(context.Context, registry.Account, mapping.LinkKey) (mapping.UserID, error)
	LinkedConnections(context.Context, registry.Account, mapping.UserID) ([]string, error)
}

func lookup(ctx context.Context, directory Directory, links linkReader, tenant *registry.Tenant) mapping.Lookup {
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

// link remembers an identity: in the directory if it keeps links, else with the settlement.
func (e *Engine) link(ctx context.Context, tenant *registry.Tenant, identity mapping.Identity, user mapping.UserID, l Login) (*Link, error) {
	key := mapping.LinkKey{Connection: identity.Connection, ExternalID: identity.ExternalID}
	if key.ExternalID == "" {
		return nil, errors.New("the identity provider sent no external id to link by")
	}
	link := Link{Account: tenant.Account, Key: key, UserID: user, LoginID: l.ID, CreatedAt: l.At}
	if !e.Directory.KeepsLinks() {
		return &link, nil
	}
	if err := e.Directory.Link(ctx, tenant.LegacyTenant, key, user); err != nil {
		return nil, err
	}
	e.Events.Append(linkEvent(l, link))
	return nil, nil
}
