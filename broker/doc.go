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
//	Send       UPDATE attempts … state IN (…)      hash of the state parameter, sealed nonce and verifier;
//	                                               Identify finds the connection by the user name, then sends
//	Complete   UPDATE attempts … state = 'sent'    nothing else yet: the callback is claimed, once
//	refused    UPDATE attempts … 'returned'        state new again, one recorded login, one event
//	Settle     UPDATE attempts … state IN (…)      session, login, link, code and events: all or nothing
//	Cancel     UPDATE attempts … state IN (…)      state done, one recorded login, one event, no session
//
// # A device without a browser (RFC 8628)
//
// A device's attempt begins with the code that it shows, and the login ends with a question instead of
// an answer to a client. Only what the person says to that decides about the device:
//
//	(user code) --BeginDevice--> new, sent, returned --Password, Complete--> known --AllowDevice--> done
//	                              |  ^                                       |  |
//	                              |  +--- ChangeUser, session gone ----------+  |
//	                              +------ ContinueDevice, with a session ----^  |
//	                              +------ DenyDevice, Cancel -------------------+-----------------> done
//
//	arrow           statement that decides                  leaves
//	BeginDevice     INSERT attempts                         the attempt, which names the device
//	Password, …     UPDATE attempts … state IN (…)          session, login, link, events: the person is known
//	ContinueDevice  UPDATE attempts … state IN (…)          the session that was there
//	AllowDevice     UPDATE devices … state = 'pending'      the grant at the device, one event; attempt done
//	DenyDevice      UPDATE devices … state = 'pending'      the device denied, one event; attempt done
//
// AllowDevice takes the session that the question was about and no other: a person who has become
// somebody else meanwhile, in another tab, is asked again.
//
// # Without a browser
//
// A client may bring what a person knows or has: a password (Authenticate), or an ID token of a connection
// (Present). Both are judged by the code that judges a login, and leave a recorded login with its event,
// but no attempt, no session and no link.
//
// Trouble of ours undoes an arrow: what was claimed waits for the person again, and nothing is recorded
// about them.
//
// Two databases cannot commit together, so what spans both is ordered by what a crash may leave behind. A
// user who is made is recorded before the directory commits, and linked by their next login if need be
// (Creation). Of a link that is replaced, what the old external id opened ends before, and again after.
//
// A callback that comes a second time finds the attempt no longer sent and is refused; a browser
// that did not begin the attempt is refused before anything is read from the response. Waiting for an
// IdP or for the legacy database never happens inside a transaction.
package broker
