package registry

import (
	"fmt"
	"iter"

	"github.com/goccy/go-yaml"

	"github.com/patchbay-auth/patchbay/mapping"
)

// options are what the connection says about its rules beside them.
func (c *Connection) options() mapping.Options {
	return mapping.Options{Claims: c.Claims, Trace: c.TraceClaims, Create: c.CreateUsers, Enrich: c.Enrich}
}

// Rules yields the rules of the file's connections, by their ids, in the order of the file.
func (f TenantFile) Rules() iter.Seq2[string, *mapping.Rules] {
	return func(yield func(string, *mapping.Rules) bool) {
		for _, c := range f.connections {
			if !yield(c.ID, c.rules) {
				return
			}
		}
	}
}

// rulePath is where in a connection's part of the file a fault is.
func rulePath(e *mapping.RuleError) string {
	switch {
	case e.Index < 0:
		return e.Key
	case e.Key == "":
		return fmt.Sprintf("mapping[%d]", e.Index)
	}
	return fmt.Sprintf("mapping[%d].%s", e.Index, e.Key)
}

func outlineRule(r mapping.Rule) outline {
	var o outline
	o.text("name", r.Name)
	if r.When != nil {
		o.add("when", outlineCondition(*r.When))
	}
	if m := r.Match; m != nil {
		o.texts("match", "external_id", m.ExternalID, "login", m.Login, "email", m.Email, "statement", m.Statement, "value", m.Value)
	}
	if r.Require != nil {
		var part outline
		part.flag("email_verified", r.Require.EmailVerified)
		part.list("domain", r.Require.Domain)
		o.add("require", yaml.MapSlice(part))
	}
	o.flag("link", r.Link)
	if r.Relink != nil {
		o.texts("relink", "previous", r.Relink.Previous, "login", r.Relink.Login)
	}
	if c := r.Create; c != nil {
		o.texts("create", "login", c.Login, "email", c.Email, "given_name", c.GivenName, "family_name", c.FamilyName,
			"display_name", c.DisplayName, "locale", c.Locale, "user_group", c.UserGroup)
	}
	o.text("refuse", r.Refuse)
	o.textMap("message", r.Message)
	return o
}

func outlineCondition(c mapping.Condition) yaml.MapSlice {
	var o outline
	o.text("claim", c.Claim)
	o.text("equals", c.Equals)
	o.list("in", c.In)
	o.text("matches", c.Matches)
	if c.Exists != nil {
		o.add("exists", *c.Exists)
	}
	for _, part := range []struct {
		key  string
		list []mapping.Condition
	}{{"all", c.All}, {"any", c.Any}} {
		var inner []yaml.MapSlice
		for _, one := range part.list {
			inner = append(inner, outlineCondition(one))
		}
		if len(inner) > 0 {
			o.add(part.key, inner)
		}
	}
	if c.Not != nil {
		o.add("not", outlineCondition(*c.Not))
	}
	return yaml.MapSlice(o)
}

func outlineEnrich(o *outline, list []mapping.Enrichment) {
	var all []yaml.MapSlice
	for _, e := range list {
		var one outline
		if e.When != nil {
			one.add("when", outlineCondition(*e.When))
		}
		one.list("roles", e.Roles)
		one.list("groups", e.Groups)
		all = append(all, yaml.MapSlice(one))
	}
	if len(all) > 0 {
		o.add("enrich", all)
	}
}
