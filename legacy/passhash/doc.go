// Package passhash verifies passwords against the hashes that legacy databases hold.
//
// A Verifier recognises a stored value by its shape alone, refuses one whose verification would
// cost too much before doing any of it, and compares in constant time. What has no shape of its
// own (a bare digest with its salt in another column) is described by a Template.
//
// A Pool bounds how many verifications run at once, shares them fairly between tenants, and
// remembers what they cost.
//
// Passwords are bytes: nothing is normalised or trimmed, because the system that made the hash did
// neither. bcrypt hashes only ever covered the first 72 bytes of a password, so a longer one
// matches the hash of its first 72 bytes, here as in the system it came from. Passwords over
// MaxPassword bytes, and empty ones, match nothing.
package passhash
