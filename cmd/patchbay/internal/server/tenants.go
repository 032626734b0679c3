package server

import "github.com/patchbay-auth/patchbay/mapping"

// AccountsByTenant names tenants by their keys in the legacy database. Two that share one are named together.
func (s *State) AccountsByTenant() map[mapping.TenantKey]string {
	accounts := map[mapping.TenantKey]string{}
	for _, t := range s.Registry.Snapshot().Tenants() {
		if other := accounts[t.LegacyTenant]; other != "" {
			accounts[t.LegacyTenant] = other + ", " + string(t.Account)
			continue
		}
		accounts[t.LegacyTenant] = string(t.Account)
	}
	return accounts
}

// LegacyTenants are the keys of all tenants in the legacy database.
func (s *State) LegacyTenants() []mapping.TenantKey {
	var keys []mapping.TenantKey
	for _, t := range s.Registry.Snapshot().Tenants() {
		keys = append(keys, t.LegacyTenant)
	}
	return keys
}
