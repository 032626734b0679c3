package mapping

import "slices"

// A NewUser is what a rule with create knows of a user to be. All but Login may be empty.
type NewUser struct {
	Login       string
	Email       string
	GivenName   string
	FamilyName  string
	DisplayName string
	Locale      string
	UserGroup   string
}

// A column is one compiled template of Create.
type column struct {
	*template
	set func(*NewUser, string)
}

func (c *compiler) create(r *rule, before []Rule) {
	if !c.options.Create {
		c.fault("create", "the connection does not allow it: create_users: true does")
	}
	if r.Link || r.Relink != nil {
		c.fault("link", "a rule with create links by itself")
	}
	if !slices.ContainsFunc(before, matchesExternalID) {
		c.fault("create", "no rule before this one matches external_id, so nobody it creates could log in again")
	}
	r.by = ByLogin
	if r.template = c.key("create.login", r.Create.Login); r.template != nil {
		r.usesEmail = r.template.names("email")
	}
	for _, part := range []struct {
		key, text string
		set       func(*NewUser, string)
	}{
		{"email", r.Create.Email, func(u *NewUser, text string) { u.Email = text }},
		{"given_name", r.Create.GivenName, func(u *NewUser, text string) { u.GivenName = text }},
		{"family_name", r.Create.FamilyName, func(u *NewUser, text string) { u.FamilyName = text }},
		{"display_name", r.Create.DisplayName, func(u *NewUser, text string) { u.DisplayName = text }},
		{"locale", r.Create.Locale, func(u *NewUser, text string) { u.Locale = text }},
		{"user_group", r.Create.UserGroup, func(u *NewUser, text string) { u.UserGroup = text }},
	} {
		if part.text == "" {
			continue
		}
		t, err := compileText(part.text)
		if err != nil {
			c.fault("create."+part.key, "%w", err)
			continue
		}
		c.names("create."+part.key, t.claims...)
		// What is written into the directory as somebody's address finds them later.
		r.usesEmail = r.usesEmail || part.key == "email"
		r.create = append(r.create, column{t, part.set})
	}
	c.keep(refer("external_id"))
}

// newUser fills in the columns. One that yields nothing, or what no column should hold, stays empty; so
// does an address that the requirement does not cover.
func (r *rule) newUser(id Identity, env Env, login string) *NewUser {
	u := &NewUser{Login: login}
	for _, column := range r.create {
		if text, err := column.render(claimSource{id}); err == nil && unusable(text) == "" {
			column.set(u, text)
		}
	}
	if u.Email != "" && r.believeEmail(id, env, u.Email) != "" {
		u.Email = ""
	}
	return u
}
