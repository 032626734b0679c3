package broker

import "github.com/patchbay-auth/patchbay/broker/registry"

// Admits reports whether logins through idp, a connection's id or LocalIDP, still count for anything:
// whoever disables or removes a connection no longer trusts what it said about people. Sessions and refresh
// tokens that rest on it do not end with it; they wait until it is enabled again, or until their time
// is over.
func (e *Engine) Admits(account registry.Account, idp string) bool {
	if idp == LocalIDP {
		return true
	}
	c, ok := e.Registry.Snapshot().Connection(account, idp)
	return ok && c.Enabled
}
