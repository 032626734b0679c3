package mapping

// A Rule is one step of a connection's mapping. Rules are tried in order; the first that finds or
// creates a user, or that refuses, ends it. A person no rule finds is refused as not_provisioned.
type Rule struct {
	Name string `json:"name" yaml:"name"`
	// When, if set, must hold for the rule to be tried.
	When *Condition `json:"when,omitempty" yaml:"when"`
	// Match says what to look for. Exactly one of Match, Create and Refuse is set.
	Match   *Match   `json:"match,omitempty" yaml:"match"`
	Require *Require `json:"require,omitempty" yaml:"require"`
	// Link remembers (connection, external id) → user once the rule has found the user.
	Link bool `json:"link,omitempty" yaml:"link"`
	// Relink lets the new link take the place of another one of the user on the connection.
	Relink *Relink `json:"relink,omitempty" yaml:"relink"`
	// Create makes a user whom no rule before has found, and links them.
	Create *Create `json:"create,omitempty" yaml:"create"`
	// Refuse ends the mapping with this reason.
	Refuse string `json:"refuse,omitempty" yaml:"refuse"`
	// Message tells the person what to do about a refusal, by language (en, nb).
	Message map[string]string `json:"message,omitempty" yaml:"message"`
}

// A Condition compares one claim, or combines conditions. Of a claim that is an array any value will do.
type Condition struct {
	Claim string `json:"claim,omitempty" yaml:"claim"`
	// Equals and In compare byte by byte.
	Equals string   `json:"equals,omitempty" yaml:"equals"`
	In     []string `json:"in,omitempty" yaml:"in"`
	// Matches is a regular expression (RE2) for the whole value.
	Matches string `json:"matches,omitempty" yaml:"matches"`
	Exists  *bool  `json:"exists,omitempty" yaml:"exists"`

	All []Condition `json:"all,omitempty" yaml:"all"`
	Any []Condition `json:"any,omitempty" yaml:"any"`
	Not *Condition  `json:"not,omitempty" yaml:"not"`
}

// A Match holds templates over the identity's claims; exactly one key is set. An empty result never
// matches anybody.
type Match struct {
	ExternalID string `json:"external_id,omitempty" yaml:"external_id"`
	Login      string `json:"login,omitempty" yaml:"login"`
	Email      string `json:"email,omitempty" yaml:"email"`
	// Statement names a statement of the legacy profile's own, user_by_…, which is asked for Value.
	Statement string `json:"statement,omitempty" yaml:"statement"`
	Value     string `json:"value,omitempty" yaml:"value"`
}

// Require is what must hold of the identity before the rule may match or create.
type Require struct {
	EmailVerified bool `json:"email_verified,omitempty" yaml:"email_verified"`
	// Domain lists the e-mail domains the rule accepts; each must be a verified domain of the tenant.
	Domain []string `json:"domain,omitempty" yaml:"domain"`
}

// Relink says what proves that somebody with a new external id is still the person with the old one.
// Exactly one key is set. Without proof the login is refused.
type Relink struct {
	// Previous is a template for the external id that the user is linked to now: the IdP names it.
	Previous string `json:"previous,omitempty" yaml:"previous"`
	// Login is a template for the user's login, of other claims than Match: a second key of the
	// directory that leads to the same user.
	Login string `json:"login,omitempty" yaml:"login"`
}

// Create holds templates for the columns of a new user. All but Login may yield nothing.
type Create struct {
	Login       string `json:"login" yaml:"login"`
	Email       string `json:"email,omitempty" yaml:"email"`
	GivenName   string `json:"given_name,omitempty" yaml:"given_name"`
	FamilyName  string `json:"family_name,omitempty" yaml:"family_name"`
	DisplayName string `json:"display_name,omitempty" yaml:"display_name"`
	Locale      string `json:"locale,omitempty" yaml:"locale"`
	UserGroup   string `json:"user_group,omitempty" yaml:"user_group"`
}
