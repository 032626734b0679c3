// Package broker makes every login decision. An Engine owns attempts, sessions, links, the audit
// log and the change feed; it reaches people through a Directory (the legacy database), IdPs through
// Upstreams, and its own state through small store interfaces.
//
// # One login, arrow by arrow
//
//	           Begin                  Send                   Complete              Settle
//	(request) -------> new -----------------------> sent ----------------> returned -------> done
//	    |               |  ^                          |                       |
//	    |               |  +--- the IdP's refusal, a cancelled login, ours ---+
//	    |               +------------- Password, Settle -----------------------------------> done
//	    +-- a usable session answers at once, without an attempt --------------------------> (code)
//
// What each arrow leaves behind:
//
//	arrow      statement that decides              leaves
//	Begin      INSERT attempts                     the attempt, bound to the browser's cookie
//	Send       UPDATE attempts … state IN (…)      hash of the state parameter, sealed nonce and verifier
//	Complete   UPDATE attempts … state = 'sent'    nothing else yet: the callback is claimed, once
//	refused    UPDATE attempts … 'returned'        state new again, one recorded login, one event
//	Settle     UPDATE attempts … state IN (…)      session, login, link, code and events: all or nothing
//	Cancel     UPDATE attempts … state IN (…)      state done, one recorded login, one event, no session
//
// Trouble of ours undoes an arrow: what was claimed waits for the person again, and nothing is recorded
// about them.
//
// A callback that comes a second time finds the attempt no longer sent and is refused; a browser
// that did not begin the attempt is refused before anything is read from the response. Waiting for an
// IdP or for the legacy database never happens inside a transaction.
package broker
