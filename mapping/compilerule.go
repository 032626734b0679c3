package mapping

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// reasonPattern keeps refusal reasons usable as keys of pages and metrics, statementPattern names what
// a profile may add to the statements that patchbay knows.
const (
	reasonPattern    = `^[a-z][a-z0-9_]{0,63}$`
	statementPattern = `^user_by_[a-z][a-z0-9_]{0,39}$`
)

// maxMessage bounds a message, in bytes: it is one paragraph of a page.
const maxMessage = 500

func (c *compiler) refuse(r Rule) {
	if !regexp.MustCompile(reasonPattern).MatchString(r.Refuse) {
		c.fault("refuse", "%q is not a reason: lower-case letters, digits and underscores", r.Refuse)
	}
	if r.Link || r.Relink != nil {
		c.fault("link", "a rule that refuses finds nobody to link")
	}
	if r.Require != nil {
		c.fault("require", "belongs to a rule with match; use when to choose whom to refuse")
	}
	for _, language := range slices.Sorted(maps.Keys(r.Message)) {
		text := r.Message[language]
		if text == "" || len(text) > maxMessage || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
			c.fault("message."+language, "want one paragraph of text, at most %d bytes", maxMessage)
		}
	}
}

func (c *compiler) match(r *rule) {
	var text string
	set := 0
	for _, key := range []struct {
		by   By
		text string
	}{{ByExternalID, r.Match.ExternalID}, {ByLogin, r.Match.Login}, {ByEmail, r.Match.Email}, {ByStatement, r.Match.Statement}} {
		if key.text != "" {
			r.by, text = key.by, key.text
			set++
		}
	}
	if set != 1 {
		c.fault("match", "needs exactly one of external_id, login, email and statement")
		return
	}
	key := "match." + string(r.by)
	if r.by == ByStatement {
		key, text = "match.value", r.Match.Value
		if !regexp.MustCompile(statementPattern).MatchString(r.Match.Statement) || isOurStatement(r.Match.Statement) {
			c.fault("match.statement", "%q is not the name of a statement of the profile's own, such as user_by_staff_number", r.Match.Statement)
		}
	} else if r.Match.Value != "" {
		c.fault("match.value", "belongs to match.statement")
	}
	if r.template = c.key(key, text); r.template != nil {
		r.usesEmail = r.by == ByEmail || r.template.names("email")
	}
}

// isOurStatement reports whether a rule asks that statement in another way.
func isOurStatement(name string) bool {
	return slices.Contains([]string{"user_by_login", "user_by_id", "user_by_email", "user_by_external_id"}, name)
}

// key compiles a template whose result is looked for.
func (c *compiler) key(key, text string) *template {
	t, err := compileTemplate(text)
	if err == nil {
		c.names(key, t.claims...)
		if same, err := t.render(claimSource{}); err == nil {
			c.fault(key, "yields %q for everybody who has none of its claims, and would make one user of them all", same)
		}
		return t
	}
	c.fault(key, "%w", err)
	return nil
}

func (t *template) names(claim string) bool {
	return slices.ContainsFunc(t.claims, func(ref claimRef) bool { return ref.path[0] == claim })
}

func (c *compiler) require(r *rule) {
	demands := r.Require != nil && (r.Require.EmailVerified || len(r.Require.Domain) > 0)
	if r.Require != nil && !demands {
		c.fault("require", "requires nothing")
	}
	if r.usesEmail && !demands {
		c.fault("require", "an e-mail address alone finds nobody: require email_verified or domain")
	}
	for i, domain := range r.Require.domains() {
		if !isHostname(domain) {
			c.fault(fmt.Sprintf("require.domain[%d]", i), "%q is not a domain name", domain)
		}
	}
	if demands {
		c.keep(refer("email"), refer("email_verified"))
	}
}

func (c *compiler) link(r *rule, before []Rule) {
	if r.Relink != nil {
		c.relink(r)
	}
	if !r.Link {
		return
	}
	if r.by == ByExternalID {
		c.fault("link", "the user was found by the link already")
	} else if !slices.ContainsFunc(before, matchesExternalID) {
		c.fault("link", "no rule before this one matches external_id, so the link would never be used")
	}
	if r.usesEmail && len(r.Require.domains()) == 0 {
		c.fault("link", "an e-mail address links only inside the tenant's own domains: require domain")
	}
	c.keep(refer("external_id"))
}

// relink compiles the proof. Addresses are passed on to other people, so that an e-mail address
// proves nothing here; and two templates over one claim are one proof.
func (c *compiler) relink(r *rule) {
	switch {
	case !r.Link:
		c.fault("relink", "has no effect without link: true")
		return
	case (r.Relink.Previous == "") == (r.Relink.Login == ""):
		c.fault("relink", "needs exactly one of previous and login")
		return
	case r.Relink.Previous != "":
		r.previous = c.key("relink.previous", r.Relink.Previous)
		if r.previous != nil && (r.previous.names("external_id") || r.previous.names("email")) {
			c.fault("relink.previous", "the external id and the e-mail address of today prove nothing about the user's old one")
		}
		return
	}
	if r.usesEmail {
		c.fault("relink.login", "proves nothing where match rests on an e-mail address, which may be somebody else's now")
	}
	if r.second = c.key("relink.login", r.Relink.Login); r.second == nil || r.template == nil {
		return
	}
	for _, ref := range r.second.claims {
		if r.template.names(ref.path[0]) || ref.path[0] == "email" || r.by == ByLogin {
			c.fault("relink.login", "claim %s is no second proof: name a claim that is neither in match nor email, and match something else than login", ref.name)
		}
	}
}

func matchesExternalID(r Rule) bool { return r.Match != nil && r.Match.ExternalID != "" }
