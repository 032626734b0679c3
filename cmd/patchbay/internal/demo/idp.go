package demo

import (
	"github.com/patchbay-auth/patchbay/federation/idptest"
	"github.com/patchbay-auth/patchbay/testdata/iq"
)

// corporatePassword is the password of everybody at the demo's identity provider. It is not the one
// in the legacy database: patchbay never sees it.
const corporatePassword = "corporate-login"

// startIdP starts Acme's identity provider. It knows the sample's people by other keys than the
// legacy database does, one person the database lacks, and one who claims an address without proof.
// The connection's addresses here begin with base.
func startIdP(listen, base string) (*idptest.IdP, error) {
	users := []idptest.User{
		{
			Subject: "corp|nobody", Login: "newcomer", Password: corporatePassword,
			Claims: map[string]any{"name": "New Comer", "email": "new.comer@acme.example", "email_verified": true},
		},
		{
			Subject: "corp|claims", Login: "impostor", Password: corporatePassword,
			Claims: map[string]any{"name": "Ana Hansen", "email": "ana.hansen@acme.example", "email_verified": false},
		},
	}
	for _, u := range iq.Known() {
		if u.Tenant != iq.Acme || u.Email == "" {
			continue
		}
		users = append(users, idptest.User{
			Subject: "corp|" + u.Login, Login: u.Login, Password: corporatePassword,
			Claims: map[string]any{
				"name": u.FirstName + " " + u.LastName, "given_name": u.FirstName, "family_name": u.LastName,
				"email": u.Email, "email_verified": true,
			},
		})
	}
	return idptest.Start(idptest.Config{
		Listen: listen, Name: "Acme Corporate Login", Users: users,
		Clients: []idptest.Client{{
			ID: upstreamClient, Secret: upstreamSecret,
			RedirectURIs:           []string{base + "/callback"},
			PostLogoutRedirectURIs: []string{base + "/logged-out"},
			BackchannelLogoutURI:   base + "/backchannel-logout",
		}},
	})
}
