package registry

import (
	"fmt"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/patchbay-auth/patchbay/mapping"
)

// An outline is a record as the tenant file writes it, in the file's order, without its secrets. Both
// Export and the differences of Plan are made of it, so that they cannot disagree.
type outline yaml.MapSlice

func (o outline) get(key string) (text string, ok bool) {
	for _, item := range o {
		if item.Key == key {
			return fmt.Sprintf("%v", item.Value), true
		}
	}
	return "", false
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
}

func outlineRule(r mapping.Rule) outline {
	var o, part outline
	o.text("name", r.Name)
	if r.When != nil {
		part.text("claim", r.When.Claim)
		part.list("in", r.When.In)
		if r.When.Exists != nil {
			part.add("exists", *r.When.Exists)
		}
		o.add("when", yaml.MapSlice(part))
	}
	if r.Match != nil {
		part = nil
		part.text("external_id", r.Match.ExternalID)
		part.text("login", r.Match.Login)
		part.text("email", r.Match.Email)
		o.add("match", yaml.MapSlice(part))
	}
	if r.Require != nil {
		part = nil
		part.flag("email_verified", r.Require.EmailVerified)
		part.list("domain", r.Require.Domain)
		o.add("require", yaml.MapSlice(part))
	}
	o.flag("link", r.Link)
	o.text("refuse", r.Refuse)
	return o
}
