package main

import (
	"github.com/patchbay-auth/patchbay/broker"
)

// advice is what support does about a refused login, or "" where the reason says it all. The words are
// those of docs/operations.md, which has more of them.
func advice(l broker.Login) string {
	connection := string(l.Account) + "/" + l.Connection
	switch l.Reason {
	case broker.ReasonUpstream, broker.ReasonUpstreamDown:
		return "run 'patchbay connection test " + connection + "'; docs/idps/README.md says what a detail means, and at which side"
	case broker.ReasonNotProvisioned:
		return "compare the claims with the legacy database; 'patchbay map try " + connection + "' tries other rules, " +
			"'patchbay external-ids import' links people by a list"
	case broker.ReasonAmbiguous:
		return "repair the data: two users have the same key, or the user is linked to another external id already"
	case broker.ReasonInactive:
		return "switch the user on in the legacy database, if they may log in"
	case broker.ReasonWeak:
		return "have the identity provider authenticate people as the connection's acr_values and max_age demand"
	case broker.ReasonLogout:
		return "ask the identity provider's administrators why it sends such logout requests: the detail says what is wrong with them"
	case broker.ReasonConnection:
		return "see with 'patchbay connection list' whether the connection is enabled"
	case broker.ReasonCredentials, broker.ReasonExpired, broker.ReasonUnknownAttempt, broker.ReasonBrowser, broker.ReasonUsed,
		broker.ReasonCancelled, broker.ReasonLoginTaken, broker.ReasonUserCode, broker.ReasonTooManyCodes, broker.ReasonBusy, broker.ReasonThrottled:
	}
	return ""
}
