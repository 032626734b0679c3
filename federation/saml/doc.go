// Package saml is a SAML 2.0 service provider: it sends people to an identity provider (IdP) and
// verifies the assertion with which they come back. Like package federation, whose terms it speaks, it
// knows nothing of users.
//
//	Start ──► URL or form, Memo ──► browser at the IdP ──► saml/acs ──► Finish ──► mapping.Identity
//	  │                                                                 │
//	  │ IdP metadata (cached, last good copy kept)                      ├─ gate: size and shape, before parsing
//	  │ request id ─────────────── Memo ──────────────────────────────► ├─ signatures: pinned certificates, SHA-2
//	                                                                    ├─ decryption: RSA-OAEP, AES
//	                                                                    ├─ response and assertion: by our clock
//	                                                                    └─ replay cache
//
// # What is believed
//
// XML says the same thing in many ways, and most attacks on SAML make the verifier read one and the
// application another. Three rules stand against that:
//
//   - A message that is larger, deeper or richer than an honest one is refused before it is parsed. It
//     has no comments, processing instructions or document type, and no attribute twice.
//   - An element may have only the children that are named here, each as often as named here. A second
//     assertion, a second signature, or anything that could carry one, is not skipped but refused.
//   - What a signature covers is canonicalised, hashed, and parsed again from exactly the bytes that
//     were hashed. Everything is read from there, so that what is used is what was signed.
//
// Certificates are pinned by the IdP's metadata. They are compared by nothing but their public key: their
// names, issuers and dates mean nothing here, except that an approaching end is reported.
//
// # Keys
//
// Every connection has its own key pair for signing requests and decrypting assertions, with a
// self-signed certificate that the service provider's metadata publishes. The next one is published
// before it is used; see Key.
//
// Whatever an IdP or a browser sends is hostile until verified. Error texts may quote it; they belong in
// the log, not on a page.
package saml
