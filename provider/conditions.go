package provider

import (
	"slices"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
	"github.com/patchbay-auth/patchbay/provider/token"
)

// Conditions are what a token depends on besides its own client: an entry that is taken off a list ends
// what was issued by it. Nearly all tokens have none.
type conditions struct {
	// through are the clients that had the tokens that it was exchanged for, without its own.
	through []string
	// origin is the client whose trust it rests on: its own, or the first of those.
	origin string
	// word is the trusted issuer or the connection on whose word it was issued; empty for a person who
	// logged in here.
	word string
	// targets are the audiences that its client had to be allowed.
	targets []string
}

// conditionsOf returns what a token depends on, or nil.
func conditionsOf(t token.Access) *conditions {
	c := conditions{origin: t.ClientID}
	if t.SessionID == "" && t.IDP != broker.LocalIDP { // a login page leaves a session, a password names itself
		c.word = t.IDP
	}
	for _, aud := range t.Audience {
		if aud != resources(t.Issuer) && aud != mapping.ScopeContactCentre && aud != mapping.ScopeMasterdata {
			c.targets = append(c.targets, aud)
		}
	}
	if t.Origin != nil {
		c.origin = t.Origin.ClientID
		c.through = append(c.through, c.origin)
	}
	for a := t.Actor; a != nil; a = a.Previous {
		if by := string(a.Subject); by != t.ClientID && !slices.Contains(c.through, by) {
			c.through = append(c.through, by)
		}
	}
	if len(c.through)+len(c.targets) == 0 && c.word == "" {
		return nil
	}
	return &c
}

// hold reports whether everything that the token depends on is still so.
func (c *conditions) hold(registered *registry.Snapshot, v *verified, now time.Time) bool {
	for _, name := range c.through {
		client, ok := registered.Client(name)
		if !ok || !client.Usable(now) || !client.At(v.Tenant) {
			return false
		}
	}
	holder, ok := registered.Client(v.ClientID)
	if !ok || slices.ContainsFunc(c.targets, func(aud string) bool { return !slices.Contains(holder.TokenExchange.Audiences, aud) }) {
		return false
	}
	if c.word == "" {
		return true
	}
	origin, ok := registered.Client(c.origin)
	return ok && vouched(registered, origin, v.Tenant, c.word)
}

// vouched reports whether a client takes an issuer's word, or a connection's that is there and enabled.
func vouched(registered *registry.Snapshot, client *registry.Client, account registry.Account, word string) bool {
	if slices.ContainsFunc(client.TrustedIssuers, func(t registry.TrustedIssuer) bool { return t.Issuer == word }) {
		return true
	}
	connection, ok := registered.Connection(account, word)
	return ok && connection.Enabled && slices.Contains(client.TokenExchange.Connections, word)
}
