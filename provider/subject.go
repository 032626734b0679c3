package provider

import (
	"fmt"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
	"github.com/patchbay-auth/patchbay/provider/token"
)

// subjectOf names a user of an account to clients. It fails for an account that is gone.
func (p *provider) subjectOf(account registry.Account, user mapping.UserID) (token.Subject, error) {
	tenant, ok := p.registry.Snapshot().Tenant(account)
	if !ok {
		return "", fmt.Errorf("account %q of user %s does not exist any more", account, user)
	}
	return token.Subject(p.subjects.Of(tenant.LegacyTenant, user)), nil
}

// userOf returns which user of an account a subject names.
func (p *provider) userOf(account registry.Account, subject token.Subject) (mapping.UserID, bool) {
	tenant, ok := p.registry.Snapshot().Tenant(account)
	if !ok {
		return "", false
	}
	return p.subjects.UserID(tenant.LegacyTenant, string(subject))
}

// namedTo returns whom a subject names to a client, and in which account: the pinned one, unless that is
// empty and the subject tells. Nobody is the empty user.
func (p *provider) namedTo(client *registry.Client, pinned registry.Account, subject token.Subject) (mapping.UserID, registry.Account) {
	if p.subjects == mapping.ByUserID {
		return mapping.UserID(subject), pinned
	}
	for _, t := range p.registry.Snapshot().Tenants() {
		if !client.At(t.Account) || pinned != "" && t.Account != pinned {
			continue
		}
		if user, ok := p.subjects.UserID(t.LegacyTenant, string(subject)); ok {
			return user, t.Account
		}
	}
	return "", pinned
}
