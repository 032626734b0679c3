// Package keyring keeps the keys that sign patchbay's tokens. Every issuer scope has a key for each
// algorithm from its first start; all replicas have the same ones.
//
// A key's life is four moments:
//
//	created --> active --------> retired ------------> expired ------------> forgotten
//	   |           |                |                     |                      |
//	   |  24 h     | signs, 90 d    | only verifies       | verifies ID token    | deleted
//	   |           |                | the longest token's | hints only, a        |
//	   |           |                | life and an hour    | session and 30 d     |
//	   +--------- in the JWKS -------------------------> gone from the JWKS
//
// A key is published before it signs, so that no relying party meets a token whose key it could not
// have fetched, and stays published until the last token it signed has ended. The time for hints
// counts from its retirement.
//
// A Record says when its key was created and when it becomes active, and never changes. The other
// moments follow from the key after it: a key retires when its successor becomes active. So the
// schedule is a function of the records and the time, and replicas that have the same records agree
// on the key that signs, without any of them being in charge. Maintain adds what is due; of replicas
// that add a key with the same number one wins, and the others take its key.
//
// In an emergency Replace revokes keys: they leave the JWKS and verify nothing from that moment on.
//
// Private keys are sealed at rest, and the public half is derived from the sealed one: who can write
// the database but lacks the key file can neither read a key nor plant one.
//
// Reads take no lock and no SQL. What other replicas changed arrives through Invalidate.
package keyring
