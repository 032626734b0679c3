// Package web is what every page of patchbay shares: the site's own address, cookies, headers,
// protection against forged forms, the client's address, languages and messages, and one place
// where the errors of handlers are logged and shown.
//
// A Site knows the public URL; what depends on it (cookie names, the Secure attribute, HSTS, which
// Origin is ours) is a method of Site, so that a hostile Host header cannot change any of it.
package web
