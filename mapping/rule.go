package mapping

// A Rule is one step of a connection's mapping. Rules are tried in order; the first that finds a
// user, or that refuses, ends it. A person no rule finds is refused as not_provisioned.
type Rule struct {
	Name string `json:"name" yaml:"name"`
	// When, if set, must hold for the rule to be tried.
	When *Condition `json:"when,omitempty" yaml:"when"`
	// Match says what to look for. Exactly one of Match and Refuse is set.
	Match   *Match   `json:"match,omitempty" yaml:"match"`
	Require *Require `json:"require,omitempty" yaml:"require"`
	// Link remembers (connection, external id) → user once the rule has found the user.
	Link bool `json:"link,omitempty" yaml:"link"`
	// Refuse ends the mapping with this reason.
	Refuse string `json:"refuse,omitempty" yaml:"refuse"`
}

// A Condition compares one claim. A claim that is an array holds if any of its values does.
type Condition struct {
	Claim  string   `json:"claim" yaml:"claim"`
	In     []string `json:"in,omitempty" yaml:"in"`
	Exists *bool    `json:"exists,omitempty" yaml:"exists"`
}

// A Match holds templates over the identity's claims; exactly one is set. An empty result never
// matches anybody.
type Match struct {
	ExternalID string `json:"external_id,omitempty" yaml:"external_id"`
	Login      string `json:"login,omitempty" yaml:"login"`
	Email      string `json:"email,omitempty" yaml:"email"`
}

// Require is what must hold of the identity before the rule may match.
type Require struct {
	EmailVerified bool `json:"email_verified,omitempty" yaml:"email_verified"`
	// Domain lists the e-mail domains the rule accepts; each must be a verified domain of the tenant.
	Domain []string `json:"domain,omitempty" yaml:"domain"`
}
