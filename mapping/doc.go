// Package mapping decides, from values alone, which legacy user a verified identity is, and which
// claims that user gets. It has no I/O: the directory is reached through a Lookup function, and the
// same inputs always give the same Decision, so that a recorded login can be explained and new rules
// can be tried on old logins.
//
// A connection's rules are tried in order:
//
//	rule --when fails, claim missing, requirement unmet, nobody found--> next rule
//	  |                                                                     |
//	  +-- one active user --> matched        after the last rule --> refused: not_provisioned
//	  +-- several rows    --> refused: ambiguous
//	  +-- inactive user   --> refused: inactive
//	  +-- refuse: reason  --> refused: reason
//
// An e-mail address is somebody's claim, not a key: a rule that uses one must say what makes it
// trustworthy (Require), and is passed over whenever the connection's EmailTrust does not call this
// address verified.
package mapping
