package broker

import (
	"context"
	"slices"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

// A Trial asks what mapping rules would make of people on a connection, without a login. It only reads,
// the directory and the links, as they are now.
type Trial struct {
	Directory Directory
	// Links are read where the directory keeps none.
	Links      LinkReader
	Tenant     *registry.Tenant
	Connection *registry.Connection
}

// Resolve decides like a login; a link that the login could not make refuses here, too. The connection's
// policy is not asked: it is about how somebody logged in.
func (t Trial) Resolve(ctx context.Context, rules *mapping.Rules, identity mapping.Identity) (mapping.Decision, error) {
	find := lookup(ctx, t.Directory, t.Links, t.Tenant)
	env := mapping.Env{Owns: t.Tenant.Owns, EmailTrust: t.Connection.EmailTrust}
	d, err := rules.Resolve(identity, env, find)
	if err != nil || !d.Link || d.Create != nil {
		return d, err
	}
	why, err := t.unlinkable(ctx, identity, d, find)
	if err != nil || why == "" {
		return d, err
	}
	last := &d.Trace.Steps[len(d.Trace.Steps)-1]
	last.Outcome, last.Why = mapping.Refused, why
	return mapping.Decision{Rule: d.Rule, Refused: mapping.RefusedAmbiguous, Trace: d.Trace}, nil
}

// unlinkable says why the link of a decision cannot be made, or is empty.
func (t Trial) unlinkable(ctx context.Context, identity mapping.Identity, d mapping.Decision, find mapping.Lookup) (string, error) {
	holds := func(external string) (bool, error) {
		users, err := find(mapping.Query{By: mapping.ByExternalID, Value: external, Connection: t.Connection.ID})
		return len(users) == 1 && users[0].ID == d.User.ID, err
	}
	connections, err := linkedConnections(ctx, t.Directory, t.Links, t.Tenant, d.User.ID)
	if err != nil || !slices.Contains(connections, t.Connection.ID) {
		return "", err
	}
	if own, err := holds(identity.ExternalID); err != nil || own {
		return "", err
	}
	const linked = "the user is linked to another external id on the connection"
	switch {
	case d.Replace == nil:
		return linked, nil
	case d.Replace.Previous == "":
		return "", nil
	}
	if proven, err := holds(d.Replace.Previous); err != nil || proven {
		return "", err
	}
	return linked + " than the proof names", nil
}
