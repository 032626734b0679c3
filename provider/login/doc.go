// Package login is what people see of patchbay: the login page, the callback from identity
// providers, pages for everything that can go wrong, logout pages, and the page that posts an answer
// to a client.
//
// # Addresses
//
//	GET  /login/attempt/{id}                     the login page of an attempt; ?way=name, other: one of its steps
//	POST /login/attempt/{id}/name                user name alone: to an identity provider, or the page for the password
//	POST /login/attempt/{id}                     user name and password
//	POST /login/attempt/{id}/with/{connection}   to an identity provider
//	POST /login/attempt/{id}/cancel              back to the client, with access_denied
//	GET  /login/{account}/{connection}/callback  from an identity provider
//	POST /login/{account}/{connection}/callback  likewise, and GET with the handle of what was posted
//	…    /login/{account}/{connection}/saml/…    metadata, acs: the same for SAML
//	GET  /device                                 which code does the device show?
//	POST /device                                 the code
//	GET  /device/{id}                            the page of a device's attempt, at every stage
//	POST /device/{id}                            the device is the person's: on to the login page
//	POST /device/{id}/user                       somebody else logs in
//	POST /device/{id}/allow, …/deny              the person's answer
//
// The pattern of the callback is pasted at identity providers and never moves. It cannot be mistaken for the
// others because registry refuses an account called "attempt".
//
// Every POST is a form of our own pages, checked by web.Site.CheckForm, and is answered 303, never
// 307: the next server must not receive the password.
//
// # Leaving after a form
//
// Chromium holds the whole chain of redirects that follows a form to the form-action of the page it
// was on. Where an identity provider redirects next is not ours to know (Entra ID hands over to a
// company's own server, Auth0 to any connection), so that no list would be right. Pages.Redirect
// therefore ends the chain with a page that leads on by itself.
package login
