package mapping

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func ana() (User, Details) {
	u := User{
		ID: "4711", Tenant: "10010", Username: "ana", Active: true, Email: "ana@acme.example", EmailVerified: true,
		GivenName: "Ana", FamilyName: "Berg", Locale: "nb-NO", Type: "person", Group: "Support",
		UpdatedAt: time.Unix(1_700_000_000, 5),
	}
	d := Details{
		Roles: []string{"agent"}, Permissions: []string{"call"}, Groups: nil,
		Softphones: []Softphone{{Address: "4711"}},
		Configuration: map[string]string{
			"queue.default": "en", "masterdata.site": "Oslo", "contact-centre.skill": "nb", "sub": "forged", "masterdata.": "x",
		},
	}
	return u, d
}

func TestClaims(t *testing.T) {
	u, d := ana()
	domains := []string{"pbx.acme.example"}
	telephony := map[string]any{"tenant_id": "10010", "user_id": "4711", "user_type": "person", "user_group": "Support"}
	for _, tc := range []struct {
		name   string
		scopes []string
		opts   ClaimOptions
		want   map[string]any
	}{
		{"openid alone", []string{"openid", "offline_access"}, ClaimOptions{}, map[string]any{}},
		{"profile", []string{"profile"}, ClaimOptions{For: ForUserInfo}, map[string]any{
			"name": "Ana Berg", "given_name": "Ana", "family_name": "Berg", "preferred_username": "ana", "locale": "nb-NO",
			"updated_at": int64(1_700_000_000),
		}},
		{"email", []string{"email"}, ClaimOptions{}, map[string]any{"email": "ana@acme.example", "email_verified": true}},
		{"roles in an ID token", []string{"roles"}, ClaimOptions{For: ForIDToken, AlwaysRoles: true}, map[string]any{"role": []string{"agent"}}},
		{"roles in an access token", []string{"roles"}, ClaimOptions{For: ForAccessToken}, map[string]any{
			"roles": []string{"agent"}, "permissions": []string{"call"},
		}},
		{"realm access token", nil, ClaimOptions{For: ForAccessToken, AlwaysRoles: true}, map[string]any{
			"roles": []string{"agent"}, "permissions": []string{"call"},
		}},
		{"groups are a list also when empty", []string{"groups"}, ClaimOptions{}, map[string]any{"groups": []string{}}},
		{"nothing personal in an access token", []string{"profile", "email", "contact-centre", "masterdata"}, ClaimOptions{For: ForAccessToken}, telephony},
		{"contact-centre", []string{"contact-centre"}, ClaimOptions{For: ForIntrospection, SIPDomains: domains}, merged(telephony, map[string]any{
			"softphone_address": "sip:4711@pbx.acme.example",
			"contact-centre":    map[string]string{"queue.default": "en", "skill": "nb", "sub": "forged"},
		})},
		{"no address without a SIP domain", []string{"contact-centre"}, ClaimOptions{For: ForUserInfo}, merged(telephony, map[string]any{
			"contact-centre": map[string]string{"queue.default": "en", "skill": "nb", "sub": "forged"},
		})},
		{"masterdata", []string{"masterdata"}, ClaimOptions{For: ForUserInfo}, merged(telephony, map[string]any{
			"masterdata": map[string]string{"site": "Oslo"},
		})},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, Claims(u, d, tc.scopes, tc.opts)); diff != "" {
				t.Errorf("claims (-want +got):\n%s", diff)
			}
		})
	}
}

func merged(a, b map[string]any) map[string]any {
	all := map[string]any{}
	for _, m := range []map[string]any{a, b} {
		for k, v := range m {
			all[k] = v
		}
	}
	return all
}

func TestRolesAreCapped(t *testing.T) {
	u, d := ana()
	for i := range MaxRoles {
		d.Permissions = append(d.Permissions, fmt.Sprint(i))
	}
	claims := Claims(u, d, []string{"roles"}, ClaimOptions{For: ForAccessToken})
	if got := claims["permissions"].([]string); len(got) != MaxRoles || claims["roles_truncated"] != true {
		t.Errorf("%d permissions, roles_truncated %v", len(got), claims["roles_truncated"])
	}
	d.Permissions = d.Permissions[:MaxRoles]
	claims = Claims(u, d, []string{"roles"}, ClaimOptions{For: ForAccessToken})
	if _, truncated := claims["roles_truncated"]; truncated || len(claims["permissions"].([]string)) != MaxRoles {
		t.Errorf("exactly %d permissions are truncated", MaxRoles)
	}
}

// SECURITY: reserved claims cannot be set by legacy data, whatever it holds.
func TestClaimsAreNeverReserved(t *testing.T) {
	u, d := ana()
	reserved := []string{
		"sub", "iss", "aud", "exp", "iat", "nbf", "jti", "sid", "client_id", "scope", "azp", "nonce", "tenant", "amr", "acr",
		"sub_type", "auth_time", "idp", "gid", "at_hash", "c_hash", "active", "username", "token_type", "cnf", "act",
	}
	for _, name := range reserved {
		d.Configuration[name], d.Configuration["masterdata."+name] = "forged", "forged"
		d.Groups, d.Roles = append(d.Groups, name), append(d.Roles, name)
	}
	for _, to := range []Recipient{ForIDToken, ForUserInfo, ForAccessToken, ForIntrospection} {
		claims := Claims(u, d, Scopes(), ClaimOptions{For: to, AlwaysRoles: true, SIPDomains: []string{"pbx.acme.example"}})
		if len(claims) < 5 {
			t.Fatalf("positive control: only %v", claims)
		}
		for _, name := range reserved {
			if value, set := claims[name]; set {
				t.Errorf("recipient %d: %s is %v", to, name, value)
			}
		}
	}
}

func TestScopeParts(t *testing.T) {
	for scope, want := range map[string]Parts{
		"openid": 0, "profile": 0, "email": 0, "offline_access": 0, "unknown": 0,
		"roles": Roles, "groups": Groups, "masterdata": Configuration, "contact-centre": Configuration | Softphones,
	} {
		if got := ScopeParts([]string{scope}); got != want {
			t.Errorf("%s needs %b, want %b", scope, got, want)
		}
	}
	if got := ScopeParts(Scopes()); got != Roles|Groups|Softphones|Configuration {
		t.Errorf("all scopes need %b", got)
	}
}
