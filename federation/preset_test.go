package federation_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/federation"
)

// The Entra ID tenants of the tests: home and branch may log in, stranger may not.
const (
	home     = "11111111-aaaa-4aaa-8aaa-111111111111"
	branch   = "22222222-bbbb-4bbb-8bbb-222222222222"
	stranger = "33333333-cccc-4ccc-8ccc-333333333333"
)

// several makes the IdP one of many Entra ID tenants: its metadata are at the address for organisations,
// and their issuer is a template.
func (h *hostile) several(c *federation.Config) {
	c.Issuer = h.URL + "/{tenantid}/v2.0"
	c.Preset.Tenants = []string{home, branch}
	c.ExternalIDClaim = "tid+oid"
	doc := maps.Clone(h.doc)
	doc["issuer"] = c.Issuer
	h.replace("/organizations/v2.0/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(doc); err != nil {
			h.t.Error(err)
		}
	})
}

// entra makes a token that of a person of one tenant, issued by another's address.
func (h *hostile) entra(tid, issuer string) func(*forgery) {
	return func(f *forgery) {
		f.claims["iss"], f.claims["tid"], f.claims["oid"] = h.URL+"/"+issuer+"/v2.0", tid, "0b1f-77"
	}
}

// A presetRow is a token, and the external id that it gives or part of the error.
type presetRow struct {
	name     string
	change   func(*forgery)
	id, want string
}

func (r presetRow) judge(id string, err error) error {
	switch {
	case r.want == "" && err != nil:
		return fmt.Errorf("refused: %w", err)
	case r.want != "" && (err == nil || !strings.Contains(err.Error(), r.want)):
		return fmt.Errorf("external id %q, error %v, want %q", id, err, r.want) //nolint:errorlint // nil, too
	case r.want == "" && id != r.id:
		return fmt.Errorf("external id %q, want %q", id, r.id)
	}
	return nil
}

// TestPresets: what a preset asks for must come back, in a login and in tokens that clients present.
func TestPresets(t *testing.T) {
	h := newHostile(t)
	h.info = map[string]any{"sub": "ana"} // who is asked for what the ID token lacks
	preset := func(p federation.Preset) func(*federation.Config) {
		return func(c *federation.Config) { c.Preset = p }
	}
	byID, byName := preset(federation.Preset{Organization: "org_Acme7"}), preset(federation.Preset{Organization: "Acme"})
	google := preset(federation.Preset{HostedDomain: "acme.example"})
	for _, table := range []struct {
		name   string
		config func(*federation.Config)
		rows   []presetRow // the first is the positive control
	}{
		{"auth0 organization by id", byID, []presetRow{
			{"the organization", claim("org_id", "org_Acme7"), "ana", ""},
			{"none", without("org_id"), "", `org_id "" is not "org_Acme7"`},
			{"another", claim("org_id", "org_Evil"), "", `org_id "org_Evil"`},
			{"in another case", claim("org_id", "org_acme7"), "", `org_id "org_acme7"`},
			{"its id as a name", claim("org_name", "org_Acme7"), "", `org_id ""`},
			{"a list with it", claim("org_id", []string{"org_Acme7"}), "", `org_id ""`},
		}},
		{"auth0 organization by name", byName, []presetRow{
			{"the organization", claim("org_name", "acme"), "ana", ""},
			{"none", without("org_name"), "", `org_name "" is not "acme"`},
			{"another", claim("org_name", "acme2"), "", `org_name "acme2"`},
			{"its name as an id", claim("org_id", "acme"), "", `org_name ""`},
		}},
		{"google hosted domain", google, []presetRow{
			{"the domain", claim("hd", "acme.example"), "ana", ""},
			{"a consumer, who has none", without("hd"), "", `hd "" is not "acme.example"`},
			{"another", claim("hd", "evil.example"), "", `hd "evil.example"`},
			{"a subdomain", claim("hd", "sub.acme.example"), "", `hd "sub.acme.example"`},
			{"true", claim("hd", true), "", `hd ""`},
			{"its address alone", both(without("hd"), claim("email", "eve@acme.example")), "", `hd ""`},
		}},
		{"entra tenants", h.several, []presetRow{
			{"the first", h.entra(home, home), home + "/0b1f-77", ""},
			{"the second", h.entra(branch, branch), branch + "/0b1f-77", ""},
			{"one outside the list", h.entra(stranger, stranger), "", stranger},
			{"one outside the list, by an issuer of it", h.entra(stranger, home), "", `tid "` + stranger},
			{"one of the list, by an issuer outside it", h.entra(home, stranger), "", "iss"},
			{"one of the list, by the issuer of the other", h.entra(home, branch), "", "iss"},
			{"the other way round", h.entra(branch, home), "", "iss"},
			{"no tid", both(h.entra(home, home), without("tid")), "", `tid ""`},
			{"the template as the issuer", h.entra(home, "{tenantid}"), "", "iss"},
			{"the address for organisations as the issuer", h.entra(home, "organizations"), "", "iss"},
			{"a tid with a slash", both(h.entra(home, home), claim("tid", home+"/x")), "", "tid"},
			{"no oid", both(h.entra(home, home), without("oid")), "", ""},
			{"an oid with a slash", both(h.entra(home, home), claim("oid", "a/b")), "", "told apart"},
			{"an oid with another tenant's person", both(h.entra(home, home), claim("oid", "x/"+branch+"/0b1f-77")), "", "told apart"},
		}},
	} {
		t.Run(table.name, func(t *testing.T) {
			o := h.open(func(c *federation.Config) {
				table.config(c)
				c.Access = federation.AccessTokens{Audiences: []string{crmAPI}}
			})
			for i, row := range table.rows {
				for way, subject := range h.ways(t, o, row.change) {
					if err := row.judge(subject()); err != nil && i == 0 {
						t.Fatalf("positive control: %s: %v", way, err)
					} else if err != nil {
						t.Errorf("%s: %s: %v", row.name, way, err)
					}
				}
			}
		})
	}
}

// ways are those in which a token can come here, each with what it makes of the token.
func (h *hostile) ways(t *testing.T, o *federation.OIDC, change func(*forgery)) map[string]func() (string, error) {
	return map[string]func() (string, error){
		"login": func() (string, error) {
			who, err := h.run(o, attempt{change: change})
			return who.ExternalID, err
		},
		"presented ID token": func() (string, error) {
			f := h.forge("n")
			change(f)
			who, err := o.VerifyToken(t.Context(), f.token(t))
			return who.ExternalID, err
		},
		"presented access token": func() (string, error) {
			f := h.access()
			change(f)
			who, _, err := o.VerifyAccess(t.Context(), f.token(t))
			return who.ExternalID, err
		},
	}
}

// TestPresetParameters: the request asks for what the answer is held to.
func TestPresetParameters(t *testing.T) {
	h := newHostile(t)
	for _, tc := range []struct {
		name   string
		preset federation.Preset
		want   map[string]string
	}{
		{"none", federation.Preset{}, map[string]string{"connection": "", "organization": "", "hd": ""}},
		{
			"auth0",
			federation.Preset{Connection: "acme-adfs", Organization: "Acme"},
			map[string]string{"connection": "acme-adfs", "organization": "Acme", "hd": ""},
		},
		{"google", federation.Preset{HostedDomain: "acme.example"}, map[string]string{"connection": "", "organization": "", "hd": "acme.example"}},
	} {
		o := h.open(func(c *federation.Config) { c.Preset = tc.preset })
		started, err := o.Start(t.Context(), federation.StartRequest{State: "s", RedirectURI: callback, MaxAge: -1})
		if err != nil {
			t.Fatal(err)
		}
		sent := query(t, started.URL)
		for name, want := range tc.want {
			if got := sent.Get(name); got != want || sent.Has(name) != (want != "") {
				t.Errorf("%s: %s is %q, want %q", tc.name, name, got, want)
			}
		}
	}
}

// TestTenantsGoWithTheIssuer: without a list anybody's tenant would do, and without a place in the issuer
// the list would mean nothing.
func TestTenantsGoWithTheIssuer(t *testing.T) {
	for _, tc := range []struct {
		name, issuer string
		tenants      []string
		want         string
	}{
		{"positive control", "https://login.example/{tenantid}/v2.0", []string{home}, ""},
		{"one tenant's issuer", "https://login.example/" + home + "/v2.0", nil, ""},
		{"no list", "https://login.example/{tenantid}/v2.0", nil, "tenants: "},
		{"no place", "https://login.example/" + home + "/v2.0", []string{home}, "tenants: "},
	} {
		_, err := federation.Open(federation.Config{
			Connection: "corp", ClientID: "patchbay", Issuer: tc.issuer, Preset: federation.Preset{Tenants: tc.tenants},
		})
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Fatalf("%s: %v, want %q", tc.name, err, tc.want)
		}
	}
}
