package registry

import "slices"

// AllowsOrigin reports whether scripts from an origin may call the client's endpoints. The origin is
// compared as browsers send it (RFC 6454 §6.2).
func (c *Client) AllowsOrigin(origin string) bool { return slices.Contains(c.CORSOrigins, origin) }

// AllowsOrigin reports whether a client that an account's realm serves has registered an origin: one of
// the tenant, or of the platform. An empty account asks about all clients there are. A preflight can be
// answered no more precisely, because it names no client.
func (s *Snapshot) AllowsOrigin(account Account, origin string) bool {
	owners := s.origins[origin]
	return len(owners) > 0 && (account == "" || owners[account] || owners[platform])
}

// platform is the account of clients that belong to no tenant.
const platform Account = ""

func (s *Snapshot) addOrigins(c *Client) {
	if !c.Enabled {
		return
	}
	for _, origin := range c.CORSOrigins {
		if s.origins[origin] == nil {
			s.origins[origin] = map[Account]bool{}
		}
		s.origins[origin][c.Account] = true
	}
}
