// Package backchannel tells clients that a session has ended (OpenID Connect Back-Channel Logout 1.0).
// The transaction that ends a session puts a logout for each of its clients into an outbox; a Courier
// of any server takes it from there:
//
//	due --claim--> claimed --200--> gone, logout.delivered
//	 ^                |
//	 |                +--anything else, and tries are left--> due again, later each time
//	 |                +--anything else, the last time-------> gone, logout.failed
//	 |                +--client has no backchannel_logout_uri -> gone
//	 +--lease is over-+  (the server that claimed it has stopped)
//
// So a logout is delivered at least once, and by one server at a time. A client that answers slowly, or
// not at all, holds up nobody but itself: only few of its logouts are under way at any time.
package backchannel
