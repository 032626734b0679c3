// Package keyring keeps the keys that sign patchbay's tokens. Every issuer scope has a key for each
// algorithm from its first start; all replicas have the same ones.
//
// A key's life is four moments, all in its Record:
//
//	created --> active --------> retired ------------> expired
//	   |           |                |                     |
//	   |           | signs          | only verifies       | verifies ID token hints only
//	   +--------- in the JWKS -------------------------> gone from the JWKS
//
// A key is published before it signs, so that no relying party meets a token whose key it could not
// have fetched, and stays published until the last token it signed has ended. A zero time means
// that the moment is not scheduled.
//
// Private keys are sealed at rest, and the public half is derived from the sealed one: who can write
// the database but lacks the key file can neither read a key nor plant one.
//
// Reads take no lock and no SQL. What other replicas changed arrives through Invalidate.
package keyring
