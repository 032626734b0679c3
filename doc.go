// Package patchbay is the root of a federation broker that stands between external identity
// providers and a legacy user database. The command is in cmd/patchbay; docs/architecture.md
// describes the packages, and layering_test.go enforces what it says about them.
package patchbay
