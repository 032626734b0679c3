package broker

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

// Upstreams opens the tenants' connections, once each, and opens one anew when its configuration
// has changed. It is safe for concurrent use.
type Upstreams struct {
	registry *registry.Registry
	open     func(*registry.Connection) (Upstream, error)

	mu     sync.Mutex
	routes map[registry.ConnectionKey]route
}

// A route is an opened connection and its compiled mapping. It never changes.
type route struct {
	connection *registry.Connection
	upstream   Upstream
	rules      *mapping.Rules
	// stored is the connection as it is stored, to tell whether a new snapshot changed it.
	stored []byte
}

// NewUpstreams returns the connections of a registry. open must not use the network.
func NewUpstreams(r *registry.Registry, open func(*registry.Connection) (Upstream, error)) *Upstreams {
	return &Upstreams{registry: r, open: open, routes: map[registry.ConnectionKey]route{}}
}

// route returns an enabled connection, opened.
func (u *Upstreams) route(account registry.Account, connection string) (route, error) {
	c, ok := u.registry.Snapshot().Connection(account, connection)
	if !ok || !c.Enabled {
		return route{}, fmt.Errorf("connection %s/%s does not exist or is disabled", account, connection)
	}
	key := registry.ConnectionKey{Account: account, ID: c.ID}
	u.mu.Lock()
	defer u.mu.Unlock()
	have, ok := u.routes[key]
	if ok && have.connection == c {
		return have, nil
	}
	stored, err := json.Marshal(c)
	if err != nil {
		return route{}, fmt.Errorf("connection %s/%s: %w", account, connection, err)
	}
	if ok && bytes.Equal(have.stored, stored) {
		have.connection = c
		u.routes[key] = have
		return have, nil
	}
	upstream, err := u.open(c)
	if err != nil {
		return route{}, fmt.Errorf("connection %s/%s: %w", account, connection, err)
	}
	opened := route{connection: c, upstream: upstream, rules: c.Rules(), stored: stored}
	u.routes[key] = opened
	return opened, nil
}
