package broker_test

import "fmt"

// acme is the tenant of most tests, with further connections if a test needs them.
func acme(further ...string) string {
	text := `
account: acme
name: Acme Support
legacy_tenant: 10010
domains: [acme.example]
clients:
  - id: agent-app
    name: Agent application
    grant_types: [authorization_code, refresh_token]
    redirect_uris: [https://agent.example/callback]
    scopes: [openid, offline_access]
    default_scopes: [openid]
    require_secret: false
connections:` + connection("corp", "client_id: patchbay") + connection("partner", "client_id: patchbay") +
		connection("retired", "client_id: patchbay, enabled: false")
	for _, f := range further {
		text += f
	}
	return text
}

// connection is one that links people by their verified e-mail address.
func connection(id, settings string) string {
	return fmt.Sprintf(`
  - { id: %s, type: oidc, issuer: "https://idp.example", %s, mapping: [
      { name: linked external id, match: { external_id: "{{ .sub }}" } },
      { name: e-mail of our own domain, match: { email: "{{ .email }}" },
        require: { email_verified: true, domain: [acme.example] }, link: true },
      { name: everyone else, refuse: not_provisioned } ] }`, id, settings)
}

// globex is another tenant, with a connection of the same name.
const globex = `
account: globex
name: Globex
legacy_tenant: 10020
clients:
  - id: globex-app
    name: Globex application
    grant_types: [authorization_code]
    redirect_uris: [https://agent.example/callback]
    scopes: [openid]
    default_scopes: [openid]
    require_secret: false
connections:
  - { id: corp, type: oidc, issuer: "https://idp.example", client_id: patchbay }
`
