package broker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

// A LinkPlan is what a file of external ids would change about a connection's links.
type LinkPlan struct {
	// Links are to be made; those with Replace take the place of another of the user.
	Links []Link
	// Unchanged counts the rows whose links are there.
	Unchanged int
	Faults    []LinkFault
}

// PlanLinks compares rows with the directory and with the links that are there. Only with replace may a
// user get another external id than they have; a link of somebody else's is never taken.
func (t Trial) PlanLinks(ctx context.Context, rows []LinkRow, replace bool, now time.Time) (LinkPlan, error) {
	var plan LinkPlan
	var faults linkFaults
	find := lookup(ctx, t.Directory, t.Links, t.Tenant)
	for _, row := range rows {
		fault := func(code, format string, args ...any) {
			faults.add(row.Line, code, format, args...)
		}
		users, err := find(mapping.Query{By: mapping.ByID, Value: string(row.UserID)})
		if err != nil {
			return LinkPlan{}, err
		}
		if len(users) != 1 {
			fault(FaultUser, "user_id %q: the tenant has no such user", row.UserID)
			continue
		}
		holders, err := find(mapping.Query{By: mapping.ByExternalID, Value: row.ExternalID, Connection: t.Connection.ID})
		if err != nil {
			return LinkPlan{}, err
		}
		if len(holders) > 0 {
			if len(holders) == 1 && holders[0].ID == row.UserID {
				plan.Unchanged++
			} else {
				fault(FaultTaken, "external_id %q belongs to user %s", row.ExternalID, holders[0].ID)
			}
			continue
		}
		connections, err := linkedConnections(ctx, t.Directory, t.Links, t.Tenant, row.UserID)
		if err != nil {
			return LinkPlan{}, err
		}
		link := Link{
			Account: t.Tenant.Account, Key: mapping.LinkKey{Connection: t.Connection.ID, ExternalID: row.ExternalID},
			UserID: row.UserID, CreatedAt: now,
		}
		if slices.Contains(connections, t.Connection.ID) {
			if !replace {
				fault(FaultLinked, "user_id %q has another external id on %s", row.UserID, t.Connection.ID)
				continue
			}
			link.Replace = &mapping.Replacement{}
		}
		plan.Links = append(plan.Links, link)
	}
	plan.Faults = faults.all()
	return plan, nil
}

// LinkWriter is where links are written that the directory does not keep, and what is told of all.
type LinkWriter interface {
	LinkStore
	OriginStore
	AppendEvents(context.Context, []Event) error
}

// linkBatch is how many links one transaction stores.
const linkBatch = 200

// SaveLinks writes planned links, in batches, with an event for each by the actor. It returns how many
// are written, also with an error; whoever tries again finds them unchanged. What was opened under an external
// id that is replaced ends.
func (t Trial) SaveLinks(ctx context.Context, store LinkWriter, grants *grant.Service, links []Link, actor string) (written int, err error) {
	endHeld := func(batch []Link) error {
		for _, l := range batch {
			if l.Replace == nil {
				continue
			}
			ender := sessionEnder{store, grants, func() time.Time { return l.CreatedAt }}
			if err := ender.endHeld(ctx, l, Event{Actor: actor}); err != nil {
				return err
			}
		}
		return nil
	}
	for batch := range slices.Chunk(links, linkBatch) {
		if err := endHeld(batch); err != nil {
			return written, err
		}
		events := make([]Event, 0, len(batch))
		for _, l := range batch {
			event := linkEvent(Login{At: l.CreatedAt, Account: l.Account, UserID: l.UserID}, l)
			event.ID, event.Actor = id.New(), actor
			events = append(events, event)
		}
		if !t.Directory.KeepsLinks() {
			if err := store.SaveLinks(ctx, batch, events); err != nil {
				return written, err
			}
			written += len(batch)
			if err := endHeld(batch); err != nil {
				return written, err
			}
			continue
		}
		n, err := t.saveInDirectory(ctx, batch)
		written += n
		if err := errors.Join(err, store.AppendEvents(ctx, events[:n]), endHeld(batch[:n])); err != nil {
			return written, err
		}
	}
	return written, nil
}

func (t Trial) saveInDirectory(ctx context.Context, links []Link) (int, error) {
	for i, l := range links {
		var err error
		if l.Replace != nil {
			err = t.Directory.Relink(ctx, t.Tenant.LegacyTenant, l.Key, l.UserID, *l.Replace)
		} else {
			err = t.Directory.Link(ctx, t.Tenant.LegacyTenant, l.Key, l.UserID)
		}
		if err != nil {
			return i, fmt.Errorf("external id %q: %w", l.Key.ExternalID, err)
		}
	}
	return len(links), nil
}
