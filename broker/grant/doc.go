// Package grant holds what a person allowed a client, and the one-time things that stand for it:
// authorization codes, device codes, pushed requests and refresh tokens, and the revocations that end
// them.
//
// Everything one-time is redeemed by one call and one transaction, whose conditional UPDATE is the
// lock:
//
//	code:    issued --Redeem--> used             (a wrong client, redirect_uri or verifier burns it)
//	                             |
//	                             +--Redeem again--> the grant is revoked (RFC 6749 §4.1.2)
//
//	device:  pending --a person--> allowed --RedeemDevice--> used
//	            |  ^                  (RFC 8628; again: refused, and nothing else)
//	            |  +-- RedeemDevice --> authorization_pending, or slow_down and a longer interval
//	            +-------a person--> denied   --RedeemDevice--> access_denied
//
//	pushed:  kept --TakePushed--> used      (RFC 9126; another client's hand leaves it as it is)
//
//	family:  seq n --Rotate(n)--> seq n+1
//	                  Rotate(n-1), within the grace window of the last rotation --> n again, same token
//	                  Rotate(older), within the window                          --> refused, nothing else
//	                  Rotate(older), outside it                                 --> the family is revoked
//	                  a token whose HMAC is wrong                               --> refused, nothing else
//
// Reads of the legacy database happen before the claim, in the check function that callers pass: an
// error there, and any error of ours, consumes nothing.
package grant
