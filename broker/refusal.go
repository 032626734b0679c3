package broker

import (
	"fmt"
	"time"

	"github.com/patchbay-auth/patchbay/internal/id"
)

// Refusal ends a login, or a step of one, or turns down a logout. Reason is safe to show; Err is for the log.
type Refusal struct {
	Reason Reason
	// LoginID is what the person can quote to support; zero when nothing was recorded.
	LoginID id.ID
	// AttemptID names the attempt that can still go on, for reasons that allow another try.
	AttemptID id.ID
	// ByRule holds for a refusal of the tenant's mapping rules, whose reasons need not be among ours.
	// Message is what the rule tells the person, by language; it takes the place of our own text.
	ByRule  bool
	Message map[string]string
	// RetryAfter says when it is worth another try; zero when time alone changes nothing.
	RetryAfter time.Duration
	Err        error
}

func (r *Refusal) Error() string {
	what := "login refused: " + string(r.Reason)
	if r.Reason == ReasonLogout {
		what = "logout refused"
	}
	if r.Err == nil {
		return what
	}
	return fmt.Sprintf("%s: %v", what, r.Err)
}

func (r *Refusal) Unwrap() error { return r.Err }

// Reason says why a login was refused, in words a page can be looked up by.
type Reason string

// The reasons for refusing a login. Pages exist for each, in every language.
const (
	ReasonCredentials    Reason = "wrong_credentials" //nolint:gosec // not credentials: unknown user, wrong password, disabled user, in one text
	ReasonExpired        Reason = "attempt_expired"
	ReasonUnknownAttempt Reason = "unknown_attempt"
	ReasonBrowser        Reason = "wrong_browser"   // begun in another browser, or cookies are off
	ReasonUsed           Reason = "already_used"    // a callback or a form came twice
	ReasonCancelled      Reason = "cancelled"       // at the IdP
	ReasonUpstream       Reason = "upstream_error"  // the IdP refused, or sent what we cannot believe
	ReasonUpstreamDown   Reason = "upstream_down"   // the IdP did not answer
	ReasonNotProvisioned Reason = "not_provisioned" // no mapping rule found a user
	ReasonAmbiguous      Reason = "ambiguous"       // more than one user matches
	ReasonInactive       Reason = "inactive"        // a federated user who is switched off here
	ReasonLoginTaken     Reason = "login_taken"     // a user to be created whose login somebody has
	ReasonWeak           Reason = "weak_login"      // the IdP's word falls short of the connection's policy
	ReasonConnection     Reason = "connection_unavailable"
	ReasonLogout         Reason = "logout_refused"  // an IdP's word that sessions have ended there is not believed
	ReasonUserCode       Reason = "wrong_user_code" // no device shows the code
	ReasonTooManyCodes   Reason = "too_many_codes"  // 429: too many of them
	ReasonBusy           Reason = "busy"            // 503: try again in a moment
	ReasonThrottled      Reason = "throttled"       // 429: too many failures; says nothing about the account
)
