package mapping

// A Decision is what the rules concluded about an identity.
type Decision struct {
	// User is set when Refused is empty.
	User User
	// Rule is the name of the rule that decided.
	Rule string
	// Link asks to remember (connection, external id) → user.
	Link bool
	// Refused is the reason for refusing, or empty.
	Refused string
	Trace   Trace
}

// Reasons for which the rules themselves refuse. A rule's own refuse reason is passed through.
const (
	RefusedNotProvisioned = "not_provisioned"
	RefusedAmbiguous      = "ambiguous"
	RefusedInactive       = "inactive"
)

// A Trace tells how a decision came about, rule by rule, without secrets: claim values appear only
// for claims that the rules name.
type Trace struct {
	Connection string `json:"connection"`
	// Claims holds the values of the claims the rules refer to.
	Claims map[string]string `json:"claims,omitempty"`
	Steps  []Step            `json:"steps"`
}

// A Step is what one rule did.
type Step struct {
	Rule string `json:"rule"`
	// Looked is the query, as "login = ana", or empty when none was made.
	Looked string `json:"looked,omitempty"`
	// Met lists the users found, at most ten.
	Met []UserID `json:"met,omitempty"`
	// Outcome is matched, passed or refused.
	Outcome Outcome `json:"outcome"`
	// Why says why the rule was passed over or refused, in a sentence.
	Why string `json:"why,omitempty"`
}

// Outcome is the result of a step.
type Outcome string

// The outcomes of a step.
const (
	Matched Outcome = "matched"
	Passed  Outcome = "passed"
	Refused Outcome = "refused"
)
