// Package keyfile holds the data keys that seal what patchbay stores: signing keys, refresh seeds,
// client secrets of connections. The keys live in a file that is itself sealed with age, by a
// passphrase or for an age identity; it is opened once, at start.
//
// The file is ASCII-armored age. Inside is JSON: every data key ever used with its id and date,
// of which the newest seals and all open. Neither the file nor the database is worth anything alone.
//
// A file that anybody but its owner can read is refused, and so is a file that is not sealed: a PEM
// key, a JWK, a bare key in hex or base64. patchbay never writes one.
package keyfile
