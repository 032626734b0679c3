// Package demo runs patchbay with everything around it that a real installation has: a legacy
// database with users, a corporate identity provider, a web application that logs in, and a phone
// switch that introspects. All of it lives in this process, on loopback, and needs nothing
// installed.
//
// The tenants are applied from tenant files, the same way an operator applies them, and the tour
// drives the result through its public addresses only.
package demo
