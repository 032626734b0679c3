package registry

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// The presets of OpenID Connect connections: what a kind of identity provider wants beyond the standard.
const (
	PresetGeneric = "generic"
	PresetAuth0   = "auth0"
	PresetEntra   = "entra"
	PresetGoogle  = "google"
)

// How patchbay authenticates at an identity provider (OpenID Connect Core 1.0 §9).
const (
	ClientAuthBasic         = "client_secret_basic"
	ClientAuthPost          = "client_secret_post"
	ClientAuthPrivateKeyJWT = "private_key_jwt"
)

// TenantIDPart stands for the tenant in the issuer of an Entra ID application of several tenants.
const TenantIDPart = "{tenantid}"

// Issues reports whether tokens of the identity provider may have an issuer.
func (o *OIDC) Issues(issuer string) bool {
	if len(o.Tenants) == 0 {
		return o.Issuer == issuer
	}
	return slices.ContainsFunc(o.Tenants, func(tenant string) bool {
		return strings.Replace(o.Issuer, TenantIDPart, tenant, 1) == issuer
	})
}

// ByCertificate reports whether the identity provider knows patchbay's key by a certificate that an
// administrator uploads there: Entra ID fetches no keys.
func (o *OIDC) ByCertificate() bool {
	return o.ClientAuth == ClientAuthPrivateKeyJWT && o.Preset == PresetEntra
}

// PublishesKeys reports whether the identity provider fetches patchbay's keys.
func (o *OIDC) PublishesKeys() bool {
	return o.ClientAuth == ClientAuthPrivateKeyJWT && !o.ByCertificate()
}

// entraExternalID identifies a person of an Entra ID tenant for good: oid alone is unique within one.
const entraExternalID = "tid+oid"

// defaultExternalID is the external id claim of a preset.
func defaultExternalID(preset string) string {
	if preset == PresetEntra {
		return entraExternalID
	}
	return "sub"
}

var (
	entraTenant  = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	auth0Name    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$`)
	hostedDomain = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\.[a-z]{2,63}$`)
)

func checkPreset(o *OIDC, report report) {
	if err := oneOf(PresetGeneric, PresetAuth0, PresetEntra, PresetGoogle)(first(o.Preset, PresetGeneric)); err != nil {
		report("preset", "%w", err)
	}
	for _, key := range []struct{ name, value, preset string }{
		{"auth0_connection", o.Auth0Connection, PresetAuth0},
		{"organization", o.Organization, PresetAuth0},
		{"hosted_domain", o.HostedDomain, PresetGoogle},
	} {
		if key.value != "" && o.Preset != key.preset {
			report(key.name, "belongs to preset: %s", key.preset)
		}
	}
	if o.Auth0Connection != "" && !auth0Name.MatchString(o.Auth0Connection) {
		report("auth0_connection", "%q is not the name of a connection in Auth0", o.Auth0Connection)
	}
	if o.Organization != "" && !auth0Name.MatchString(o.Organization) {
		report("organization", "%q is neither an organization's id nor its name in Auth0", o.Organization)
	}
	if o.HostedDomain != "" && !hostedDomain.MatchString(o.HostedDomain) {
		report("hosted_domain", "%q is not a domain in lower case", o.HostedDomain)
	}
	checkEntra(o, report)
}

// checkEntra demands to know whose people may come: anybody can have a tenant at Entra ID.
func checkEntra(o *OIDC, report report) {
	several := strings.Contains(o.Issuer, TenantIDPart)
	switch {
	case several && o.Preset != PresetEntra:
		report("issuer", "%s belongs to preset: %s", TenantIDPart, PresetEntra)
	case several && len(o.Tenants) == 0:
		report("tenants", "is required with %s in the issuer: the ids of the tenants whose people may log in", TenantIDPart)
	case !several && len(o.Tenants) > 0:
		report("tenants", "has no effect without %s in the issuer", TenantIDPart)
	}
	checkList(report, "tenants", o.Tenants, func(id string) error {
		if !entraTenant.MatchString(id) {
			return fmt.Errorf("%q is not a tenant's id: 32 hexadecimal digits in lower case, as 8-4-4-4-12", id)
		}
		return nil
	})
	for _, shared := range []string{"/common/", "/organizations/", "/consumers/"} {
		if o.Preset == PresetEntra && strings.Contains(o.Issuer, shared) {
			report("issuer", "no token has it: use the tenant's id, or %s with tenants", TenantIDPart)
		}
	}
}

func checkClientAuth(o *OIDC, hasSecret bool, report report) {
	if err := oneOf(ClientAuthBasic, ClientAuthPost, ClientAuthPrivateKeyJWT)(o.ClientAuth); o.ClientAuth != "" && err != nil {
		report("client_auth", "%w", err)
	}
	if o.ClientAuth == ClientAuthPrivateKeyJWT && hasSecret {
		report("client_secret", "has no effect with client_auth: %s", ClientAuthPrivateKeyJWT)
	}
}

func outlinePreset(o *outline, c *OIDC) {
	if c.Preset != PresetGeneric {
		o.text("preset", c.Preset)
	}
	o.text("auth0_connection", c.Auth0Connection)
	o.text("organization", c.Organization)
	o.text("hosted_domain", c.HostedDomain)
	o.list("tenants", c.Tenants)
	o.text("client_auth", c.ClientAuth)
}
