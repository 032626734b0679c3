package proof

import (
	"context"
	"slices"

	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/mapping"
)

// links reads every link, and follows the first of them as a login would.
func (r *run) links(ctx context.Context) error {
	return r.DB.ScanExternalIDs(ctx, func(tenant mapping.TenantKey, link mapping.LinkKey, id mapping.UserID) error {
		r.report.Links++
		r.told("external ids", r.report.Links, 0)
		if !legacy.CanFind(link) {
			r.tally.add(LinkUnusable, place(tenant, id))
			return nil
		}
		k := key{kind: LinkAmbiguous, tenant: string(tenant), value: link.ExternalID, via: link.Connection}
		r.seen.add(k)
		if r.report.LinksProbed == linkProbes {
			return nil
		}
		r.report.LinksProbed++
		return r.follow(ctx, tenant, k, id)
	})
}

// follow compares whom a link leads to with whom the scan says it does. A link that stands in several rows leads to
// several users, and is counted with the repetitions.
func (r *run) follow(ctx context.Context, tenant mapping.TenantKey, link key, id mapping.UserID) error {
	found, err := r.DB.Find(ctx, tenant, mapping.Query{By: mapping.ByExternalID, Connection: link.via, Value: link.value})
	if err != nil && !legacy.AboutRows(err) {
		return err
	}
	others := slices.ContainsFunc(found, func(u mapping.User) bool { return u.ID != id })
	switch {
	case err != nil:
		r.tally.add(LinkMisses, place(tenant, id))
	case len(found) == 0:
		return r.lost(ctx, tenant, id)
	case !slices.ContainsFunc(found, func(u mapping.User) bool { return u.ID == id }):
		r.tally.add(LinkOfAnother, place(tenant, id))
	case len(found) > 1 && !others && !r.multiplied[link]: // the statement itself makes several of one
		r.multiplied[link] = true
		r.tally.add(LinkAmbiguous, place(tenant, id))
	}
	return nil
}

// lost tells a link of nobody from one whose user is there.
func (r *run) lost(ctx context.Context, tenant mapping.TenantKey, id mapping.UserID) error {
	users, err := r.DB.Find(ctx, tenant, mapping.Query{By: mapping.ByID, Value: string(id)})
	switch {
	case err != nil && !legacy.AboutRows(err):
		return err
	case err == nil && len(users) == 0:
		r.tally.add(LinkOfNobody, place(tenant, id))
	default:
		r.tally.add(LinkMisses, place(tenant, id))
	}
	return nil
}
