// Package registry holds what is configured about tenants, their OAuth 2.0 clients and their
// connections to identity providers.
//
// Everything is in memory: a Registry answers from an immutable Snapshot, which the change feed
// replaces as a whole, so that one request sees one state and reads cost no SQL. Records are
// validated before they are stored and again when a snapshot is made of them: whoever holds a Client
// or a Connection may rely on what its documentation says.
//
// A tenant is written as one YAML file, which Plan compares with the snapshot:
//
//	file --ParseTenantFile--> TenantFile --Plan--> Change + DiffLines --Store.ChangeRegistry--> snapshot
//	  ^                                                                                            |
//	  +-------------------------------------- Export <---------------------------------------------+
//
// Secrets go in as text and are kept as hashes (clients) or sealed (upstreams); none comes out.
package registry
