// Package storetest is the contract of the state database as tests. Every engine passes the same:
//
//	storetest.Run(t, func(t *testing.T) storetest.Store { return a migrated, empty store })
package storetest
