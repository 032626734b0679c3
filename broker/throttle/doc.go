// Package throttle slows down whoever guesses passwords, and nobody else. It counts failures, never
// logins, and never tells whether an account exists: unknown ones are counted like the others.
//
//	a try from            counted for              refused after (defaults)
//	a browser unknown     the account              10 failures in 10 minutes
//	to the account        the address              100 accounts that failed in 10 minutes
//	a browser that has    the account in that      10 failures in 10 minutes
//	logged it in before   browser, nothing else
//
// So a stranger who guesses one account's password locks out other strangers and not its owner's
// browser. One who tries one password on many accounts is stopped by the address; a call centre
// behind one address is not, because an account that logs in is struck off the address's list.
//
// Many at once are no way around: no more are verified at the same time than may fail, and the others
// wait for how those end. So parallel logins of one account that succeed only queue. What is counted lives in memory: docs/adr/0008-throttling-in-memory.md says why.
package throttle
