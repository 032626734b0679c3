// Package shadow compares the legacy database with the one that is to take its place, by what people do:
// whoever logs in is looked up there too, and what differs is kept for a report. It decides nothing.
//
//	login ──► legacy database ──► answer to the person, as ever
//	               │
//	               └─ offered ──► queue ──► a worker asks the shadow ──► compare ──► ledger ──► state
//	                    │           │                │
//	                  spared     dropped        unanswered
//
// The login goes on as soon as it has offered: nothing is waited for there, and nothing can fail. A comparison is spared when the same was compared a minute ago, or when too many logins
// fail; it is dropped when the queue is full or it has waited too long; it is unanswered when the shadow,
// or the legacy database on a second question, gave no answer in time, or the comparison panicked.
//
// # Passwords
//
// A password waits as bytes that are overwritten when it was compared or dropped. The string that the
// verification needs lives as long as the verification, and until the garbage collector comes, as the
// one of the login itself does. It is never stored, and no hash or value of an attribute is either: a
// difference is a code and a user's id.
//
// # What a failed login proves
//
// A password that is wrong at the legacy database and right at the shadow matters: after the move it would
// open. That both refuse one proves nothing, so only a password that both accept settles what was found
// out about passwords before. Failed logins are compared once a minute for each login name, and one a
// second altogether; the shadow's verdict reaches nobody but the report, so it is no oracle.
package shadow
