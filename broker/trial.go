package broker

import (
	"context"

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

// Resolve decides like a login; a link that the login could not make refuses here, too. What the connection
// demands of how somebody logged in is for Demands to judge.
func (t Trial) Resolve(ctx context.Context, rules *mapping.Rules, identity mapping.Identity) (mapping.Decision, error) {
	find := lookup(ctx, t.Directory, t.Links, t.Tenant)
	env := mapping.Env{Owns: t.Tenant.Owns, EmailTrust: t.Connection.EmailTrust}
	d, err := rules.Resolve(identity, env, find)
	if err != nil || !d.Link || d.Create != nil {
		return d, err
	}
	key := mapping.LinkKey{Connection: t.Connection.ID, ExternalID: identity.ExternalID}
	connections := func() ([]string, error) { return linkedConnections(ctx, t.Directory, t.Links, t.Tenant, d.User.ID) }
	_, why, err := standingOf(find, connections, key, d)
	if err != nil || why == "" {
		return d, err
	}
	last := &d.Trace.Steps[len(d.Trace.Steps)-1]
	last.Outcome, last.Why = mapping.Refused, why
	return mapping.Decision{Rule: d.Rule, Refused: mapping.RefusedAmbiguous, Trace: d.Trace}, nil
}
