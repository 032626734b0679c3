package demo

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/patchbay-auth/patchbay/broker/registry"
)

// collect describes the running demo: what is registered, not what ought to be.
func (d *demo) collect(base string, place places) Facts {
	f := Facts{
		Base: base, Issuer: base + "/id", App: place.App, Users: people(),
		Clients: map[string]ClientFacts{}, Upstreams: map[string]UpstreamFacts{},
	}
	snapshot := d.server.Registry.Snapshot()
	for _, a := range accounts {
		account := registry.Account(a.account)
		f.Tenants = append(f.Tenants, TenantFacts{Account: a.account, TenantID: a.key, RealmIssuer: base + "/auth/realms/" + a.account})
		for _, c := range snapshot.Clients(account) {
			if secretOf(c.ID) == "" && c.ID != spaClient && c.ID != nightlyClient {
				continue // of a file given with --apply
			}
			facts := ClientFacts{
				Account: a.account, Secret: secretOf(c.ID),
				RedirectURIs: append([]string{}, c.RedirectURIs...), GrantTypes: append([]string{}, c.GrantTypes...),
			}
			if c.ID == nightlyClient {
				facts.PrivateKeyJWK = d.nightlyKey
			}
			f.Clients[c.ID] = facts
		}
	}
	for _, c := range snapshot.Clients("") {
		f.Clients[c.ID] = ClientFacts{
			Secret:       secretOf(c.ID),
			RedirectURIs: append([]string{}, c.RedirectURIs...), GrantTypes: append([]string{}, c.GrantTypes...),
		}
	}
	f.TenantFacts = f.Tenants[0]
	first := f.Users[0]
	f.Upstreams["corp"] = UpstreamFacts{Type: "oidc", Issuer: place.IdP, Login: first.Login, Password: corporatePassword, UserID: first.UserID}
	f.Upstreams["adfs"] = UpstreamFacts{Type: "saml", Issuer: place.SAML, Login: first.Login, Password: corporatePassword, UserID: first.UserID}
	return f
}

// print tells a person what to open and who to log in as.
func (f Facts) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	up := f.Upstreams["corp"]
	_, _ = fmt.Fprintf(w, `patchbay demo is running. Open the agent application and sign in:

  %s/

At the sign-in page use a password of the legacy database, or continue with the corporate login,
where everybody's password is %q.

LOGIN	PASSWORD	USER ID	SOFTPHONE	NOTE
`, f.App, up.Password)
	for _, u := range f.Users {
		if u.Account == f.Account {
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", u.Login, u.Password, u.UserID, u.SoftphoneAddress, u.Note)
		}
	}
	sbc := f.Clients["sbc"]
	_, _ = fmt.Fprintf(w, `
shared issuer	%s
realm issuer	%s
client	agent-app	%s
the switch	sbc	%s
identity provider	%s

With an access token in $TOKEN the phone switch asks:

  curl -u sbc:%s -d token=$TOKEN %s/protocol/openid-connect/token/introspect

Press Ctrl-C to stop.
`, f.Issuer, f.RealmIssuer, f.Clients["agent-app"].Secret, sbc.Secret, up.Issuer, sbc.Secret, f.RealmIssuer)
	return w.Flush()
}
