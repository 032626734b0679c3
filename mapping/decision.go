package mapping

// A Decision is what the rules concluded about an identity.
type Decision struct {
	// User is set when Refused is empty and Create nil.
	User User
	// Create is the user to make; it is linked once it is made.
	Create *NewUser
	// Rule is the name of the rule that decided.
	Rule string
	// Link asks to remember (connection, external id) → user.
	Link bool
	// Replace, unless nil, lets the link take the place of the user's other one on the connection.
	Replace *Replacement
	// Given are roles and groups for the session of whoever gets in.
	Given Given
	// Refused is the reason for refusing, or empty.
	Refused string
	// Message is what the rule tells the person about it, by language.
	Message map[string]string
	Trace   Trace
}

// A Replacement is a proof that who has a new external id is the person with the old one.
type Replacement struct {
	// Previous, unless empty, is the external id that the user must be linked to now.
	Previous string
}

// Reasons for which the rules themselves refuse. A rule's own refuse reason is passed through.
const (
	RefusedNotProvisioned = "not_provisioned"
	RefusedAmbiguous      = "ambiguous"
	RefusedInactive       = "inactive"
	// RefusedLoginTaken is a user to be created whose login somebody has.
	RefusedLoginTaken = "login_taken"
)

// A Step is what one rule did.
type Step struct {
	Rule string `json:"rule"`
	// Looked is the query, as "login = ana", or empty when none was made.
	Looked string `json:"looked,omitempty"`
	// Met lists the users found, at most ten.
	Met []UserID `json:"met,omitempty"`
	// Outcome is matched, created, passed or refused.
	Outcome Outcome `json:"outcome"`
	// Why says why the rule was passed over or refused, in a sentence.
	Why string `json:"why,omitempty"`
}

// Outcome is the result of a step.
type Outcome string

// The outcomes of a step.
const (
	Matched Outcome = "matched"
	Created Outcome = "created"
	Passed  Outcome = "passed"
	Refused Outcome = "refused"
)
