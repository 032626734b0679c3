// Package token mints patchbay's tokens and verifies them again: access tokens (RFC 9068) and ID
// tokens (OpenID Connect Core §2), both signed JWTs. It does no I/O and reads no clock but its own.
//
// What it verifies it has minted, so verification knows the exact form: three parts, a header of
// alg, typ and kid and nothing else, the algorithm of the key that kid names, no member twice. A
// token of one kind is never taken for the other:
//
//	            typ                has                    has not
//	access      at+jwt, or JWT     jti gid client_id      nonce at_hash azp
//	ID          JWT                azp                    jti gid client_id
//
// Claims that describe the token, its issuer or its grant are reserved: the further claims of a
// token, which come from users' rows, identity providers and configuration, cannot contain them. So
// a reserved claim in a token of a kind that does not define it refuses the token.
package token
