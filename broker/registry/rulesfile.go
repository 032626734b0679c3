package registry

import (
	"github.com/patchbay-auth/patchbay/internal/yamlfault"
	"github.com/patchbay-auth/patchbay/mapping"
)

// rulesYAML is what a connection in a tenant file says about its mapping, by itself.
type rulesYAML struct {
	Mapping     []mapping.Rule `yaml:"mapping"`
	Claims      []string       `yaml:"claims"`
	TraceClaims []string       `yaml:"trace_claims"`
	CreateUsers *bool          `yaml:"create_users"`
}

// ParseRules reads rules from YAML and compiles them as if they were the connection's. What the file
// does not say of claims and create_users is as the connection has it. name is for faults, which are all
// reported at once as yamlfault.Faults.
func (c *Connection) ParseRules(name string, data []byte, expand yamlfault.Expander) (*mapping.Rules, error) {
	var y rulesYAML
	source := yamlfault.Decode(name, data, expand, &y)
	if !source.Has("mapping") {
		source.Fault("mapping", "is required: the rules to try")
	}
	would := *c
	would.Mapping, would.CreateUsers = y.Mapping, or(y.CreateUsers, c.CreateUsers)
	if y.Claims != nil {
		would.Claims = y.Claims
	}
	if y.TraceClaims != nil {
		would.TraceClaims = y.TraceClaims
	}
	checkMapping(&would, source.Fault)
	return would.rules, source.Err()
}
