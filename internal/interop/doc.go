// Package interop lets clients that nobody here wrote use patchbay, as they come: libraries from npm,
// a browser's, Apache's module. They know an issuer, a client id and a secret, and take everything else
// from discovery; no option of theirs is set because patchbay would not work otherwise, apart from those
// that allow plain http on loopback. At the other end, identity providers that nobody here wrote log people
// in to patchbay by SAML: npm's samlp and Debian's SimpleSAMLphp, which know its metadata and nothing else; by OpenID
// Connect: npm's oidc-provider, in op.mjs, which changes its keys and ends sessions; and by both: Debian's
// LemonLDAP::NG.
//
// Every test runs the real binary, `patchbay demo`, with clients of its own added to the demo's first
// tenant. A script under node talks with its test over a pipe, a line of JSON at a time: it names the
// step that it has passed, and asks for what only a person with a browser can do.
//
// The packages come from package-lock.json, by scripts/test-deps. Without node, Chromium, Apache,
// SimpleSAMLphp or LemonLDAP::NG the tests that need them skip, and say what to install; with node, chromium, apache2,
// simplesamlphp or lemonldap-ng in the comma-separated PATCHBAY_TEST_REQUIRE they fail instead. A test of the demo puts op.mjs
// upstream of patchbay, too.
package interop
