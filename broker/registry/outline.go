package registry

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// An outline is a record as the tenant file writes it, in the file's order, without its secrets. Both
// Export and the differences of Plan are made of it, so that they cannot disagree.
type outline yaml.MapSlice

func (o outline) get(key string) (value any, ok bool) {
	for _, item := range o {
		if item.Key == key {
			return item.Value, true
		}
	}
	return nil, false
}

func (o *outline) add(key string, value any) { *o = append(*o, yaml.MapItem{Key: key, Value: value}) }

// text, list, flag and until leave out what is empty.
func (o *outline) text(key, value string) {
	if value != "" {
		o.add(key, escape(value))
	}
}

func (o *outline) list(key string, values []string) {
	if len(values) == 0 {
		return
	}
	escaped := make([]string, len(values))
	for i, value := range values {
		escaped[i] = escape(value)
	}
	o.add(key, escaped)
}

// texts adds a mapping of the keys and values that follow.
func (o *outline) texts(key string, pairs ...string) {
	var part outline
	for i := 0; i+1 < len(pairs); i += 2 {
		part.text(pairs[i], pairs[i+1])
	}
	o.add(key, yaml.MapSlice(part))
}

// textMap adds a mapping that has no order of its own.
func (o *outline) textMap(key string, values map[string]string) {
	if len(values) == 0 {
		return
	}
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		pairs = append(pairs, name, values[name])
	}
	o.texts(key, pairs...)
}

func (o *outline) flag(key string, value bool) {
	if value {
		o.add(key, true)
	}
}

func (o *outline) until(key string, t time.Time) {
	if !t.IsZero() {
		o.add(key, date(t))
	}
}

// escape keeps what looks like a variable from being expanded when the file is applied again.
func escape(text string) string { return strings.ReplaceAll(text, "${", "$${") }

func outlineTenant(t *Tenant) outline {
	var o outline
	o.text("account", string(t.Account))
	o.text("name", t.Name)
	if !t.Enabled {
		o.add("enabled", false)
	}
	o.text("legacy_tenant", string(t.LegacyTenant))
	o.text("customer_number", t.CustomerNumber)
	names := make([]string, len(t.Domains))
	for i, d := range t.Domains {
		names[i] = d.Name
	}
	o.list("domains", names)
	o.list("sip_domains", t.SIPDomains)
	return o
}

func outlineConnection(c *Connection) outline {
	var o outline
	o.text("id", c.ID)
	o.text("name", c.Name)
	if !c.Enabled {
		o.add("enabled", false)
	}
	o.text("type", c.Type)
	if c.SAML != nil {
		outlineSAML(&o, c.SAML)
	} else {
		outlineOIDC(&o, c.OIDC)
	}
	o.text("external_id_claim", c.ExternalIDClaim)
	o.text("email_trust", c.EmailTrust)
	o.list("domains", c.Domains)
	if c.Enforce != (len(c.Domains) > 0) {
		o.add("enforce", c.Enforce)
	}
	breakGlass := make([]string, len(c.BreakGlass))
	for i, id := range c.BreakGlass {
		breakGlass[i] = string(id)
	}
	o.list("break_glass", breakGlass)
	o.flag("default", c.Default)
	outlinePolicy(&o, c.Policy)
	o.list("claims", c.Claims)
	o.list("trace_claims", c.TraceClaims)
	o.flag("create_users", c.CreateUsers)
	outlineEnrich(&o, c.Enrich)
	if len(c.Mapping) > 0 {
		var rules []yaml.MapSlice
		for _, rule := range c.Mapping {
			rules = append(rules, yaml.MapSlice(outlineRule(rule)))
		}
		o.add("mapping", rules)
	}
	return o
}

func outlineOIDC(o *outline, c *OIDC) {
	outlinePreset(o, c)
	o.text("issuer", c.Issuer)
	o.text("client_id", c.ClientID)
	o.list("scopes", c.Scopes)
	o.flag("allow_private_network", c.AllowPrivateNetwork)
	outlineAccessTokens(o, c.AccessTokens)
}
