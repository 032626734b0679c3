// Package idptest is an OpenID Connect identity provider for tests and for patchbay's demo: a real
// one, with a login page, on zitadel/oidc's op, all in memory. A session answers no further
// login, so every one asks for a password again; but it can be ended, from both sides.
//
//	authorize ──► /login (a plain form) ──► authorize/callback ──► the relying party
//	                 └── Cancel ────────────────────────────────────► error=access_denied
//	end_session ─────────────────────────────────────────────────────► the relying party
//	EndSession ── a logout token ────────────────────────────────────► its back channel
//
// By default it listens on localhost: for a browser that is another site than 127.0.0.1, where
// patchbay runs in tests, so that cookies behave as they will in earnest.
//
// ID tokens carry the machine's time, because op takes no clock.
package idptest
